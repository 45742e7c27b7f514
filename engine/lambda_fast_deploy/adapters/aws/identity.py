"""Who deploys, and what IAM lets them do (API: STS and IAM)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import NotPermitted

_LAMBDA = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose the credentials are (API: ``GetCallerIdentity``)."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition of AWS: aws, aws-cn, aws-us-gov, …"""
        return Arn.parse(self.arn).partition

    @property
    def is_root(self) -> bool:
        """Whether it is the account itself, which no policy of IAM's restricts."""
        return self.arn.endswith(":root")

    @property
    def role(self) -> str:
        """The name of the role that was assumed, or nothing."""
        identity = Arn.parse(self.arn)
        return identity.name if identity.resource.startswith("assumed-role/") else ""


class Identity:
    """STS and IAM, reached through one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def caller(self) -> Caller:
        """Whose the credentials are; every valid one may ask that.

        Raises:
            NotReady: there are none, or AWS refuses them.
        """
        found = self._aws.call(self._region, "sts", "get_caller_identity")
        return Caller(str(found["Account"]), str(found["Arn"]))

    def _role(self, name: str) -> Any:
        return self._aws.call(self._region, "iam", "get_role", RoleName=name)["Role"]

    def lets_lambda_in(self, role: str) -> bool:
        """Whether Lambda may assume a role, by its ARN.

        Raises:
            NotFound: there is no such role.
            NotPermitted: the caller may not look.
        """
        trust = self._role(role.rpartition("/")[2])["AssumeRolePolicyDocument"]
        statements = _listed(trust.get("Statement"))
        return any(
            statement.get("Effect") == "Allow"
            and {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action")))
            and _LAMBDA in _services(statement.get("Principal"))
            for statement in statements
        )

    def denied(self, caller: Caller, actions: Iterable[str], resource: str) -> list[str]:
        """The actions on a resource that IAM's policies do not allow the caller.

        Identity policies, boundaries and those of the organization count, policies of resources do
        not (API: ``SimulatePrincipalPolicy``). What depends on facts that only the call itself
        brings is not told.

        Raises:
            NotPermitted, NotFound: the caller may not ask, or is nobody that can be asked about.
        """
        found = self._aws.call(
            self._region,
            "iam",
            "simulate_principal_policy",
            PolicySourceArn=self._principal(caller),
            ActionNames=list(actions),
            ResourceArns=[resource],
            ContextEntries=[
                _context("iam:PassedToService", _LAMBDA),
                _context("aws:RequestedRegion", self._region),
            ],
        )
        return [
            result["EvalActionName"]
            for result in found["EvaluationResults"]
            if result["EvalDecision"] != "allowed" and not result.get("MissingContextValues")
        ]

    def _principal(self, caller: Caller) -> str:
        """The user or role; the ARN of a session lacks the path of its role."""
        if not caller.role:
            return caller.arn
        try:
            return str(self._role(caller.role)["Arn"])
        except NotPermitted:
            return str(Arn(caller.partition, "iam", "", caller.account, f"role/{caller.role}"))


def _listed(value: Any) -> list[Any]:
    """One or many, as policies are written."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _services(principal: Any) -> list[Any]:
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _context(name: str, value: str) -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
