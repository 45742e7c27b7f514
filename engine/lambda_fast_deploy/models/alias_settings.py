"""Attributes of an alias: its provisioned concurrency, and how it is invoked asynchronously."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.errors import DeployFailed
from lambda_fast_deploy.models.attribute_change import AttributeChange
from lambda_fast_deploy.models.function_settings import FunctionSetting

if TYPE_CHECKING:
    from lambda_fast_deploy.models.desired import Function


class ProvisionedSetting(FunctionSetting):
    """The provisioned concurrency of an alias, which AWS takes minutes to provide."""

    __slots__ = ()

    def observe(self, answer: Mapping[str, Any], _function: Function) -> Any:
        return answer.get(f"Requested{self.member}", self.default)

    @property
    def is_awaited(self) -> bool:
        return True

    def awaited(self, answer: Mapping[str, Any], function: Function) -> str:
        status = answer.get("Status")
        if status == "FAILED":
            reason = answer.get("StatusReason", "AWS gives no reason")
            raise DeployFailed(
                f"the provisioned concurrency could not be provided: {reason}",
                remedy="Lower concurrency: provisioned, or request a higher quota of concurrent "
                "executions.",
            )
        if status != "IN_PROGRESS":
            return ""
        ready = answer.get(f"Allocated{self.member}", 0)
        return (
            f"alias {function.alias} of {function.name} has {ready} of "
            f"{self.observe(answer, function)} provisioned executions"
        )


class AsyncSetting(FunctionSetting):
    """Retries, age and destinations of asynchronous invocations, by the words of their keys.

    Defaults: Lambda API reference, ``PutFunctionEventInvokeConfig``, which resets what it is not
    sent. Members that are not configured stay.
    """

    __slots__ = ()

    _DEFAULTS: Mapping[str, Any] = {
        "retries": 2,
        "max-age": 21600,
        "on-success": "",
        "on-failure": "",
    }
    _DESTINATIONS: Mapping[str, str] = {"on-success": "OnSuccess", "on-failure": "OnFailure"}

    def read(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            key: "" if each == "none" else int(each) if key == "max-age" else each
            for key, each in value.items()
        }

    def observe(self, answer: Mapping[str, Any], _function: Function) -> Any:
        destinations = answer.get("DestinationConfig") or {}
        values = {
            "retries": answer.get("MaximumRetryAttempts"),
            "max-age": answer.get("MaximumEventAgeInSeconds"),
            **{
                key: (destinations.get(member) or {}).get("Destination")
                for key, member in self._DESTINATIONS.items()
            },
        }
        return {
            key: self._DEFAULTS[key] if value is None else value for key, value in values.items()
        }

    def difference(self, desired: Mapping[str, Any], observed: Any) -> Any:
        before = observed or self._DEFAULTS
        after = {**before, **desired}
        return None if after == before else after

    def change(self, observed: Any, sent: Any) -> AttributeChange:
        before = observed or self._DEFAULTS
        keys = [key for key in sent if sent[key] != before[key]]
        one, other = (
            ", ".join(f"{key} {_with_unit(key, values[key])}" for key in keys)
            for values in (before, sent)
        )
        return AttributeChange(self.key, one, other)

    def send(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "MaximumRetryAttempts": value["retries"],
            "MaximumEventAgeInSeconds": value["max-age"],
            "DestinationConfig": {
                member: {"Destination": value[key]} if value[key] else {}
                for key, member in self._DESTINATIONS.items()
            },
        }


def _with_unit(key: str, value: Any) -> str:
    return f"{value} s" if key == "max-age" else str(value) or "none"
