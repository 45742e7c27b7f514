"""The code of a stack's functions changed past the stack, each change with its undo."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lambda_fast_deploy.adapters.aws.function_states import under_way
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import Conflict, ContentMismatch, DeployFailed
from lambda_fast_deploy.models import LATEST, FunctionState, Step
from lambda_fast_deploy.packaging.upload import Uploads
from lambda_fast_deploy.release.restore import write_code
from lambda_fast_deploy.release.undo import Undo, UndoResult
from lambda_fast_deploy.stacks.stack_context import StackContext
from lambda_fast_deploy.stacks.stack_tests import alias_of
from lambda_fast_deploy.state import descriptions


class StackCodeUpdate:
    """Updates functions of one stack in one region.

    ``sha256s`` are those of zips, as Lambda's ``CodeSha256``, by logical id.
    """

    def __init__(self, context: StackContext, undo: Undo, sha256s: Mapping[str, str]) -> None:
        self._context = context
        self._undo = undo
        self._sha256s = sha256s
        self._functions = context.clients.functions(context.region)
        self._versions = context.clients.versions(context.region)

    def update(self, step: Step, before: FunctionState, code: Mapping[str, str]) -> None:
        """Give a function its code, and publish a version if users call an alias.

        Raises:
            Conflict: somebody else has changed the function.
            DeployFailed: Lambda does not take the code.
        """
        name = Arn.parse(before.arn).name
        with self._context.run_log.step(step) as detail:
            before = self._settled(name, before)
            sha256 = self._sha256s.get(step.subject, "")
            ours = {sha256}
            self._undo.record(f"code of {step.subject}", lambda: self._restore(name, before, ours))
            try:
                self._functions.update_code(
                    name, code, before.architecture, before.code_key, before.revision, sha256
                )
            except ContentMismatch as error:
                ours.add(error.sha256)
                raise
            # A run that is cancelled has not waited for Lambda.
            self._context.run_log.cancellation.check()
            alias = alias_of(self._context, step.subject)
            if alias == LATEST:
                detail("it has the new code")
                return
            detail(f"{alias} leads to version {self._publish(step.subject, name, alias)}")

    def _settled(self, name: str, before: FunctionState) -> FunctionState:
        """The function after a change that was under way when this run looked at it."""
        if not under_way(before):
            return before
        current = self._functions.at_rest(name)
        if current.code_sha256 != before.code_sha256:
            raise Conflict(
                f"{name} was being updated when this run began, and has other code now",
                remedy="Run again to deploy on top of it.",
            )
        return current

    def _restore(
        self, name: str, before: FunctionState, ours: Collection[str]
    ) -> UndoResult | None:
        """Put the code back if its CodeSha256 still is one of ``ours``; an image's is not known."""
        current = self._functions.read(name)
        is_back = current and current.code_sha256 == before.code_sha256
        if current is None or (is_back and current.update_status != "InProgress"):
            return UndoResult.NEEDLESS
        if "" not in ours and current.code_sha256 not in (*ours, before.code_sha256):
            return UndoResult.THEIRS
        uploads = Uploads(self._context, self._context.bucket)
        write_code(self._functions, uploads, name, before, current.revision)
        return None

    def _publish(self, logical: str, name: str, alias: str) -> str:
        """Let users who call an alias have the code; the version's number."""
        state, live = self._functions.read(name), self._versions.alias(name, alias)
        if state is None or live is None:
            raise DeployFailed(f"{name} or its alias {alias} is gone, which is {logical}")

        def back() -> UndoResult | None:
            current = self._versions.alias(name, alias)
            if current is None or current.version == live.version:
                return UndoResult.NEEDLESS
            if current.version != version:
                return UndoResult.THEIRS
            self._versions.move_alias(name, alias, live.version, live.description, current.revision)
            return None

        version = self._versions.publish(name, state.code_sha256, descriptions.CODE_ONLY).version
        self._functions.settled(name, version, is_new=True)
        self._context.run_log.cancellation.check()
        self._undo.record(f"alias {alias} of {logical}", back, first=True)
        moved = self._versions.move_alias(name, alias, version, live.description, live.revision)
        self._versions.arrived(name, moved)
        self._context.run_log.cancellation.check()
        return version
