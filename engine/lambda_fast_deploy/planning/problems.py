"""Why a function cannot become what is wanted of it; said by plans, deploys and doctor alike."""

from __future__ import annotations

import json

from lambda_fast_deploy.errors import NotReady, Place, Problem
from lambda_fast_deploy.models import (
    Function,
    FunctionState,
    ImageSource,
    ObservedFunction,
    ZipSource,
)
from lambda_fast_deploy.models.quotas import MAX_LAYERS
from lambda_fast_deploy.planning.configuration import layer_name

# Lambda quotas: environment variables. It is their JSON that is measured, as AWS's refusal shows,
# which quotes it ("String measured"), and LocalStack's tests that were run against AWS.
ENVIRONMENT_LIMIT = 4096  # bytes


def problems_of(function: Function, observed: ObservedFunction, region: str) -> list[Problem]:
    """Why a function cannot become what is wanted of it."""
    latest = observed.latest
    found = [
        package_problem(function, latest, region),
        _too_many_layers(function, observed, region),
        environment_problem(function, latest, region),
    ]
    return [problem for problem in found if problem]


def package_problem(function: Function, latest: FunctionState, region: str) -> Problem | None:
    """Why a function cannot become what is wanted of it, if so: zips and images never change."""
    wanted = "Image" if isinstance(function.source, ImageSource) else "Zip"
    if latest.package == wanted:
        return None
    return Problem(
        f"is packaged as {latest.package} in {region}, and Lambda cannot change that to {wanted}; "
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
    wanted = function.configuration.environment
    merged = {**(latest.environment if latest else {}), **wanted}
    size = _measured(merged)
    if not wanted or size <= ENVIRONMENT_LIMIT:
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


def _too_many_layers(function: Function, observed: ObservedFunction, region: str) -> Problem | None:
    """Why a function cannot have its layers beside those that others attached, if so."""
    theirs = [layer_name(arn) for arn in observed.latest.layers if arn in observed.foreign]
    wanted = function.source.layers if isinstance(function.source, ZipSource) else ()
    number = len(wanted) + len(theirs)
    if not theirs or number <= MAX_LAYERS:
        return None
    return Problem(
        f"{function.name} would have {number} layers in {region}, with those that others attached "
        f"({', '.join(theirs)}), and a Lambda function takes at most {MAX_LAYERS}; take one off",
        function.place,
    )
