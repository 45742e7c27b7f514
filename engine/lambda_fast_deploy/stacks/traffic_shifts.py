"""The shifts of traffic that CodeDeploy makes in a stack: a function's ``DeploymentPreference``.

CloudFormation waits for a shift before it goes on, and rolls back if an alarm or a hook of it fails
(AWS SAM developer guide, "Deploying serverless applications gradually with AWS SAM").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lambda_fast_deploy import units
from lambda_fast_deploy.stacks.resources import Resources

# The shares and minutes in a name of CodeDeploy's (CodeDeploy user guide, "Predefined deployment
# configurations for an AWS Lambda compute platform").
_CANARY = re.compile(r"(?:CodeDeployDefault\.Lambda)?Canary\d+Percent(\d+)Minutes")
_LINEAR = re.compile(r"(?:CodeDeployDefault\.Lambda)?Linear(\d+)PercentEvery(\d+)Minutes?")


def shifts_of(resources: Resources) -> Mapping[str, str]:
    """Every shift of a stack, for people, by the logical id of the alias that SAM adds."""
    shifts = {}
    for function in resources.functions:
        preference = resources.of_function(function, "DeploymentPreference")
        alias = resources.of_function(function, "AutoPublishAlias")
        if not isinstance(preference, dict) or not isinstance(alias, str):
            continue
        enabled, kind = (resources.resolve(preference.get(key)) for key in ("Enabled", "Type"))
        if str(enabled).lower() != "false" and isinstance(kind, str):
            name = alias.replace("-", "D").replace("_", "U")
            shifts[f"{function}Alias{name}"] = _shown(function, kind)
    return shifts


def _shown(function: str, kind: str) -> str:
    """A shift, with the time that it takes if its name says that."""
    minutes = 0
    if match := _CANARY.fullmatch(kind):
        minutes = int(match[1])
    elif match := _LINEAR.fullmatch(kind):
        minutes = 100 // max(1, int(match[1])) * int(match[2])
    lasting = f", about {units.minutes(60.0 * minutes)}" if minutes else ""
    return f"CodeDeploy shifts the traffic of {function} ({kind}{lasting})"
