"""Functions, and what they are made of (API: Lambda)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.adapters import retry
from engine.adapters.aws.denials import allow
from engine.adapters.aws.lambda_api import LambdaApi
from engine.adapters.aws.session import Aws
from engine.adapters.aws.states import remedy_of, state_of
from engine.adapters.aws.variables import unquoted
from engine.errors import (
    Conflict,
    DeployFailed,
    Exchanged,
    ImageRefused,
    NotFound,
    NotPermitted,
    Refused,
    Unavailable,
    Unreachable,
)
from engine.model import FunctionState, marks

UPDATE_DEADLINE = 600.0  # seconds; an image update of 10 GB takes minutes


@dataclass(frozen=True, slots=True)
class Account:
    """What Lambda has of an account in a region, and may have (API: ``GetAccountSettings``).

    ``code`` is in bytes, of all versions and layers; ``concurrency`` is in calls at a time, of
    which ``unreserved`` are for functions that have none of their own.
    """

    code: int
    code_limit: int
    concurrency: int
    unreserved: int


class Functions:
    """The functions of one region."""

    def __init__(
        self,
        aws: Aws,
        region: str,
        heed: Callable[[FunctionState], None] = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """``heed`` is told of each function that is read, before anybody else is.

        Once the run ``is_cancelled``, changes are not waited for.
        """
        self._aws = aws
        self._api = LambdaApi(aws, region)
        self._heed = heed
        self._is_cancelled = is_cancelled

    # ------------------------------------------------------------ reading

    def read(
        self, name: str, qualifier: str = "", *, tags: bool = False, environment: bool = False
    ) -> FunctionState | None:
        """A function's ``$LATEST``, or the version a qualifier names; ``None`` if absent.

        Args:
            name: the function's.
            qualifier: a version or an alias.
            tags: whether its tags matter; AWS leaves them out for who may not list them (API:
                ``GetFunction``, ``TagsError``).
            environment: whether its environment matters; AWS leaves it out for who may not use the
                key that it is encrypted with (API: ``EnvironmentResponse``, ``Error``).

        Raises:
            NotPermitted: what matters is left out.
        """
        wanted: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
        try:
            found = self._api.call("get_function", FunctionName=name, **wanted)
        except NotFound:
            return None
        if tags and "TagsError" in found:
            action = "lambda:ListTags"
            says = f"no permission for {action} on {name}, whose tags are to be set"
            raise NotPermitted(says, remedy=allow(action))
        state = state_of(found["Configuration"], found.get("Code", {}), found.get("Tags", {}))
        if environment and state.environment_error:
            key = f" on {state.environment_key}" if state.environment_key else ""
            raise NotPermitted(
                f"the environment of {name} cannot be read: {state.environment_error}",
                remedy=allow(f"kms:Decrypt{key}"),
            )
        self._heed(state)
        return state

    def everything(self) -> list[FunctionState]:
        """Every version of every function in the account (API: ``ListFunctions``)."""
        listed = self._api.pages("list_functions", "Functions", FunctionVersion="ALL")
        return [state_of(found) for found in listed]

    def account(self) -> Account:
        """How much of Lambda's quotas is used."""
        found = self._api.call("get_account_settings")
        limit = found["AccountLimit"]
        return Account(
            code=int(found["AccountUsage"]["TotalCodeSize"]),
            code_limit=int(limit["TotalCodeSize"]),
            concurrency=int(limit["ConcurrentExecutions"]),
            unreserved=int(limit["UnreservedConcurrentExecutions"]),
        )

    def settled(self, name: str, version: str = "", deadline: float = UPDATE_DEADLINE) -> str:
        """Wait until a function or version is active and its update successful.

        A run that is cancelled does not wait: Lambda goes on with what it was told.

        GetFunction is what is asked: 100 calls a second are allowed of it, and 15 of all others
        together (Lambda quotas, "Lambda API requests").

        Returns:
            The revision that it has then.

        Raises:
            DeployFailed: at once when Lambda says Failed, with its reason; or after the deadline.
        """
        wanted: dict[str, Any] = {"Qualifier": version} if version else {}

        def ask() -> Mapping[str, Any]:
            found = self._api.call("get_function", FunctionName=name, **wanted)
            configuration: Mapping[str, Any] = found["Configuration"]
            return configuration

        def done(found: Mapping[str, Any]) -> bool:
            busy = {found.get("State"), found.get("LastUpdateStatus")}
            return "Failed" in busy or not busy & {"Pending", "InProgress"}

        found = retry.until(
            ask,
            lambda found: done(found) or self._is_cancelled(),
            deadline=deadline,
            wake=self._is_cancelled,
        )
        for status in ("State", "LastUpdateStatus"):
            if found.get(status) == "Failed":
                code = str(found.get(f"{status}ReasonCode", "no reason code"))
                reason = str(found.get(f"{status}Reason"))
                says = f"Lambda could not activate {name}: {reason} ({code})"
                if "UnsupportedImageLayer" in reason:
                    raise ImageRefused(says, code=code, remedy=remedy_of(code))
                raise DeployFailed(says, remedy=remedy_of(code))
        if not done(found) and not self._is_cancelled():
            raise DeployFailed(
                f"{name} was still being updated after {deadline:.0f} s",
                remedy="Run again; what is already there will be reused.",
            )
        return str(found.get("RevisionId", ""))

    # ------------------------------------------------------------ changing

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
                there = self.read(name, tags=True)
                if there and there.tags.get(marks.CREATED_BY) == run:
                    return there  # only the answer was lost
                raise

        def patient() -> FunctionState:
            return retry.patiently(create, lambda: self._aws.patience)

        made = retry.again(patient, _RoleNotReady, attempts=8, first=1.0)
        _check(name, sha256, {"CodeSha256": made.code_sha256})
        return made

    def _create(self, name: str, parameters: Mapping[str, Any]) -> Any:
        try:
            with unquoted(parameters):
                return _unless_unreadable(
                    lambda: self._api.call(
                        "create_function", once=True, FunctionName=name, **parameters
                    )
                )
        except Refused as refusal:
            # IAM is eventually consistent: a role made just now may not be assumable yet.
            if "cannot be assumed" in refusal.message:
                raise _RoleNotReady(
                    refusal.message,
                    code=refusal.code,
                    remedy="Make sure that the role exists, and let it trust lambda.amazonaws.com.",
                ) from None
            raise

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
            self._api.change(
                "update_function_configuration", FunctionName=name, **parameters, **guard
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
        answer = _unless_unreadable(
            lambda: self._api.change(
                "update_function_code",
                FunctionName=name,
                **_whole(code, architecture, key),
                **guard,
            )
        )
        _check(name, sha256, answer)
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
            **_whole(code, architecture, key),
        )

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags to a function, or change their values."""
        self._api.call("tag_resource", Resource=arn, Tags=dict(tags))

    def untag(self, arn: str, names: Iterable[str]) -> None:
        """Take tags off a function."""
        self._api.call("untag_resource", Resource=arn, TagKeys=list(names))


def _check(name: str, wanted: str, answer: Mapping[str, Any]) -> None:
    if wanted and answer["CodeSha256"] != wanted:
        raise Exchanged(name, wanted, str(answer["CodeSha256"]))


def _whole(code: Mapping[str, Any], architecture: str, key: str) -> dict[str, Any]:
    """Code with everything that Lambda resets unless it comes along (``UpdateFunctionCode``)."""
    encryption = {"SourceKMSKeyArn": key} if key else {}
    return {**code, "Architectures": [architecture], **encryption}


def _unless_unreadable(work: Callable[[], Any]) -> Any:
    """An API call that names an image; Lambda may refuse its media types at once."""
    try:
        return work()
    except Refused as refusal:
        if re.search(r"media type .* not supported", refusal.message):
            raise ImageRefused(refusal.message, code=refusal.code) from None
        raise


class _RoleNotReady(Refused):
    """The execution role cannot be assumed, perhaps only not yet."""
