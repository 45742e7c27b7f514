"""Start the emulator: ``python -m lab.emulator``, in its own environment, settings by env."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlencode

import uvicorn  # type: ignore[import-not-found, unused-ignore]
import uvloop  # type: ignore[import-not-found, unused-ignore]
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
    inside = timely(enforced(separated(app.app)))
    config = uvicorn.Config(
        scheduled(paced(faulty(logged(inside, settings.requests)))),
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        date_header=False,  # MiniStack's application has its own
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    sockets = [socket.socket(fileno=number) for number in settings.listen]
    await uvicorn.Server(config).serve(sockets)


if __name__ == "__main__":
    chosen = Settings.read()
    teach(chosen)
    uvloop.run(serve(chosen))
