"""What Lambda tells of functions, at once or when it is done with them."""

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
from lambda_fast_deploy.models import FunctionState
from lambda_fast_deploy.models.function_settings import FunctionSetting

UNSEEN = 30.0  # seconds after which Lambda knows everywhere what was made


class FunctionReads:
    """The functions of one region, as far as they are only read or waited for."""

    def __init__(
        self,
        aws: Aws,
        region: str,
        heed: Callable[[FunctionState], None] = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        waits: Waits = lambda _: None,
    ) -> None:
        """``heed`` is told of each function that is read, before anybody else is.

        Once the run ``is_cancelled``, changes are not waited for.
        """
        self._aws = aws
        self._api = LambdaApi(aws, region, waits)
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
        version: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
        try:
            answer = self._api.call("get_function", FunctionName=name, **version)
        except NotFound:
            return None
        if tags and "TagsError" in answer:
            action = "lambda:ListTags"
            says = f"no permission for {action} on {name}, whose tags are to be set"
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

    def setting(self, name: str, setting: FunctionSetting) -> Any:
        """The value of an attribute that no version has; ``None`` if the function is absent."""
        try:
            return setting.observe(self._api.call(setting.get, FunctionName=name))
        except NotFound:
            return None

    def everything(self) -> list[FunctionState]:
        """Every version of every function in the account (API: ``ListFunctions``)."""
        listed = self._api.pages("list_functions", "Functions", FunctionVersion="ALL")
        return [state_of(answer) for answer in listed]

    def account(self) -> Account:
        """How much of Lambda's quotas is used."""
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
        """Wait until Lambda is doing nothing with a function or version; what it is then.

        A run that is cancelled does not wait: Lambda goes on with what it was told.

        GetFunction is what is asked: 100 calls a second are allowed of it, and 15 of all others
        together (Lambda quotas, "Lambda API requests").

        Args:
            name: the function's.
            version: the version's number; ``$LATEST`` without one.
            deadline: seconds that this may take.
            is_new: it was made just now, so that Lambda may not know it everywhere yet.

        Raises:
            NotFound: it is not there.
            DeployFailed: the time is over.
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
                remedy="Run again; what is already there will be reused.",
            )
        return state

    def settled(
        self,
        name: str,
        version: str = "",
        deadline: float = UPDATE_DEADLINE,
        *,
        is_new: bool = False,
    ) -> str:
        """Wait as ``at_rest`` does, for what has become of a change of this run's own.

        Returns:
            The revision that it has then.

        Raises:
            DeployFailed: at once when Lambda says Failed, with its reason; or after the deadline.
        """
        state = self.at_rest(name, version, deadline, is_new=is_new)
        if "Failed" in (state.state, state.update_status):
            says = f"Lambda could not activate {name}: {state.why}"
            remedy = remedy_of(state.reason_code)
            if "UnsupportedImageLayer" in state.reason:
                raise ImageRefused(says, code=state.reason_code, remedy=remedy)
            raise DeployFailed(says, remedy=remedy)
        return state.revision

    def gone(self, name: str) -> None:
        """Wait until a function that was deleted is seen no more.

        Raises:
            DeployFailed: it still is after so long.
        """
        _, awaited = self._api.wait(
            lambda: (None, f"{name} was deleted, and is still visible" if self.read(name) else ""),
            deadline=UNSEEN,
        )
        if awaited:
            raise DeployFailed(f"after {units.seconds(UNSEEN)} {awaited}", remedy="Run again.")
