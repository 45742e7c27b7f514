"""The way into every command: from the event that started it to its limits and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_fast_deploy.adapters import files, process
from lambda_fast_deploy.adapters.git import checkout_of
from lambda_fast_deploy.config.event import read_event
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.models import Settings

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.session import Aws

SOME_REGION = "us-east-1"  # where a command needs one and calls nothing there


def opened(
    given: GivenInputs,
    environ: Mapping[str, str],
    aws: Callable[[], Aws] | None,
    *,
    flags: bool = True,
) -> Settings:
    """The settings of a command, once the process is held to what its event allows.

    At the ref of a pull request or a merge queue it starts no program but git, reads nothing
    outside of the checkout, and calls only reads of AWS. Any other plan calls only reads as well.

    Args:
        given: the inputs.
        environ: values for ``${NAME}``, the default region, and what GitHub says of the event.
        aws: the credentials that the command uses; ``None`` if it calls nothing.
        flags: whether the commit message may ask for something.

    Raises:
        Invalid: with every problem of the configuration, each at its file and line.
        NotReady: there is no session with AWS.
    """
    root = Path.cwd()
    event = read_event(environ, root, given.get("commit-message", ""))
    if not flags:
        event = replace(event, flags=frozenset())
    if event.unmerged:
        process.allow_only("git")
        _check_workspace(root, environ)
        files.stay_within(checkout_of(root) or root)
    if aws is None:
        region = environ.get("AWS_REGION") or SOME_REGION
        nowhere = {**environ, "AWS_REGION": region}
        return load(given, nowhere, event, root, lambda: frozenset({region}))
    settings = load(given, environ, event, root, lambda: aws().regions())
    aws().ends = settings.credentials_end
    if settings.only_reads:
        aws().only_read()
    return settings


def _check_workspace(root: Path, environ: Mapping[str, str]) -> None:
    """Refuse a working directory that a link of the checkout has led elsewhere on the runner.

    Raises:
        Invalid: it lies outside the workspace.
    """
    workspace = environ.get("GITHUB_WORKSPACE")
    if workspace and not root.resolve().is_relative_to(Path(workspace).resolve()):
        says = "leads out of the workspace, where a plan of what is not merged reads nothing"
        raise Invalid([Problem(says, Place("input working-directory"))])
