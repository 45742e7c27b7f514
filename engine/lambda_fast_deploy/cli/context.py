"""The context of a command: inputs, settings, clients and the run log, each made once."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_fast_deploy.adapters import files, process
from lambda_fast_deploy.adapters.git import checkout_of
from lambda_fast_deploy.cancellation import Cancellation
from lambda_fast_deploy.cli.github import inputs_from, on_github
from lambda_fast_deploy.cli.options import inputs_of
from lambda_fast_deploy.cli.terminal.log import Log
from lambda_fast_deploy.config.event import read_event
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.masking import Secrets, secrets_of
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.run_log import RunLog

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.session import Aws
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.cli.terminal.progress import LiveProgress

SOME_REGION = "us-east-1"  # where a command needs one and calls nothing there


class CommandContext:
    """What a command works with.

    ``progress`` prints the run log, one line for each entry unless the command sets another.
    ``changes`` describes the changes made in AWS so far. The output masks ``secrets``. After
    ``cancellation`` no step begins.
    """

    def __init__(self, options: argparse.Namespace, environ: Mapping[str, str]) -> None:
        self.options = options
        self.environ = environ
        self.progress: Log | LiveProgress = Log()
        self.changes: Sequence[str] = ()
        self.secrets = Secrets()
        self.secrets.add(secrets_of(environ))
        self.cancellation = Cancellation()

    @cached_property
    def given(self) -> GivenInputs:
        """The inputs.

        Raises:
            Invalid: an option is empty.
        """
        workflow_inputs = inputs_from(self.environ) if on_github(self.environ) else None
        return GivenInputs(inputs_of(self.options), workflow_inputs)

    @cached_property
    def settings(self) -> Settings:
        """The settings, from the inputs, the configuration and the event."""
        return self.load()

    def load(self, *, offline: bool = False, flags: bool = True) -> Settings:
        """The settings; ``offline`` for a command that does not call AWS.

        Raises:
            Invalid, NotReady: as ``load_settings``.
        """
        aws = None if offline else lambda: self.aws
        return load_settings(self.given, self.environ, aws, flags=flags)

    @cached_property
    def aws(self) -> Aws:
        """The session with AWS."""
        from lambda_fast_deploy.adapters.aws.session import Aws  # importing boto3 costs 0.14 s

        aws = Aws()
        self.changes = aws.changes
        return aws

    @cached_property
    def run_log(self) -> RunLog:
        """The log of the run, which hides secrets of the environment and of the settings."""
        return RunLog(self.progress.tell, self.secrets, self.cancellation)

    @cached_property
    def clients(self) -> Clients:
        """All adapters; they log what they wait for, and add what they read to the secrets."""
        from lambda_fast_deploy.adapters.clients import Clients

        self.secrets.add(self.settings.secrets)
        self.secrets.show(self.settings.shown)
        return Clients(
            self.aws,
            self.settings.builder,
            self.secrets.add_function,
            lambda: self.cancellation.is_requested,
            self.run_log.waits,
        )


def load_settings(
    given: GivenInputs,
    environ: Mapping[str, str],
    aws: Callable[[], Aws] | None,
    *,
    flags: bool,
) -> Settings:
    """The settings of a command; also restricts the process to what its event allows.

    At the ref of a pull request or a merge queue, the process starts only git, reads only the
    checkout, and makes only read calls to AWS. Any other plan makes only read calls, too.

    Args:
        given: the inputs.
        environ: values for ``${NAME}``, the default region, and GitHub's variables of the event.
        aws: the session that the command uses; ``None`` if it does not call AWS.
        flags: whether the command is about HEAD: flags in its commit message apply, and its code
            must be there.

    Raises:
        Invalid: with every problem of the configuration, each at its file and line.
        NotReady: no session with AWS can be opened.
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
        offline = {**environ, "AWS_REGION": region}
        return load(given, offline, event, root, lambda: frozenset({region}), needs_code=flags)
    settings = load(given, environ, event, root, lambda: aws().regions(), needs_code=flags)
    aws().ends = settings.credentials_end
    if settings.only_reads:
        aws().only_read()
    return settings


def _check_workspace(root: Path, environ: Mapping[str, str]) -> None:
    """Refuse a working directory that is outside the workspace because of a symbolic link.

    Raises:
        Invalid: it lies outside the workspace.
    """
    workspace = environ.get("GITHUB_WORKSPACE")
    if workspace and not root.resolve().is_relative_to(Path(workspace).resolve()):
        message = "is outside the workspace; a plan of unmerged code reads only the workspace"
        raise Invalid([Problem(message, Place("input working-directory"))])


def refuse_stack(settings: Settings, command: str) -> None:
    """Refuse a stack in a command that does not support templates.

    Raises:
        Invalid: the settings are of a stack.
    """
    if settings.stack:
        message = f"{command} does not support stacks; use plan"
        raise Invalid([Problem(message, settings.stack.place)])
