"""Functions, with their code and configuration (API: Lambda)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.error_masking import unquoted
from lambda_fast_deploy.adapters.aws.function_code import checked, unless_unreadable, whole
from lambda_fast_deploy.adapters.aws.function_reads import FunctionReads
from lambda_fast_deploy.adapters.aws.function_states import state_of
from lambda_fast_deploy.adapters.aws.versions import PROVISIONING
from lambda_fast_deploy.errors import (
    Conflict,
    DeployFailed,
    NotFound,
    Refused,
    Unavailable,
    Unreachable,
)
from lambda_fast_deploy.models import Function, FunctionState
from lambda_fast_deploy.models.function_settings import Call, FunctionSetting
from lambda_fast_deploy.state import marks

# AWS's words, as told in terraform's issue 24957
_WEIGHTED = "Alias with weights can not be used with Provisioned Concurrency"


class Functions(FunctionReads):
    """The functions of one region."""

    def create(self, name: str, run: str, sha256: str = "", **parameters: Any) -> FunctionState:
        """Create a function, once; it is not active yet.

        A tag names the run that creates it, to recognize it after a lost answer. Equal code would
        not show that: another run may deploy the same.

        Args:
            name: the function's name.
            run: the run that creates it.
            sha256: its zip's, as Lambda's ``CodeSha256``, if it has one.
            parameters: the rest of the call.

        Raises:
            Conflict: another deployment created it first.
            ContentMismatch: Lambda has another zip.
        """
        tags = {**parameters.pop("Tags", {}), marks.CREATED_BY: run}

        def create() -> FunctionState:
            try:
                return state_of(self._create(name, {**parameters, "Tags": tags}))
            except (Conflict, Unreachable, Unavailable):
                created = self.read(name, tags=True)
                if created and created.tags.get(marks.CREATED_BY) == run:
                    return created  # only the answer was lost
                raise

        def patient() -> FunctionState:
            return retry.patiently(create, lambda: self._aws.patience)

        state = self._api.once_known(patient)
        checked(name, sha256, {"CodeSha256": state.code_sha256})
        return state

    def _create(self, name: str, parameters: Mapping[str, Any]) -> Any:
        with unquoted(parameters):
            return unless_unreadable(
                lambda: self._api.call(
                    "create_function", once=True, FunctionName=name, **parameters
                )
            )

    def delete(self, name: str) -> None:
        """Delete a function with all its versions."""
        self._api.change("delete_function", FunctionName=name)

    def configure(
        self, name: str, parameters: Mapping[str, Any], revision: str = ""
    ) -> FunctionState:
        """Update the configuration and wait until it is in effect; returns the state after it.

        Raises:
            Conflict: ``revision`` is set, and the function was changed outside this run since.
        """
        guard = {"RevisionId": revision} if revision else {}
        with unquoted(parameters):
            self._api.once_known(
                lambda: self._api.change(
                    "update_function_configuration", FunctionName=name, **parameters, **guard
                )
            )
        return self.settled(name)

    def update_code(
        self,
        name: str,
        code: Mapping[str, Any],
        architecture: str,
        key: str,
        revision: str = "",
        sha256: str = "",
    ) -> FunctionState:
        """Update the code and wait until it is in effect; returns the state after it.

        Args:
            name: the function's name.
            code: the zip, or the location of the zip or image.
            architecture: the instruction set of the code.
            key: the KMS key of the zip, or ``""`` for Lambda's own; the previous key is not kept.
            revision: the revision that the function must have, if any.
            sha256: the zip's, as Lambda's ``CodeSha256``, if known.

        Raises:
            Conflict: the function was changed outside this run since ``revision``.
            ContentMismatch: Lambda has another zip.
        """
        guard = {"RevisionId": revision} if revision else {}
        answer = unless_unreadable(
            lambda: self._api.change(
                "update_function_code",
                FunctionName=name,
                **whole(code, architecture, key),
                **guard,
            )
        )
        checked(name, sha256, answer)
        return self.settled(name)

    def rehearse(self, name: str, code: Mapping[str, Any], architecture: str, key: str) -> None:
        """Have Lambda check an update of the code, permissions included, without making it.

        Raises:
            NotPermitted, Refused: the errors of the update itself.
        """
        self._api.change(
            "update_function_code",
            FunctionName=name,
            DryRun=True,
            **whole(code, architecture, key),
        )

    def apply(self, calls: Iterable[Call]) -> None:
        """Make the calls that set an attribute outside of versions."""
        for call in calls:
            self._unweighted(call)

    def _unweighted(self, call: Call) -> None:
        """Make a call when the alias has no weights any more, if Lambda refuses it for these."""

        def attempt() -> tuple[Refused | None, str]:
            try:
                self._change(call)
            except Refused as refusal:
                if _WEIGHTED not in refusal.message or self._is_cancelled():
                    raise
                return refusal, refusal.message
            return None, ""

        refusal, _ = self._api.wait(
            attempt, deadline=PROVISIONING, first=1.0, longest=5.0, wake=self._is_cancelled
        )
        if refusal:
            raise refusal

    def _change(self, call: Call) -> None:
        try:
            if call.service == "lambda":
                self._api.change(call.operation, **call.parameters)
            else:
                self._ask(call)
        except Refused as refusal:
            if not (call.may_exist and refusal.code == "ResourceAlreadyExistsException"):
                raise

    def in_effect(self, setting: FunctionSetting, function: Function) -> None:
        """Wait until an attribute outside of versions is in effect; a cancelled run does not wait.

        Raises:
            DeployFailed: AWS reports a failure, or it is not in effect before the deadline.
        """

        def ask() -> tuple[None, str]:
            try:
                answer = self._ask(setting.look(function))
            except NotFound:  # it was removed
                return None, ""
            awaited = setting.awaited(answer, function)
            return None, "" if self._is_cancelled() else awaited

        _, awaited = self._api.wait(
            ask, deadline=PROVISIONING, longest=5.0, wake=self._is_cancelled
        )
        if awaited:
            raise DeployFailed(f"after {units.seconds(PROVISIONING)}, {awaited}")

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a function, or change their values."""
        self._api.change("tag_resource", Resource=arn, Tags=dict(tags))

    def untag(self, arn: str, names: Iterable[str]) -> None:
        """Remove tags from a function."""
        self._api.change("untag_resource", Resource=arn, TagKeys=list(names))
