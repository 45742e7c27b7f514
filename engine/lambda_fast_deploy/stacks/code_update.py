"""Updates the code of a stack's functions directly, each change with its undo."""

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

    ``sha256s`` are the hashes of zips, as Lambda's ``CodeSha256``, by logical id.
    """

    def __init__(self, context: StackContext, undo: Undo, sha256s: Mapping[str, str]) -> None:
        self._context = context
        self._undo = undo
        self._sha256s = sha256s
        self._functions = context.clients.functions(context.region)
        self._versions = context.clients.versions(context.region)

    def update(self, step: Step, before: FunctionState, code: Mapping[str, str]) -> None:
        """Update the code of a function, and publish a version if it has an alias.

        Raises:
            Conflict: the function was changed outside this run.
            DeployFailed: Lambda does not accept the code.
        """
        name = Arn.parse(before.arn).name
        with self._context.run_log.step(step) as detail:
            before = self._settled(name, before)
            sha256 = self._sha256s.get(step.subject, "")
            own = {sha256}
            self._undo.record(f"code of {step.subject}", lambda: self._restore(name, before, own))
            try:
                self._functions.update_code(
                    name, code, before.architecture, before.code_key, before.revision, sha256
                )
            except ContentMismatch as error:
                own.add(error.sha256)
                raise
            # A cancelled run has not waited for Lambda.
            self._context.run_log.cancellation.check()
            alias = alias_of(self._context, step.subject)
            if alias == LATEST:
                detail("updated")
                return
            detail(f"{alias} -> version {self._publish(step.subject, name, alias)}")

    def _settled(self, name: str, before: FunctionState) -> FunctionState:
        """The function after an update that was in progress when this run read it."""
        if not under_way(before):
            return before
        current = self._functions.at_rest(name)
        if current.code_sha256 != before.code_sha256:
            raise Conflict(
                f"{name} was being updated when this run began, and now has other code",
                remedy="Run again to deploy on top of that update.",
            )
        return current

    def _restore(self, name: str, before: FunctionState, own: Collection[str]) -> UndoResult | None:
        """Restore the code if its CodeSha256 is still one of ``own``; an image's is unknown."""
        current = self._functions.read(name)
        is_restored = current and current.code_sha256 == before.code_sha256
        if current is None or (is_restored and current.update_status != "InProgress"):
            return UndoResult.NEEDLESS
        if "" not in own and current.code_sha256 not in (*own, before.code_sha256):
            return UndoResult.THEIRS
        uploads = Uploads(self._context, self._context.bucket)
        write_code(self._functions, uploads, name, before, current.revision)
        return None

    def _publish(self, logical: str, name: str, alias: str) -> str:
        """Publish the code and point the alias at the version; returns its number."""
        state, live = self._functions.read(name), self._versions.alias(name, alias)
        if state is None or live is None:
            raise DeployFailed(f"{name} ({logical}) or its alias {alias} was deleted")

        def restore() -> UndoResult | None:
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
        self._undo.record(f"alias {alias} of {logical}", restore, first=True)
        pointed = self._versions.move_alias(name, alias, version, live.description, live.revision)
        self._versions.arrived(name, pointed)
        self._context.run_log.cancellation.check()
        return version
