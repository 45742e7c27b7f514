"""The inputs of action.yml, which are those of the engine: described, and handed over.

Two blocks of that file are written by ``make docs``: the mapping ``inputs``, and the lines of the
step's ``env`` that hand each input over as a variable, which no shell ever reads.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from lambda_fast_deploy.config.inputs import INPUTS

PAGE = Path(__file__).resolve().parent.parent / "action.yml"

_INPUTS = re.compile(r"^inputs:\n(?:(?:  .*)?\n)+?(?=\noutputs:)", re.MULTILINE)
_VARIABLES = re.compile(r"^(?: +INPUT_\w+: .*\n)+", re.MULTILINE)


def described() -> dict[str, tuple[str, str]]:
    """Description and default of each input, by its name; that of a text is the engine's matter."""
    own = {"working-directory": ("Directory that paths start from", ".")}
    return own | {item.name: (item.text, "false" if item.switch else "") for item in INPUTS}


def variable(name: str) -> str:
    """The variable that hands an input over."""
    return f"INPUT_{name.upper().replace('-', '_')}"


def _scalar(text: str) -> str:
    """A text as YAML has it in one line, quoted only if it would be something else without."""
    plain = yaml.safe_dump({"key": text}, width=10**6).removeprefix("key: ").rstrip()
    return text if plain == text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def page(before: str) -> str:
    """The text of action.yml with the blocks of its inputs made anew."""
    lines = ["inputs:"]
    for name, (description, default) in described().items():
        lines.append(f"  {name}:")
        lines += [f"    description: {_scalar(description)}", f"    default: {_scalar(default)}"]
    env = [f"        {variable(item.name)}: ${{{{ inputs.{item.name} }}}}" for item in INPUTS]
    after = _INPUTS.sub(lambda _: "\n".join(lines) + "\n", before)
    return _VARIABLES.sub(lambda _: "\n".join(env) + "\n", after)
