"""What samconfig.toml says of a deployment (AWS SAM developer guide, "SAM CLI configuration file").

A team that deploys by the SAM CLI has its stack's name, bucket and parameters there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import Place, Problem

FILE = "samconfig.toml"
DEFAULT = "default"
MANAGED = "aws-sam-cli-managed-default"  # the stack in which the SAM CLI keeps a bucket of its own


@dataclass(frozen=True, slots=True)
class SamConfig:
    """The values that a deployment needs; empty where the file says nothing.

    ``bucket`` is ``MANAGED`` where the SAM CLI was to find one by itself (``resolve_s3``).
    """

    stack_name: str = ""
    bucket: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str = ""


def read_samconfig(folder: Path, environment: str, problems: list[Problem]) -> SamConfig:
    """Read the file beside a template.

    Args:
        folder: where the template is.
        environment: the environment that was asked for, or nothing for the default one, which
            need not be there.
        problems: takes what is wrong.
    """
    import tomllib  # only stacks need it

    path = folder / FILE
    if not path.is_file():
        if environment:
            says = f"there is no {FILE} beside the template, and so no {environment} in it"
            problems.append(Problem(says, Place("samconfig")))
        return SamConfig()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(f"not valid TOML: {error}", Place(str(path))))
        return SamConfig()
    if environment and environment not in document:
        known = ", ".join(key for key, value in document.items() if isinstance(value, dict))
        problems.append(Problem(f"no {environment!r}; there are: {known}", Place(str(path))))
        return SamConfig()
    values = _deploy(document.get(environment or DEFAULT, {}))
    return SamConfig(
        stack_name=str(values.get("stack_name", "")),
        bucket=str(values.get("s3_bucket", "") or (MANAGED if values.get("resolve_s3") else "")),
        region=str(values.get("region", "")),
        parameters=_pairs(values.get("parameter_overrides", "")),
        capabilities=tuple(_words(values.get("capabilities", ""))),
        tags=_pairs(values.get("tags", "")),
        role=str(values.get("role_arn", "")),
    )


def _deploy(table: Any) -> dict[str, Any]:
    """The parameters of ``deploy``, on top of those for all commands."""
    found: dict[str, Any] = {}
    for command in ("global", "deploy"):
        section = table.get(command, {}) if isinstance(table, dict) else {}
        parameters = section.get("parameters", {}) if isinstance(section, dict) else {}
        found |= parameters if isinstance(parameters, dict) else {}
    return found


def _words(value: Any) -> list[str]:
    """A list, or the words of a text as a shell has them."""
    import shlex

    return [str(each) for each in value] if isinstance(value, list) else shlex.split(str(value))


def _pairs(value: Any) -> dict[str, str]:
    """``Name=value`` each, or ``ParameterKey=Name,ParameterValue=value``."""
    if isinstance(value, dict):
        return {str(key): str(item) for key, item in value.items()}
    words = [word for each in value for word in _words(each)] if isinstance(value, list) else None
    found = {}
    for word in words if words is not None else _words(value):
        name, _, text = word.partition("=")
        if name == "ParameterKey":
            name, _, text = text.partition(",ParameterValue=")
        found[name] = text
    return found
