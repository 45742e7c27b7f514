"""CodeDeploy in stacks: its applications and groups exist; a shift of traffic takes no time.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CodeDeploy.html
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners


def _named(key: str) -> dict[str, Any]:
    """The operations on a resource that is no more than its name."""

    def create(logical: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        return props.get(key) or provisioners._physical_name(stack, logical, max_len=100), {}

    def update(physical: str, *_: Any) -> tuple[str, dict[str, Any]]:
        return physical, {}

    return {"create": create, "update": update, "delete": lambda *_: None}


def teach() -> None:
    """Install every behaviour of this module."""
    provisioners._RESOURCE_HANDLERS["AWS::CodeDeploy::Application"] = _named("ApplicationName")
    provisioners._RESOURCE_HANDLERS["AWS::CodeDeploy::DeploymentGroup"] = _named(
        "DeploymentGroupName"
    )
