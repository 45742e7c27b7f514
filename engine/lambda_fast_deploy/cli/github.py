"""GitHub Actions: inputs from the environment, annotations, outputs and the step summary.

Everything else that is printed is data: workflow commands are switched off around it
(GitHub documentation, "Workflow commands: Stopping and starting workflow commands").
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
    """Whether a workflow is running this."""
    return environ.get("GITHUB_ACTIONS") == "true"


def inputs_from(environ: Mapping[str, str]) -> dict[str, str]:
    """The action's inputs; a composite action hands each over as INPUT_NAME."""
    return {
        item.name: environ.get(f"INPUT_{item.name.upper().replace('-', '_')}", "")
        for item in INPUTS
    }


class Github:
    """Talks to the runner."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)
        # To the stream that everything else goes to: of two, the runner reads either first.
        say(f"::stop-commands::{self._token}")

    def close(self) -> None:
        """Let later output be read for commands again."""
        say(f"::{self._token}::")

    def annotate(self, error: DeployError, place: Place | None = None) -> None:
        """Mark what is wrong, each problem at its line; anything else at the place given."""
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
        """Hand outputs to later steps.

        Raises:
            OSError: the file that takes them cannot be written.
        """
        from actions_toolkit import core

        if not (path := VARIABLES.get("GITHUB_OUTPUT")):
            return
        Path(path).open("a").close()  # of an absent one, actions_toolkit raises an error of no kind
        for name, value in values.items():
            core.set_output(name, value)

    def summary(self, page: str) -> None:
        """Append a page to the step summary.

        Raises:
            OSError: the file that takes it cannot be written.
        """
        if path := VARIABLES.get("GITHUB_STEP_SUMMARY"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(page)


def _in_workspace(source: str) -> str:
    """A file as GitHub names it: from the top of the checkout, wherever the run started."""
    top = VARIABLES.get("GITHUB_WORKSPACE")
    return os.path.relpath(source, top) if top else source
