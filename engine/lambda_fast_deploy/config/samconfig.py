"""Reads samconfig.toml (AWS SAM developer guide, "SAM CLI configuration file").

A project that uses the SAM CLI has the stack's name, bucket and parameters there. The file can also
be YAML, and have any name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.files import is_there, read_text
from lambda_fast_deploy.config.sections.shared import BUCKET, CAPABILITIES, STACK_NAME, TAGS
from lambda_fast_deploy.config.toml import parse_toml
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.schema.shapes import Shape, TextShape
from lambda_fast_deploy.schema.yaml_lines import YamlNode, nodes_of
from lambda_fast_deploy.schema.yaml_nodes import compose, plain_values

FILE = "samconfig.toml"
_FILES = (FILE, "samconfig.yaml", "samconfig.yml")
_BUILT = (".aws-sam", "build")  # the folders of a template that "sam build" writes
DEFAULT = "default"
_REPOSITORY = re.compile(r"[0-9]{12}\.dkr[.-]ecr\.[^/]+/([a-z0-9][a-z0-9._/-]*)")
MANAGED = "aws-sam-cli-managed-default"  # the stack with the bucket that the SAM CLI creates


@dataclass(frozen=True, slots=True)
class SamConfig:
    """The values that a deploy needs; empty if the file does not have them.

    ``bucket`` is ``MANAGED`` if the SAM CLI selects it (``resolve_s3``). ``repositories`` are the
    names of the repositories of images, by the logical ids of functions; that of all others has no
    id. If not ``is_read``, the file has a problem, and its values are unknown.
    """

    stack_name: str = ""
    bucket: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    repositories: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default_factory=lambda: Place(FILE))
    is_read: bool = True


_UNREAD = SamConfig(is_read=False)


def read_samconfig(
    folder: Path, environment: str, problems: list[Problem], file: Path | None = None
) -> SamConfig:
    """Read samconfig.toml in the folder of a template.

    Args:
        folder: the folder of the template; for one that ``sam build`` has written, the file is in
            the folder of the project.
        environment: the environment to read; an empty text for the default one, which may be
            absent.
        problems: the list to add problems to.
        file: the file, if it is another one.
    """
    if folder.parts[-2:] == _BUILT:
        folder = folder.parent.parent
    paths = (folder / name for name in _FILES) if file is None else (file,)
    path = next((each for each in paths if is_there(each)), None)
    if path is None:
        if environment:
            message = f"the folder of the template has no {FILE} with environment {environment!r}"
            problems.append(Problem(message, Place("samconfig")))
            return _UNREAD
        return SamConfig()
    place = Place(str(path))
    try:
        document = _document(path)
    except Invalid as error:
        problems += error.problems
        return _UNREAD
    if environment and environment not in document:
        environments = ", ".join(key for key, value in document.items() if isinstance(value, dict))
        message = f"unknown environment {environment!r}; the file has: {environments}"
        problems.append(Problem(message, place))
        return _UNREAD
    values = _deploy(document.get(environment or DEFAULT, {}))
    try:
        return _config(values, place, problems)
    except ValueError as error:  # a quotation that is not closed
        problems.append(Problem(f"not valid shell words: {error}", place))
        return _UNREAD


def _document(path: Path) -> dict[str, Any]:
    """The tables of a file, in YAML if its name says so, else in TOML.

    Raises:
        Invalid: it is not valid.
    """
    if path.suffix not in (".yaml", ".yml"):
        return parse_toml(read_text(path), path)
    problems: list[Problem] = []
    root = compose(read_text(path), str(path), problems)
    document = plain_values(root) if root is not None else {}
    if not isinstance(document, dict):
        problems.append(Problem("must be a mapping", Place(str(path))))
    if problems:
        raise Invalid(problems)
    return {str(key): value for key, value in document.items()}


def _config(values: Mapping[str, Any], place: Place, problems: list[Problem]) -> SamConfig:
    def text(key: str, shape: Shape) -> str:
        if key not in values:
            return ""
        checked: str = shape.check(YamlNode(values[key], place, str(values[key]), key), problems)
        return checked

    config = SamConfig(
        stack_name=text("stack_name", STACK_NAME),
        bucket=text("s3_bucket", BUCKET) or (MANAGED if values.get("resolve_s3") is True else ""),
        region=text("region", TextShape()),
        parameters=_pairs(values.get("parameter_overrides", "")),
        capabilities=tuple(_words(values.get("capabilities", ""))),
        tags=_pairs(values.get("tags", "")),
        role=text("role_arn", TextShape()),
        repositories=_repositories(values, place, problems),
        place=place,
    )
    for key, shape in (("capabilities", CAPABILITIES), ("tags", TAGS)):
        listed = getattr(config, key)
        plain = list(listed) if isinstance(listed, tuple) else dict(listed)
        shape.check(replace(nodes_of(plain, place), name=key), problems)
    return config


def _repositories(
    values: Mapping[str, Any], place: Place, problems: list[Problem]
) -> dict[str, str]:
    """The names of ECR repositories, by the logical ids of the functions of their images."""
    addresses = _pairs(values.get("image_repositories", ""))
    if "image_repository" in values:
        addresses[""] = str(values["image_repository"])
    names = {}
    for logical, address in addresses.items():
        if match := _REPOSITORY.fullmatch(address):
            names[logical] = match[1]
        else:
            message = f"expected the address of a repository in ECR, got {address!r}"
            problems.append(Problem(message, place))
    return names


def _deploy(table: Any) -> dict[str, Any]:
    """The parameters of ``deploy``, which take precedence over those of ``global``."""
    values: dict[str, Any] = {}
    for command in ("global", "deploy"):
        section = table.get(command, {}) if isinstance(table, dict) else {}
        parameters = section.get("parameters", {}) if isinstance(section, dict) else {}
        values |= parameters if isinstance(parameters, dict) else {}
    return values


def _words(value: Any) -> list[str]:
    """The items of a list, or the words of a text as a shell splits it."""
    import shlex

    return [str(each) for each in value] if isinstance(value, list) else shlex.split(str(value))


def _pairs(value: Any) -> dict[str, str]:
    """The values of ``Name=value`` or ``ParameterKey=Name,ParameterValue=value`` by their names."""
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    words = [word for each in value for word in _words(each)] if isinstance(value, list) else None
    pairs = {}
    for word in words if words is not None else _words(value):
        name, _, text = word.partition("=")
        if name == "ParameterKey":
            name, _, text = text.partition(",ParameterValue=")
        pairs[name] = text
    return pairs
