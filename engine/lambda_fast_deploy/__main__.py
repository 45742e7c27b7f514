"""``python -m lambda_fast_deploy``: runs the command line and exits with its code."""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

from lambda_fast_deploy.adapters.environment import VARIABLES
from lambda_fast_deploy.cli import dispatch
from lambda_fast_deploy.cli.signals import without_garbage_collection
from lambda_fast_deploy.cli.terminal import log, streams
from lambda_fast_deploy.errors import DeployError, Interrupted, unexpected
from lambda_fast_deploy.masking import SecretMask, secrets_of


def main() -> int:
    """Run the command line; its exit code."""
    arguments = sys.argv[1:]
    try:
        return dispatch.run(arguments)
    except DeployError as error:
        failure = error
    except KeyboardInterrupt:
        failure = Interrupted("interrupted")
    except Exception as error:
        failure = unexpected(error)
    failure.hide(SecretMask(secrets_of(VARIABLES)))
    log.show_error(failure)
    if "--json" in arguments:
        from lambda_fast_deploy.report.documents import error_document

        document = {"exit_code": failure.exit_code, "error": error_document(failure)}
        streams.hand_over(json.dumps(document))
    return failure.exit_code


def start() -> NoReturn:
    """Run the command line as this process, and exit as soon as all output is written.

    ``os._exit`` leaves freeing the memory to the system, which is faster than Python's shutdown.
    """
    streams.hold()
    with without_garbage_collection():
        try:
            code = main()
        except SystemExit as done:  # of --help and --version
            code = int(done.code or 0)
    streams.finish()
    os._exit(code)


if __name__ == "__main__":
    start()
