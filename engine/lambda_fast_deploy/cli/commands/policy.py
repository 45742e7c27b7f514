"""``policy``: what IAM must allow, as JSON; what to know of it goes to stderr."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.cli.context import CommandContext
from lambda_fast_deploy.cli.options import OF_A_RUN, add_command, add_inputs_but
from lambda_fast_deploy.cli.terminal.streams import hand_over, say
from lambda_fast_deploy.errors import DeployError, Invalid, Place, Problem

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.identity import Identity
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.models import ObservedFunction, Settings

PLACEHOLDER = "123456789012"


def declare(commands: Any, summary: str) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "policy",
        summary,
        "It names the functions, layers, repositories and buckets of the configuration,\n"
        "and suffices for every command; doctor tells what it cannot look at with it.",
        examples=(
            "policy > policy.json",
            "policy --trust OWNER/REPO:environment:prod > trust.json",
        ),
        run=run,
    )
    says = (
        "print the policy that lets workflows on GitHub assume the role: OWNER/REPO, and after it "
        ":environment:NAME, :ref:refs/heads/BRANCH or :pull_request"
    )
    command.add_argument("--trust", metavar="WHO", help=says)
    says = "number of the AWS account; default: that of the credentials"
    command.add_argument("--account", metavar="ID", help=says)
    add_inputs_but(command, *OF_A_RUN, "credentials-expire")


def run(context: CommandContext) -> int:
    """Print the policy of the deploying role, or with ``--trust`` that of who may assume it.

    Without ``--account`` the account is that of the credentials, whose functions are looked at.

    Returns:
        The exit code.

    Raises:
        Invalid: something of it is not as it must be.
    """
    from lambda_fast_deploy.iam.least_policy import of_templates, policy_for, too_long
    from lambda_fast_deploy.iam.trust import cautions, trust_policy

    trust, account = context.options.trust, context.options.account
    if account is not None and not re.fullmatch("[0-9]{12}", account):
        says = f"expected the 12 digits of an AWS account, got {account!r}"
        raise Invalid([Problem(says, Place("option --account"))])
    settings = context.settings
    region, functions = settings.regions[0], []
    if account is None:
        account = _account(context.clients.identity(region))
        functions = [] if account == PLACEHOLDER else _existing(settings, context.clients)
    if trust is not None:
        document = trust_policy(trust, account, region)
        notes = cautions(trust, region)
    else:
        document = policy_for(settings, account, functions)
        notes = [*too_long(document), *of_templates(settings)]
    for note in notes:
        say(f"note: {note}")
    hand_over(json.dumps(document, indent=2))
    return 0


def _existing(settings: Settings, clients: Clients) -> list[ObservedFunction]:
    """The functions that exist already, as far as the credentials may look at them."""
    from lambda_fast_deploy.adapters.parallel import attempts
    from lambda_fast_deploy.planning.observe import observe_others

    observed, failed = attempts(
        lambda name: observe_others(settings, name, clients), settings.regions
    )
    for region, error in failed.items():
        say(
            f"note: what others gave to the functions in {region} could not be looked at "
            f"({error.message.splitlines()[0]}): if a KMS key encrypts their environment, or if "
            "others attached layers, kms:Decrypt and lambda:GetLayerVersion are missing here."
        )
    return [each for functions in observed.values() for each in functions.values()]


def _account(identity: Identity) -> str:
    try:
        return identity.caller().account
    except DeployError as error:
        say(
            f"note: {PLACEHOLDER} stands for your account, since AWS did not tell it "
            f"({error.message.splitlines()[0]}); give --account."
        )
        return PLACEHOLDER
