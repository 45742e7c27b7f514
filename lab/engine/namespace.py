"""Namespaces of the lab's own: mounts, network and processes that end with it.

Everything runs inside: the engine, the emulator and the command. The only way out is
slirp4netns, a network in user space: what is inside can call out, nothing can call in.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import debian
from lab.engine.private import scratch
from lab.engine.unpacked import library_path, tool, unpacked_engine, works_here
from lab.layout import REPOSITORY, LabError
from lab.process import Daemons, Deadline, die_with_parent, tail

# This package again, wherever the caller stands and without a PYTHONPATH for its command.
_AGAIN = (
    f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); "
    "from lab.__main__ import main; sys.exit(main())"
)
_RESOLVER = "nameserver 10.0.2.3\n"  # slirp4netns answers there with the machine's own resolver


_UNSHARE = (
    "unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private".split()
)


@dataclass(frozen=True)
class Inside:
    """What the process inside is told: where it hears that the network is up, and its folder."""

    network_up: int
    folder: Path

    @classmethod
    def parse(cls, text: str) -> Inside:
        """Read ``FILE-DESCRIPTOR:FOLDER``."""
        number, _, folder = text.partition(":")
        return cls(int(number), Path(folder))


def private_engine_refused() -> str:
    """Return why this machine cannot run a private engine, or an empty string if it can."""
    if os.geteuid() != 0:
        return "no engine runs here, and a private one needs root"
    if os.uname().machine != "x86_64":
        return "no engine runs here, and a private one is for x86_64"
    if not (shutil.which("unshare") and shutil.which("ip") and Path("/dev/net/tun").exists()):
        return "no engine runs here, and a private one needs unshare, ip and /dev/net/tun"
    why_not = debian.unsupported()
    if why_not:
        return f"no engine runs here, and for a private one {why_not}"
    allowed = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        return "no engine runs here, and namespaces for a private one are forbidden"
    try:
        if works_here(unpacked_engine()):
            return ""
    except LabError as error:
        return f"no engine runs here, and a private one cannot be had: {error}"
    return "no engine runs here, and Debian's does not run on this machine"


def enter_namespace(options: Sequence[str], command: Sequence[str]) -> int:
    """Run this lab again inside new namespaces and return its exit code.

    This process stays outside, to carry the network and to pass signals on. Raises LabError if
    the namespaces or their network cannot be made.
    """
    root = unpacked_engine()
    daemons = Daemons()
    network_up, tell_network_up = os.pipe()
    with scratch() as folder:
        # The namespace of processes makes the end sure: with its first process all of it ends.
        guard = subprocess.Popen(
            [
                *_UNSHARE,
                str(tool(root, "tini-static")),
                "--",
                *(sys.executable, "-c", _AGAIN, *options),
                *("--inside", f"{network_up}:{folder}", "--", *command),
            ],
            pass_fds=[network_up],
            preexec_fn=_be_killed_with_parent,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: _signal_inside(guard.pid, number))
        os.close(network_up)
        try:
            _connect(daemons, guard, root, folder, tell_network_up)
            code = guard.wait()
            return code if code >= 0 else 128 - code
        finally:
            guard.kill()
            guard.wait()
            daemons.stop()


def _be_killed_with_parent() -> None:
    # unshare holds SIGTERM back while its child runs.
    die_with_parent(signal.SIGKILL)


def _connect(
    daemons: Daemons, guard: subprocess.Popen[bytes], root: Path, work: Path, done: int
) -> None:
    own = _namespace(os.getpid())
    deadline = Deadline(10)
    while _namespace(guard.pid) in ("", own):
        if guard.poll() is not None or not deadline.pause(0.005):
            raise LabError("the namespaces could not be made (unshare failed)")
    log = work / "slirp4netns.log"
    ready, tell_ready = os.pipe()
    slirp = daemons.start(
        [
            tool(root, "slirp4netns"),
            "--configure",
            "--mtu=65520",
            "--disable-host-loopback",
            f"--ready-fd={tell_ready}",
            str(guard.pid),
            "tap0",
        ],
        log=log,
        env={**os.environ, **library_path(root)},
        pass_fds=[tell_ready],
    )
    os.close(tell_ready)
    told = os.read(ready, 1)
    os.close(ready)
    os.write(done, b"1" if told else b"0")
    os.close(done)
    if not told:
        raise LabError(f"slirp4netns is not up ({slirp.poll()}): {tail(log)}")


def _namespace(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""


def _signal_inside(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # it has ended in this very moment
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), number)


def settle_inside(network_up: int, state: Path) -> None:
    """Inside: bring loopback up, point the resolver at slirp4netns, wait for the network."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resolver = state / "resolv.conf"
    resolver.write_text(_RESOLVER)
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True)
    if os.read(network_up, 1) != b"1":
        raise LabError("the network of the namespaces is not up")
    os.close(network_up)
