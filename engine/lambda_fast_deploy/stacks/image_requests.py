"""The images of a template to build: those of functions with a Dockerfile in their Metadata."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.adapters.files import is_file
from lambda_fast_deploy.config.sections.images import IMAGE
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.models import ImageRequest, ImageSource, Stack
from lambda_fast_deploy.stacks import cdk_assets
from lambda_fast_deploy.stacks.code_builds import architecture_of
from lambda_fast_deploy.stacks.resources import Resources

_UNSUPPORTED = {
    "DockerBuildExtraParams": (
        "DockerBuildExtraParams is not supported; use DockerBuildArgs and the Dockerfile"
    ),
    **dict.fromkeys(
        cdk_assets.SECRETS,
        "a build with secrets is not supported; push the image in an earlier step, and name it",
    ),
}


def images_of(resources: Resources, stack: Stack) -> tuple[ImageRequest, ...]:
    """The images of the functions with a Dockerfile, named by their logical ids.

    Args:
        resources: of the template.
        stack: the stack; its name is the prefix of the names of repositories.

    Raises:
        Invalid: with every image that cannot be built.
    """
    problems: list[Problem] = []
    requests = [
        request
        for each in resources.every
        for logical in each.functions
        if (request := _image(each, logical, stack, problems))
    ]
    if problems:
        raise Invalid(problems)
    return tuple(requests)


def _image(
    resources: Resources, logical: str, stack: Stack, problems: list[Problem]
) -> ImageRequest | None:
    """The image of a function, if its Metadata has a Dockerfile as for the SAM CLI."""
    template = resources.template
    metadata = resources.metadata(logical)
    if "Dockerfile" not in metadata:
        return None
    at = ("Resources", logical, "Metadata")
    names = {key: metadata.get(key, ".") for key in ("DockerContext", "Dockerfile")}
    target = metadata.get("DockerBuildTarget", "")
    for key, value, kind in (
        *((key, value, "path") for key, value in names.items()),
        ("DockerBuildTarget", target, "text"),
    ):
        if not isinstance(value, str):
            problem = f"{key} must be a {kind}, or its parameters must have values"
            problems.append(Problem(problem, template.place(*at, key)))
            return None
    for key, problem in _UNSUPPORTED.items():
        if metadata.get(key):
            problems.append(Problem(problem, template.place(*at, key)))
    context = template.path.parent / names["DockerContext"]
    dockerfile = context / names["Dockerfile"]
    if not is_file(dockerfile):
        problem = f"Dockerfile {metadata['Dockerfile']!r} does not exist"
        problems.append(Problem(problem, template.place(*at, "Dockerfile")))
    name = resources.name(logical)
    default = f"{stack.name}-{name}".lower().replace("/", "-")
    architectures = resources.of_function(logical, "Architectures")
    return ImageRequest(
        name=name,
        source=ImageSource(
            dockerfile=dockerfile,
            context=context,
            repository=stack.repositories.get(name) or stack.repositories.get("") or default,
            base=None,
            build_args=_arguments(resources, logical, metadata.get("DockerBuildArgs"), problems),
            follow_upstream=IMAGE.completed({})["upstream"] == "follow",
            target=target,
            compression="gzip",  # all of Lambda reads it, and CloudFormation does not retry
        ),
        architecture=architecture_of(resources, architectures, template.place(*at[:2]), problems),
    )


def _arguments(
    resources: Resources, logical: str, given: Any, problems: list[Problem]
) -> dict[str, str]:
    """The build arguments of an image; one whose value is unknown here goes to ``problems``."""
    arguments = {}
    for key, value in (given or {}).items():
        text = resources.text(value)
        if text is None:
            problem = f"{key} must be a text, or its parameters must have values"
            at = ("Resources", logical, "Metadata", "DockerBuildArgs", str(key))
            problems.append(Problem(problem, resources.template.place(*at)))
        else:
            arguments[str(key)] = text
    return arguments
