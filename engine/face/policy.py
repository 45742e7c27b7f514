"""``policy``: what IAM must allow, as JSON; what to know of it goes to stderr."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.errors import DeployError, Invalid, Place, Problem
from engine.face.opening import opened
from engine.face.streams import hand_over, say
from engine.settings.inputs import Given

if TYPE_CHECKING:
    from engine.adapters.aws.identity import Identity

PLACEHOLDER = "123456789012"


def policy(given: Given, environ: Mapping[str, str], trust: str | None, account: str | None) -> int:
    """Print the policy of whoever deploys, or with ``trust`` that of who may become it.

    Args:
        given: inputs by name.
        environ: values for ``${NAME}`` and the default region.
        trust: repository on GitHub, if asked for.
        account: number of the AWS account, if given; else that of the credentials.

    Returns:
        The exit code.

    Raises:
        Invalid: something of it is not as it must be.
    """
    from engine.adapters.aws.identity import Identity
    from engine.adapters.aws.session import Aws
    from engine.upkeep.policy import of_templates, permissions, too_long
    from engine.upkeep.trust import cautions, trust_policy

    if account is not None and not re.fullmatch("[0-9]{12}", account):
        says = f"expected the 12 digits of an AWS account, got {account!r}"
        raise Invalid([Problem(says, Place("option --account"))])
    aws = Aws()
    settings = opened(given, environ, lambda: aws)
    region = settings.regions[0]
    account = account or _account(Identity(aws, region))
    if trust is not None:
        document = trust_policy(trust, account, region)
        notes = cautions(trust, region)
    else:
        document = permissions(settings, account)
        notes = [*too_long(document), *of_templates(settings)]
    for note in notes:
        say(f"note: {note}")
    hand_over(json.dumps(document, indent=2))
    return 0


def _account(identity: Identity) -> str:
    try:
        return identity.caller().account
    except DeployError as error:
        say(
            f"note: {PLACEHOLDER} stands for your account, since AWS did not tell it "
            f"({error.message.splitlines()[0]}); give --account."
        )
        return PLACEHOLDER
