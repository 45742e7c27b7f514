"""Why a function cannot reach its desired state; used by plan, deploy and doctor."""

from __future__ import annotations

import json
from collections.abc import Collection

from lambda_fast_deploy.errors import NotReady, Problem
from lambda_fast_deploy.models import (
    Function,
    FunctionState,
    ZipSource,
)
from lambda_fast_deploy.models.function_attributes import ENVIRONMENT
from lambda_fast_deploy.models.quotas import MAX_LAYERS
from lambda_fast_deploy.planning.configuration import layer_name

# Lambda quotas: environment variables. Lambda measures their JSON: its error quotes the JSON
# ("String measured"), and so do LocalStack's tests, which were run against AWS.
ENVIRONMENT_LIMIT = 4096  # bytes


def problems_of(
    function: Function, state: FunctionState, foreign: Collection[str], region: str
) -> list[Problem]:
    """Why a function cannot reach its desired state.

    Args:
        function: the desired function.
        state: the observed function.
        foreign: the ARNs of the layers attached outside this project.
        region: the function's region.
    """
    candidates = [
        package_problem(function, state, region),
        _too_many_layers(function, state, foreign, region),
        environment_problem(function, state, region),
    ]
    return [problem for problem in candidates if problem]


def package_problem(function: Function, latest: FunctionState, region: str) -> Problem | None:
    """The problem if the package type would change, which Lambda does not allow; else ``None``."""
    package = "Image" if function.is_image else "Zip"
    if latest.package == package:
        return None
    return Problem(
        f"function {function.name} is packaged as {latest.package} in {region}, and Lambda cannot "
        f"change that to {package}; deploy it under another name",
        function.place,
    )


def unusable(name: str, latest: FunctionState, region: str) -> NotReady | None:
    """The error of a function in state Failed, or ``None`` (guide, "Lambda function states")."""
    if latest.state != "Failed":
        return None
    return NotReady(
        f"function {name} in {region} is in state Failed: its creation failed: {latest.why}",
        remedy="Lambda cannot update such a function. Delete it, and run again: "
        f"aws lambda delete-function --function-name {name} --region {region}",
    )


def creation_problem(function: Function, region: str) -> Problem | None:
    """The problem if a function must be created without a role, or ``None``."""
    if function.role:
        return None
    return Problem(
        f"function {function.name} does not exist in {region}, and its creation needs a role; set "
        "role to the ARN of its execution role",
        function.place,
    )


def environment_problem(
    function: Function, latest: FunctionState | None, region: str
) -> Problem | None:
    """The problem if the environment is over Lambda's limit, with variables set elsewhere."""
    variables = function.configuration.environment
    merged = ENVIRONMENT.merge(variables, latest.environment if latest else None)
    size = _measured(merged)
    if not variables or size <= ENVIRONMENT_LIMIT:
        return None
    largest = sorted(merged, key=lambda name: -_measured({name: merged[name]}))[:3]
    sizes = ", ".join(f"{name} ({_measured({name: merged[name]}):,})" for name in largest)
    existing = ", including existing variables" if latest else ""
    return Problem(
        f"the environment of {function.name} would have {size:,} bytes in {region}{existing}; "
        f"Lambda's limit is {ENVIRONMENT_LIMIT:,}; largest: {sizes}; store large values in a "
        "parameter, a secret or a bucket, and put the name of that in a variable",
        function.place,
    )


def _measured(variables: dict[str, str]) -> int:
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())


def _too_many_layers(
    function: Function, state: FunctionState, foreign: Collection[str], region: str
) -> Problem | None:
    """The problem if a function would have too many layers with foreign ones, or ``None``."""
    foreign_names = [layer_name(arn) for arn in state.layers if arn in foreign]
    layers = function.source.layers if isinstance(function.source, ZipSource) else ()
    number = len(layers) + len(foreign_names)
    if not foreign_names or number <= MAX_LAYERS:
        return None
    return Problem(
        f"{function.name} would have {number} layers in {region}, including layers attached "
        f"outside this project ({', '.join(foreign_names)}); Lambda's limit is {MAX_LAYERS}; "
        "detach one",
        function.place,
    )
