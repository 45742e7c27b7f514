"""GitHub Actions: inputs from the environment, annotations, outputs and the step summary.

Workflow commands are switched off for all other output, because it is data (GitHub documentation,
"Workflow commands: Stopping and starting workflow commands").
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.cli.terminal.streams import say
from lambda_fast_deploy.config.inputs import INPUTS
from lambda_fast_deploy.errors import DeployError, Invalid, Place
from lambda_fast_deploy.sanitize import harmless


def on_github(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a GitHub workflow."""
    return environ.get("GITHUB_ACTIONS") == "true"


def inputs_from(environ: Mapping[str, str]) -> dict[str, str]:
    """The action's inputs; action.yml passes each as a variable INPUT_NAME."""
    return {
        item.name: environ.get(f"INPUT_{item.name.upper().replace('-', '_')}", "")
        for item in INPUTS
    }


class Github:
    """The workflow commands and files of GitHub's runner."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)
        # On stderr, as all other lines: the runner does not keep the order of two streams.
        say(f"::stop-commands::{self._token}")

    def close(self) -> None:
        """Switch workflow commands on again."""
        say(f"::{self._token}::")

    def annotate(self, error: DeployError, place: Place | None = None) -> None:
        """Annotate each problem of the input at its line, any other error at ``place``."""
        if isinstance(error, Invalid):
            for problem in error.problems:
                self._annotation(str(problem), problem.place)
        else:
            self._annotation(str(error), place)

    def _annotation(self, text: str, place: Place | None) -> None:
        from actions_toolkit.command import Command

        properties = {"title": "lambda-fast-deploy"}
        if place and place.line:
            properties |= {"file": harmless(_in_workspace(place.shown)), "line": str(place.line)}
        say(f"::{self._token}::")
        say(str(Command("error", properties, harmless(text))))
        say(f"::stop-commands::{self._token}")

    def outputs(self, values: Mapping[str, str]) -> None:
        """Pass outputs to later steps.

        Raises:
            OSError: the file of the outputs cannot be written.
        """
        from actions_toolkit import core

        if not (path := VARIABLES.get("GITHUB_OUTPUT")):
            return
        Path(path).open("a").close()  # for an OSError; actions_toolkit raises a bare Exception
        for name, value in values.items():
            core.set_output(name, value)

    def summary(self, page: str) -> None:
        """Append a page to the step summary.

        Raises:
            OSError: the file of the summary cannot be written.
        """
        if path := VARIABLES.get("GITHUB_STEP_SUMMARY"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(page)


def _in_workspace(source: str) -> str:
    """A path relative to the top of the checkout, as GitHub's annotations need it."""
    top = VARIABLES.get("GITHUB_WORKSPACE")
    return os.path.relpath(source, top) if top else source
