"""Why a function cannot become what is wanted of it; said by plans, deploys and doctor alike."""

from __future__ import annotations

from engine.errors import NotReady, Place, Problem
from engine.model import Function, FunctionState, ImageSource


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
