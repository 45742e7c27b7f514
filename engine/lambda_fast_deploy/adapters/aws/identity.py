"""The deploying role, and what IAM allows it (API: STS and IAM)."""

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
    """The identity of the credentials (API: ``GetCallerIdentity``)."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition of AWS: aws, aws-cn, aws-us-gov, …"""
        return Arn.parse(self.arn).partition

    @property
    def is_root(self) -> bool:
        """Whether it is the account's root user, which IAM policies do not restrict."""
        return self.arn.endswith(":root")

    @property
    def role(self) -> str:
        """The name of the assumed role, or ``""``."""
        identity = Arn.parse(self.arn)
        return identity.name if identity.resource.startswith("assumed-role/") else ""


class Identity:
    """STS and IAM, reached through one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    def caller(self) -> Caller:
        """The identity of the credentials, which every valid identity may read.

        Raises:
            NotReady: there are no credentials, or AWS refuses them.
        """
        answer = self._aws.call(self._region, "sts", "get_caller_identity")
        return Caller(str(answer["Account"]), str(answer["Arn"]))

    def _role(self, name: str) -> Any:
        return self._aws.call(self._region, "iam", "get_role", RoleName=name)["Role"]

    def lets_lambda_in(self, role: str) -> bool:
        """Whether Lambda may assume a role, by its ARN.

        Raises:
            NotFound: the role does not exist.
            NotPermitted: the caller may not read it.
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
        """The actions on a resource that IAM policies do not allow the caller.

        Identity policies, boundaries and those of the organization count; policies of resources do
        not (API: ``SimulatePrincipalPolicy``). Conditions on facts of the call itself are not
        reported.

        Raises:
            NotPermitted, NotFound: the caller may not simulate, or is not a user or role.
        """
        answer = self._aws.call(
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
            for result in answer["EvaluationResults"]
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
    """A single value or a list as a list, as policies have both."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _services(principal: Any) -> list[Any]:
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _context(name: str, value: str) -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": "string"}
