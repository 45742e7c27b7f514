"""Reads functions from Lambda, immediately or when an operation on them has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters.aws.access_denied import allow
from lambda_fast_deploy.adapters.aws.account_limits import Account
from lambda_fast_deploy.adapters.aws.function_states import remedy_of, state_of, under_way
from lambda_fast_deploy.adapters.aws.lambda_api import UPDATE_DEADLINE, LambdaApi, Waits
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.errors import DeployFailed, ImageRefused, NotFound, NotPermitted
from lambda_fast_deploy.models import Function, FunctionState
from lambda_fast_deploy.models.function_settings import Call, FunctionSetting

UNSEEN = 30.0  # seconds until a new or deleted function is visible everywhere


class FunctionReads:
    """Reads the functions of one region, and waits for them."""

    def __init__(
        self,
        aws: Aws,
        region: str,
        heed: Callable[[FunctionState], None] = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        waits: Waits = lambda _: None,
    ) -> None:
        """``heed`` gets each function that is read, before any caller does.

        Once the run ``is_cancelled``, there are no waits for changes.
        """
        self._aws = aws
        self._region = region
        self._api = LambdaApi(aws, region, waits)
        self._heed = heed
        self._is_cancelled = is_cancelled

    # ------------------------------------------------------------ reading

    def read(
        self, name: str, qualifier: str = "", *, tags: bool = False, environment: bool = False
    ) -> FunctionState | None:
        """A function's ``$LATEST``, or a version by its qualifier; ``None`` if absent.

        Args:
            name: the function's name.
            qualifier: a version or an alias.
            tags: whether tags are needed; AWS omits them without the permission to list them (API:
                ``GetFunction``, ``TagsError``).
            environment: whether the environment is needed; AWS omits it without the permission to
                use its key (API: ``EnvironmentResponse``, ``Error``).

        Raises:
            NotPermitted: AWS omitted something that is needed.
        """
        version: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
        try:
            answer = self._api.call("get_function", FunctionName=name, **version)
        except NotFound:
            return None
        if tags and "TagsError" in answer:
            action = "lambda:ListTags"
            says = f"no permission for {action} on {name}, which setting its tags needs"
            raise NotPermitted(says, remedy=allow(action))
        state = state_of(answer["Configuration"], answer.get("Code", {}), answer.get("Tags", {}))
        if environment and state.environment_error:
            key = f" on {state.environment_key}" if state.environment_key else ""
            raise NotPermitted(
                f"the environment of {name} cannot be read: {state.environment_error}",
                remedy=allow(f"kms:Decrypt{key}"),
            )
        self._heed(state)
        return state

    def setting(self, setting: FunctionSetting, function: Function) -> Any:
        """The value of an attribute outside of versions; its default if there is none."""
        try:
            return setting.observe(self._ask(setting.look(function)), function)
        except NotFound:
            return setting.default

    def _ask(self, call: Call) -> Any:
        return self._aws.call(self._region, call.service, call.operation, **call.parameters)

    def everything(self) -> list[FunctionState]:
        """Every version of every function in the account (API: ``ListFunctions``)."""
        listed = self._api.pages("list_functions", "Functions", FunctionVersion="ALL")
        return [state_of(answer) for answer in listed]

    def account(self) -> Account:
        """The usage and limits of Lambda in the account."""
        answer = self._api.call("get_account_settings")
        limit = answer["AccountLimit"]
        return Account(
            code=int(answer["AccountUsage"]["TotalCodeSize"]),
            code_limit=int(limit["TotalCodeSize"]),
            concurrency=int(limit["ConcurrentExecutions"]),
            unreserved=int(limit["UnreservedConcurrentExecutions"]),
        )

    def at_rest(
        self,
        name: str,
        version: str = "",
        deadline: float = UPDATE_DEADLINE,
        *,
        is_new: bool = False,
    ) -> FunctionState:
        """Wait until no operation on a function or version is in progress; returns its state.

        A cancelled run does not wait: Lambda continues without it.

        GetFunction is used: its limit is 100 calls a second, and that of all others together 15
        (Lambda quotas, "Lambda API requests").

        Args:
            name: the function's name.
            version: the version's number; ``$LATEST`` without one.
            deadline: limit in seconds.
            is_new: whether it was just created, so that Lambda may not show it everywhere yet.

        Raises:
            NotFound: it does not exist.
            DeployFailed: the deadline has passed.
        """
        what = f"version {version} of {name}" if version else name
        begun = time.monotonic()

        def ask() -> tuple[FunctionState | None, str]:
            state = self.read(name, version)
            if state is None and not (is_new and time.monotonic() - begun < UNSEEN):
                raise NotFound(f"{what} does not exist")
            doing = under_way(state) if state else "not visible yet"
            is_over = not doing or (state is not None and self._is_cancelled())
            return state, "" if is_over else f"{what} is {doing}"

        state, awaited = self._api.wait(ask, deadline=deadline, wake=self._is_cancelled)
        if state is None or awaited:
            why = f": {state.reason}" if state and state.reason else ""
            doing = under_way(state) if state else "not visible"
            raise DeployFailed(
                f"{what} was still {doing} after {units.seconds(deadline)}{why}",
                remedy="Run again; existing artifacts are reused.",
            )
        return state

    def settled(
        self,
        name: str,
        version: str = "",
        deadline: float = UPDATE_DEADLINE,
        *,
        is_new: bool = False,
    ) -> FunctionState:
        """Wait as in ``at_rest``, for the result of this run's own change.

        Raises:
            DeployFailed: Lambda reports Failed, with its reason; or the deadline has passed.
        """
        state = self.at_rest(name, version, deadline, is_new=is_new)
        if "Failed" in (state.state, state.update_status):
            says = f"Lambda could not activate {name}: {state.why}"
            remedy = remedy_of(state.reason_code)
            if "UnsupportedImageLayer" in state.reason:
                raise ImageRefused(says, code=state.reason_code, remedy=remedy)
            raise DeployFailed(says, remedy=remedy)
        return state

    def gone(self, name: str) -> None:
        """Wait until a deleted function is not visible any more.

        Raises:
            DeployFailed: it is still visible after the deadline.
        """
        _, awaited = self._api.wait(
            lambda: (None, f"{name} was deleted, and is still visible" if self.read(name) else ""),
            deadline=UNSEEN,
        )
        if awaited:
            raise DeployFailed(f"after {units.seconds(UNSEEN)} {awaited}", remedy="Run again.")
