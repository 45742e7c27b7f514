"""Why a function cannot become what is wanted of it; said by plans, deploys and doctor alike."""

from __future__ import annotations

import json
from collections.abc import Collection

from lambda_fast_deploy.errors import NotReady, Place, Problem
from lambda_fast_deploy.models import (
    Function,
    FunctionState,
    ImageSource,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import MAX_LAYERS
from lambda_fast_deploy.planning.configuration import layer_name

# Lambda quotas: environment variables. It is their JSON that is measured, as AWS's refusal shows,
# which quotes it ("String measured"), and LocalStack's tests that were run against AWS.
ENVIRONMENT_LIMIT = 4096  # bytes


def problems_of(
    function: Function, state: FunctionState, foreign: Collection[str], region: str
) -> list[Problem]:
    """Why a function cannot become what is wanted of it.

    Args:
        function: what was asked for.
        state: what is to become that.
        foreign: the ARNs of the layers that others attached.
        region: where it is.
    """
    candidates = [
        package_problem(function, state, region),
        _too_many_layers(function, state, foreign, region),
        environment_problem(function, state, region),
    ]
    return [problem for problem in candidates if problem]


def package_problem(function: Function, latest: FunctionState, region: str) -> Problem | None:
    """Why a function cannot become what is wanted of it, if so: zips and images never change."""
    package = "Image" if isinstance(function.source, ImageSource) else "Zip"
    if latest.package == package:
        return None
    return Problem(
        f"is packaged as {latest.package} in {region}, and Lambda cannot change that to {package}; "
        "deploy under another name",
        Place(f"function {function.name}"),
    )


def unusable(name: str, latest: FunctionState, region: str) -> NotReady | None:
    """Why nothing can be done with a function, if so (guide, "Lambda function states")."""
    if latest.state != "Failed":
        return None
    return NotReady(
        f"function {name} in {region} is Failed, as its creation has failed: {latest.why}",
        remedy="Lambda changes nothing of such a function. Delete it, and run again: "
        f"aws lambda delete-function --function-name {name} --region {region}",
    )


def creation_problem(function: Function, region: str) -> Problem | None:
    """Why a function that is not there cannot be created, if so."""
    if function.role:
        return None
    return Problem(
        f"does not exist in {region}, and creating it needs a role; give role: the ARN of its "
        "execution role",
        Place(f"function {function.name}"),
    )


def environment_problem(
    function: Function, latest: FunctionState | None, region: str
) -> Problem | None:
    """Why Lambda would not take the environment, with what others have set in it, if so."""
    variables = function.configuration.environment
    merged = {**(latest.environment if latest else {}), **variables}
    size = _measured(merged)
    if not variables or size <= ENVIRONMENT_LIMIT:
        return None
    largest = sorted(merged, key=lambda name: -_measured({name: merged[name]}))[:3]
    sizes = ", ".join(f"{name} ({_measured({name: merged[name]}):,})" for name in largest)
    beside = ", with what is there already" if latest else ""
    return Problem(
        f"the environment of {function.name} would have {size:,} bytes in {region}{beside}, and "
        f"Lambda takes {ENVIRONMENT_LIMIT:,}; largest: {sizes}; keep large values in a parameter, "
        "a secret or a bucket, and name that in a variable",
        function.place,
    )


def _measured(variables: dict[str, str]) -> int:
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())


def _too_many_layers(
    function: Function, state: FunctionState, foreign: Collection[str], region: str
) -> Problem | None:
    """Why a function cannot have its layers beside those that others attached, if so."""
    theirs = [layer_name(arn) for arn in state.layers if arn in foreign]
    own = function.source.layers if isinstance(function.source, ZipSource) else ()
    number = len(own) + len(theirs)
    if not theirs or number <= MAX_LAYERS:
        return None
    return Problem(
        f"{function.name} would have {number} layers in {region}, with those that others attached "
        f"({', '.join(theirs)}), and a Lambda function takes at most {MAX_LAYERS}; take one off",
        function.place,
    )
