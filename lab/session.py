"""One lab: bring the parts up, run a command in it, take everything down."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lab.emulated import ROLE_ARN, Emulator
from lab.engine.machine import Engine, machine_engine, no_engine
from lab.engine.namespace import Inside, settle_inside
from lab.engine.private import short_folder, start_private_engine
from lab.environments import emulator_environment, runtime_environment
from lab.layout import LabError, own_folder, temporary_folder
from lab.process import ENDING, Daemons, die_with_parent, signals_held
from lab.standin.image import IMAGE, offer

_KEPT_AWS = ("AWS_CA_BUNDLE",)
_INTERPRETERS = str(Path(sys.executable).resolve().parent)
# What a layer is made of must not depend on the package indexes of the machine that the lab is on.
_LEFT = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")


class Interrupted(Exception):
    """SIGTERM or SIGINT came: ``number`` says which."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@dataclass
class Lab:
    """The parts that are up. ``env`` is what a command in the lab gets on top of its own."""

    state: Path
    engine: Engine
    emulator: Emulator
    env: dict[str, str]
    notes: list[str] = field(default_factory=list)


def run_in_lab(
    command: Sequence[str], *, with_docker: bool, inside: Inside | None, state: Path | None
) -> int:
    """Bring the lab up, run ``command`` with its environment, stop everything.

    ``inside``: this process is alone in namespaces of its own. Returns the
    command's exit code, or 128 plus the number of the signal that ended the lab. Raises
    LabError if a part cannot come up.
    """
    # From here on a signal is an exception: whatever is up comes down in the `finally`s.
    for number in ENDING:
        signal.signal(number, _interrupt)
    try:
        with _state_folder(state or (short_folder(inside.folder) if inside else None)) as folder:
            daemons = Daemons()
            try:
                lab = _bring_up(daemons, folder, with_docker=with_docker, inside=inside)
                _announce(lab)
                return _run(command, lab)
            finally:
                # A second signal must not leave half of it running.
                for number in ENDING:
                    signal.signal(number, signal.SIG_IGN)
                daemons.stop()
    except Interrupted as signalled:
        return 128 + signalled.number


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(number)


@contextlib.contextmanager
def _state_folder(chosen: Path | None) -> Iterator[Path]:
    if chosen:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()
        return
    with own_folder(temporary_folder(), "lab-") as folder:
        yield folder


def _bring_up(daemons: Daemons, state: Path, *, with_docker: bool, inside: Inside | None) -> Lab:
    began = time.monotonic()
    if inside:
        settle_inside(inside.network_up, state)
    with ThreadPoolExecutor() as pool:
        # Folders are prepared side by side; only this thread starts what stays up.
        emulator_env = pool.submit(emulator_environment)
        runtime_env = pool.submit(runtime_environment)
        engine = no_engine("--without-docker was asked for")
        if inside:
            engine = start_private_engine(daemons, state, inside.folder)
        elif with_docker:
            engine = machine_engine(state)
        image = pool.submit(offer, engine) if engine.up and not engine.private else None
        tools = emulator_env.result() / "bin"
        emulator = Emulator(
            daemons,
            state,
            environment=emulator_env.result(),
            runtime=runtime_env.result(),
            engine=engine,
        )
        if image:
            engine.notes.append(image.result())
        engine.wait()
        emulator.wait()
    path = [_tool_folder(state, tools), engine.env.get("PATH", os.environ.get("PATH", ""))]
    path = _without_detours(":".join(path).split(":"))
    env = {
        **engine.env,
        "PATH": ":".join(path),
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PIP_CONFIG_FILE": os.devnull,
        "TMPDIR": str(emulator.temporary),
        "LAB_STATE": str(state),
        "LAB_REQUESTS": str(emulator.requests),
        "LAB_ROLE_ARN": ROLE_ARN,
    }
    if engine.up:
        env["LAB_DOCKER"] = "1"
        env["LAB_PYTHON_IMAGE"] = IMAGE
    notes = [f"up after {time.monotonic() - began:.1f} s", *engine.notes]
    return Lab(state, engine, emulator, env, notes)


def _tool_folder(state: Path, tools: Path) -> str:
    # act alone: the rest of the emulator's environment must not shadow the caller's.
    folder = state / "bin"
    folder.mkdir(exist_ok=True)
    link = folder / "act"
    link.unlink(missing_ok=True)
    link.symlink_to(tools / "act")
    return str(folder)


def _without_detours(path: list[str]) -> list[str]:
    """PATH with this interpreter in front of a version manager's shims.

    A shim of pyenv starts a dozen processes for each Python, and uv asks several Pythons at a time.
    """
    shims = [number for number, folder in enumerate(path) if Path(folder).name == "shims"]
    return [*path[: shims[0]], _INTERPRETERS, *path[shims[0] :]] if shims else path


def _announce(lab: Lab) -> None:
    exports = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(lab.env.items())]
    file = lab.state / "environment"
    file.write_text("".join(exports))
    notes = [*lab.notes, f"its environment, for another shell: source {shlex.quote(str(file))}"]
    print(*(f"# lab: {note}" for note in notes), sep="\n", file=sys.stderr, flush=True)


def _run(command: Sequence[str], lab: Lab) -> int:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _LEFT and (not name.startswith(("AWS_", "LAB_")) or name in _KEPT_AWS)
    }
    child: subprocess.Popen[bytes] | None = None
    try:
        with signals_held():
            child = subprocess.Popen(
                list(command), env=inherited | lab.env, preexec_fn=die_with_parent
            )
        code = child.wait()
    except OSError as error:
        raise LabError(f"{command[0]}: {error.strerror}") from error
    except Interrupted as signalled:
        if child:
            _end(child, signalled.number)
        raise
    return code if code >= 0 else 128 - code


def _end(child: subprocess.Popen[bytes], number: int) -> None:
    """Send the signal on, and wait until the command has ended, ten seconds at most."""
    # A terminal has sent its own SIGINT to the command already.
    if not (number == signal.SIGINT and sys.stdin.isatty()):
        child.send_signal(number)
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
