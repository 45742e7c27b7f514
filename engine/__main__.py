"""``python -m engine``: the only place where an error becomes an exit code."""

from __future__ import annotations

import os
import sys

from engine.errors import DeployError
from engine.face import cli, console


def main() -> int:
    """Run the command line; its exit code."""
    try:
        return cli.run(sys.argv[1:])
    except DeployError as error:
        console.show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        console.say("error: interrupted")
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
