"""Functions, and what they are made of (API: Lambda)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.error_masking import unquoted
from lambda_fast_deploy.adapters.aws.function_code import checked, unless_unreadable, whole
from lambda_fast_deploy.adapters.aws.function_reads import FunctionReads
from lambda_fast_deploy.adapters.aws.function_states import state_of
from lambda_fast_deploy.errors import Conflict, Unavailable, Unreachable
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.models.function_settings import Call
from lambda_fast_deploy.state import marks


class Functions(FunctionReads):
    """The functions of one region."""

    def create(self, name: str, run: str, sha256: str = "", **parameters: Any) -> FunctionState:
        """Create a function, once; it is not active yet.

        A tag names the run that makes it, so that it knows its own when an answer is lost. Equal
        code would say nothing: others may deploy the same.

        Args:
            name: the function's.
            run: the run that makes it.
            sha256: its zip's, as Lambda's ``CodeSha256``, if it has one.
            parameters: the rest of the call.

        Raises:
            Conflict: somebody else created it first.
            Exchanged: Lambda has taken another zip.
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

    def configure(self, name: str, parameters: Mapping[str, Any], revision: str = "") -> str:
        """Update the configuration and wait until it is in effect; the revision then.

        Raises:
            Conflict: ``revision`` was given, and somebody else has changed the function since.
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
    ) -> str:
        """Update the code and wait until it is in effect; the revision then.

        Args:
            name: the function's.
            code: the zip, or where it or the image is.
            architecture: the instruction set that it is for.
            key: the KMS key of the zip, or nothing for Lambda's own; what it was is not kept.
            revision: the one that the function must have, if any.
            sha256: the zip's, as Lambda's ``CodeSha256``, if that is known.

        Raises:
            Conflict: somebody else has changed the function since ``revision``.
            Exchanged: Lambda has taken another zip.
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
        """Let Lambda check an update of the code, permissions included, without making it.

        Raises:
            NotPermitted, Refused: what the update itself would meet.
        """
        self._api.change(
            "update_function_code",
            FunctionName=name,
            DryRun=True,
            **whole(code, architecture, key),
        )

    def apply(self, calls: Iterable[Call]) -> None:
        """Make the calls that set an attribute which no version has."""
        for operation, parameters in calls:
            self._api.change(operation, **parameters)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a function, or change their values."""
        self._api.change("tag_resource", Resource=arn, Tags=dict(tags))

    def untag(self, arn: str, names: Iterable[str]) -> None:
        """Take tags off a function."""
        self._api.change("untag_resource", Resource=arn, TagKeys=list(names))
