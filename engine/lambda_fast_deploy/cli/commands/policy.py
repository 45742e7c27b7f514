"""``policy``: print IAM policies as JSON on stdout, and notes about them on stderr."""

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
        "The policy is scoped to the resources in your configuration and covers every\n"
        "command. doctor lists the checks it skips without further permissions.",
        examples=(
            "policy > policy.json",
            "policy --trust OWNER/REPO:environment:prod > trust.json",
        ),
        run=run,
    )
    says = (
        "print the trust policy that lets GitHub workflows assume the role: OWNER/REPO followed by "
        ":environment:NAME, :ref:refs/heads/BRANCH or :pull_request"
    )
    command.add_argument("--trust", metavar="WHO", help=says)
    says = "ID of the AWS account; default: that of the credentials"
    command.add_argument("--account", metavar="ID", help=says)
    add_inputs_but(command, *OF_A_RUN, "credentials-expire")


def run(context: CommandContext) -> int:
    """Print the policy of the deploying role, or its trust policy with ``--trust``.

    Without ``--account``, the account is that of the credentials, and its functions are read.

    Returns:
        The exit code.

    Raises:
        Invalid: the settings or an option are not valid.
    """
    from lambda_fast_deploy.iam.least_policy import of_templates, policy_for, too_long
    from lambda_fast_deploy.iam.trust import cautions, trust_policy

    trust, account = context.options.trust, context.options.account
    if account is not None and not re.fullmatch("[0-9]{12}", account):
        message = f"expected an AWS account ID (12 digits), got {account!r}"
        raise Invalid([Problem(message, Place("option --account"))])
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
    """The existing functions, as far as the credentials may read them."""
    from lambda_fast_deploy.adapters.parallel import attempts
    from lambda_fast_deploy.planning.observe import observe_others

    observed, failed = attempts(
        lambda name: observe_others(settings, name, clients), settings.regions
    )
    for region, error in failed.items():
        say(
            f"note: the existing functions in {region} could not be read "
            f"({error.message.splitlines()[0]}). If they have a KMS key or layers that are not in "
            "the configuration, add kms:Decrypt and lambda:GetLayerVersion for these."
        )
    return [each for functions in observed.values() for each in functions.values()]


def _account(identity: Identity) -> str:
    try:
        return identity.caller().account
    except DeployError as error:
        say(
            f"note: {PLACEHOLDER} is a placeholder, because the account ID could not be read "
            f"({error.message.splitlines()[0]}). Pass --account."
        )
        return PLACEHOLDER
