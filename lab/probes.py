"""``python -m lab.probes moto|aws``: the probes of tests/lab on another AWS, for a second opinion.

Their outcomes are kept in tests/lab/opinions, and docs/lab-truth.md shows them. ``aws`` is the
account that the environment's credentials are of: a scratch account, since what begins with the
prefix is deleted in it. It costs less than five cents: some hundred calls of small functions, and
nothing that lasts.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import boto3

from lab.belongings import everything, execution_role, take_away
from lab.layout import REPOSITORY, LabError

OPINIONS = REPOSITORY / "tests" / "lab" / "opinions"
_MOTO = REPOSITORY / ".lab" / "moto" / "venv" / "bin"
_OF_MOTO = ("buckets", "ecr", "permissions", "stacks")  # what moto says something about
_START = 60.0  # seconds that moto may take to answer
_IAM = 15.0  # seconds until all of AWS knows a role or a policy


def run_probes(
    what: str, opinion: Path, files: Sequence[str], only: str, env: Mapping[str, str]
) -> int:
    """Run probes, and keep what came of them.

    Args:
        what: whose opinion it is, with its version.
        opinion: the file to keep it in.
        files: the probes.
        only: which of them (pytest's -k).
        env: what they get on top of this process' environment.

    Returns:
        pytest's exit code.

    Raises:
        LabError: no probe has run.
    """
    with tempfile.TemporaryDirectory() as folder:
        outcomes = Path(folder, "outcomes.json")
        command = [sys.executable, "-m", "pytest", "-q", "-m", "not lab and not docker"]
        code = subprocess.run(
            [*command, *(["-k", only] if only else []), *files],
            cwd=REPOSITORY,
            env={**os.environ, **env, "PROBE_OUTCOMES": str(outcomes)},
        ).returncode
        found = json.loads(outcomes.read_text()) if outcomes.exists() else {}
    if not found:
        raise LabError("no probe has run")
    today = datetime.now(UTC).date().isoformat()
    opinion.parent.mkdir(exist_ok=True)
    opinion.write_text(json.dumps({"of": what, "date": today, "probes": found}, indent=1) + "\n")
    return code


@contextmanager
def moto() -> Iterator[dict[str, str]]:
    """Moto's server, with the environment to use it.

    Raises:
        LabError: it does not start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = subprocess.Popen(
        [_MOTO / "moto_server", "-p", str(port)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > end:
                    raise LabError("moto does not answer: see make .lab/moto/ready") from None
                time.sleep(0.2)
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.kill()
        server.wait()


@contextmanager
def account(prefix: str) -> Iterator[dict[str, str]]:
    """An account to probe, with the environment for it; at the end nothing of it is left.

    Raises:
        LabError: something is.
    """
    ours = f"{prefix}-"
    take_away(ours)  # what a run that was killed has left
    try:
        role = execution_role(f"{ours}execution")
        yield {"PROBE_PREFIX": prefix, "LAB_ROLE_ARN": role}
    finally:
        take_away(ours)
        left = {kind: names for kind, names in everything(ours).items() if names}
        if left:
            raise LabError(f"left in the account: {left}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask one of them; 0 when it said something, whatever that is."""
    parser = argparse.ArgumentParser(prog="python -m lab.probes", description=__doc__)
    parser.add_argument("whose", choices=("moto", "aws"))
    parser.add_argument(
        "--prefix", default="lfd-probe", help="begins the names of all that is made"
    )
    parser.add_argument("--opinion", type=Path, help="the file to keep it in")
    parser.add_argument("--only", default="", help="the probes to run (pytest's -k)")
    options = parser.parse_args(arguments)
    opinion = options.opinion or OPINIONS / f"{options.whose}.json"
    try:
        if options.whose == "moto":
            _of_moto(options.prefix, opinion, options.only)
        else:
            _of_account(options.prefix, opinion, options.only)
    except LabError as error:
        print(f"probes: {error}", file=sys.stderr)
        return 1
    return 0


def _of_moto(prefix: str, opinion: Path, only: str) -> None:
    script = "import importlib.metadata as m; print(m.version('moto'))"
    asked = subprocess.run([_MOTO / "python", "-c", script], capture_output=True, text=True)
    if asked.returncode:
        raise LabError("moto is not there: make .lab/moto/ready")
    files = [f"tests/lab/test_{each}.py" for each in _OF_MOTO]
    with moto() as env:
        os.environ |= env
        with account(prefix) as more:
            run_probes(f"moto {asked.stdout.strip()}", opinion, files, only, more)


def _of_account(prefix: str, opinion: Path, only: str) -> None:
    number = boto3.client("sts").get_caller_identity()["Account"]
    region = boto3.session.Session().region_name
    print(
        f"probes: in account {number}, {region}, where everything that begins with {prefix}- is "
        "deleted before and after; it costs less than five cents",
        flush=True,
    )
    is_emulated = bool(os.environ.get("AWS_ENDPOINT_URL"))
    slow = {} if is_emulated else {"PROBE_PATIENCE": "300", "PROBE_IAM_SECONDS": str(_IAM)}
    with account(prefix) as env:
        time.sleep(0 if is_emulated else _IAM)
        run_probes(f"AWS, {region}", opinion, ["tests/lab"], only, {**slow, **env})


if __name__ == "__main__":
    sys.exit(main())
