"""``policy``: what IAM must allow, as JSON; what to know of it goes to stderr."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_fast_deploy.cli.context import opened
from lambda_fast_deploy.cli.terminal.streams import hand_over, say
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.errors import DeployError, Invalid, Place, Problem

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.aws.identity import Identity
    from lambda_fast_deploy.adapters.aws.session import Aws
    from lambda_fast_deploy.models import ObservedFunction, Settings

PLACEHOLDER = "123456789012"


def policy(
    given: GivenInputs, environ: Mapping[str, str], trust: str | None, account: str | None
) -> int:
    """Print the policy of whoever deploys, or with ``trust`` that of who may become it.

    Args:
        given: inputs by name.
        environ: values for ``${NAME}`` and the default region.
        trust: repository on GitHub, if asked for.
        account: number of the AWS account, if given; else that of the credentials, whose functions
            are looked at.

    Returns:
        The exit code.

    Raises:
        Invalid: something of it is not as it must be.
    """
    from lambda_fast_deploy.adapters.aws.identity import Identity
    from lambda_fast_deploy.adapters.aws.session import Aws
    from lambda_fast_deploy.iam.least_policy import of_templates, policy_for, too_long
    from lambda_fast_deploy.iam.trust import cautions, trust_policy

    if account is not None and not re.fullmatch("[0-9]{12}", account):
        says = f"expected the 12 digits of an AWS account, got {account!r}"
        raise Invalid([Problem(says, Place("option --account"))])
    aws = Aws()
    settings = opened(given, environ, lambda: aws)
    region, found = settings.regions[0], []
    if account is None:
        account = _account(Identity(aws, region))
        found = [] if account == PLACEHOLDER else _found(settings, aws)
    if trust is not None:
        document = trust_policy(trust, account, region)
        notes = cautions(trust, region)
    else:
        document = policy_for(settings, account, found)
        notes = [*too_long(document), *of_templates(settings)]
    for note in notes:
        say(f"note: {note}")
    hand_over(json.dumps(document, indent=2))
    return 0


def _found(settings: Settings, aws: Aws) -> list[ObservedFunction]:
    """The functions that are there already, as far as whoever asks may look at them."""
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.adapters.parallel import attempts
    from lambda_fast_deploy.planning.observe import observe_others

    clients = Clients(aws)
    found, failed = attempts(lambda name: observe_others(settings, name, clients), settings.regions)
    for region, error in failed.items():
        say(
            f"note: what others gave to the functions in {region} could not be looked at "
            f"({error.message.splitlines()[0]}): if a KMS key encrypts their environment, or if "
            "others attached layers, kms:Decrypt and lambda:GetLayerVersion are missing here."
        )
    return [there for functions in found.values() for there in functions.values()]


def _account(identity: Identity) -> str:
    try:
        return identity.caller().account
    except DeployError as error:
        say(
            f"note: {PLACEHOLDER} stands for your account, since AWS did not tell it "
            f"({error.message.splitlines()[0]}); give --account."
        )
        return PLACEHOLDER
