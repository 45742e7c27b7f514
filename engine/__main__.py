"""``python -m engine``: the only place where an error becomes an exit code."""

from __future__ import annotations

import gc
import json
import os
import sys
from typing import NoReturn

from engine.errors import DeployError, Interrupted, unexpected
from engine.face import cli, console, streams
from engine.mask import Mask, secrets_of


def main() -> int:
    """Run the command line; its exit code."""
    arguments = sys.argv[1:]
    try:
        return cli.run(arguments)
    except DeployError as error:
        failure = error
    except KeyboardInterrupt:
        failure = Interrupted("interrupted")
    except Exception as error:
        failure = unexpected(error)
    failure.hide(Mask(secrets_of(os.environ)))
    console.show_error(failure)
    if "--json" in arguments:
        from engine.report.document import error_document

        told = {"exit_code": failure.exit_code, "error": error_document(failure)}
        streams.hand_over(json.dumps(told))
    return failure.exit_code


def start() -> NoReturn:
    """Run the command line as this process, and end it as soon as all is said.

    Memory is neither searched for what is not used any more nor taken down piece by piece: the
    process is short, and the system takes all of it at once. That is a fifth of a deploy without a
    change.
    """
    gc.disable()
    streams.hold()
    try:
        code = main()
    except SystemExit as done:  # of --help and --version
        code = int(done.code or 0)
    streams.finish()
    os._exit(code)


if __name__ == "__main__":
    start()
