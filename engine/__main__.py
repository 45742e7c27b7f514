"""``python -m engine``: the only place where an error becomes an exit code."""

from __future__ import annotations

import json
import os
import sys

from engine.errors import DeployError, unexpected
from engine.face import cli, console
from engine.mask import Mask, secrets_of


def main() -> int:
    """Run the command line; its exit code."""
    arguments = sys.argv[1:]
    try:
        return cli.run(arguments)
    except DeployError as error:
        failure = error
    except KeyboardInterrupt:
        failure = DeployError("interrupted")
        failure.exit_code = 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        failure = unexpected(error)
    failure.hide(Mask(secrets_of(os.environ)))
    console.show_error(failure)
    if "--json" in arguments:
        from engine.report.document import error_document

        print(json.dumps({"exit_code": failure.exit_code, "error": error_document(failure)}))
    return failure.exit_code


if __name__ == "__main__":
    sys.exit(main())
