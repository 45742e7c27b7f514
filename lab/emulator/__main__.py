"""Start the emulator: ``python -m lab.emulator``, in its own environment, settings by env."""

from __future__ import annotations

import asyncio
import json
import signal
from urllib.parse import urlencode

import hypercorn.asyncio  # type: ignore[import-not-found, unused-ignore]
import hypercorn.config  # type: ignore[import-not-found, unused-ignore]
from ministack import app
from ministack.services import iam

from lab.emulator import (
    alarms,
    aliases,
    buckets,
    code_deploy,
    cross_account,
    ecr,
    exports,
    functions,
    images,
    immutability,
    invocations,
    layers,
    logs,
    messages,
    metrics,
    packaged,
    provisioned,
    registry,
    runtime,
    stacks,
    states,
    urls,
    versions,
    zstd,
)
from lab.emulator.accounts import separated
from lab.emulator.clock import timely
from lab.emulator.faults import faulty
from lab.emulator.pace import paced
from lab.emulator.permissions import enforced
from lab.emulator.requests import logged
from lab.emulator.schedule import scheduled
from lab.emulator.settings import ROLE_NAME, Settings


def teach(settings: Settings) -> None:
    """Replace MiniStack's functions by those that behave like AWS."""
    ecr.teach(settings)
    immutability.teach()
    registry.teach(settings)
    cross_account.teach()
    images.teach()
    zstd.teach()
    functions.teach()
    versions.teach(settings)
    aliases.teach()
    states.teach()
    provisioned.teach()
    urls.teach(settings)
    runtime.teach(settings)
    invocations.teach()
    layers.teach()
    logs.teach()
    metrics.teach()
    alarms.teach()
    exports.teach()
    stacks.teach()
    packaged.teach()
    code_deploy.teach()
    buckets.teach()
    messages.teach()


async def create_role() -> None:
    """Create the role that functions of the lab may take."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    request = {
        "Action": "CreateRole",
        "RoleName": ROLE_NAME,
        "AssumeRolePolicyDocument": json.dumps(trust),
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await iam.handle_request("POST", "/", headers, urlencode(request).encode(), {})
    if answer[0] != 200:
        raise RuntimeError(f"the role could not be created: {answer[2]!r}")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM."""
    await create_role()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = hypercorn.config.Config()
    config.bind = list(settings.listen)
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.loglevel = "WARNING"
    inside = timely(enforced(separated(app.app)))
    behind = scheduled(paced(faulty(logged(inside, settings.requests))))
    await hypercorn.asyncio.serve(behind, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    chosen = Settings.read()
    teach(chosen)
    asyncio.run(serve(chosen))
