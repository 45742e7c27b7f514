"""The errors of a run, each with a message for the person who must act.

    DeployError
    |- Invalid        exit 2: the input or the configuration is wrong; nothing was changed
    |- NotReady       exit 3: credentials, permission, Docker, network; nothing was changed
    |  |- Unreachable
    |  |  |- NotUnderstood  the response is not in the format of AWS's API
    |  |  |- AnswerTimeout  no response in time
    |  |- NotPermitted  IAM denies it to the caller
    |- DeployFailed   exit 1: the deployment failed and was rolled back
    |  |- Refused     AWS or a registry answered with an error
    |  |  |- Unavailable
    |  |  |- NotFound
    |  |  |- Conflict
    |  |  |  |- ChangedMeanwhile  another run rolled back what this run had read
    |  |  |- FunctionUnusable  the function is in a state that allows no changes
    |  |  |- ImageRefused  Lambda cannot read the image's layers
    |  |- ContentMismatch  AWS received other content than this run built
    |  |- BuildFailed
    |  |  |- PushFailed    the image was built, but the registry refused it
    |  |- FunctionTestFailed  the new version failed a test
    |  |- Cancelled   a signal stopped the run
    |- Interrupted    exit 130: by Ctrl-C, in a command that deploys nothing
    |- NotRestored    exit 4: failed, and the rollback is incomplete

The first line of a message is the cause. The remedy follows it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXIT_CODES = {
    0: "done, or nothing to do",
    1: "the deployment failed and was rolled back; functions that succeeded stay deployed",
    2: "invalid input or configuration; nothing was changed",
    3: "the environment is not ready (credentials, permissions, Docker); nothing was changed",
    4: "the deployment failed and the rollback is incomplete; the report lists what to fix",
}


LONGEST = 1000  # characters of a problem; a quoted value can be of any length
_SHOWN = 200  # characters of the start and of the end of a path


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a value: a line of a file, or an input of the action."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.shown}:{self.line}" if self.line else self.shown

    @property
    def shown(self) -> str:
        """The source for messages; a long path is shortened, so mask secrets first."""
        cut = len(self.source) > 2 * _SHOWN
        return f"{self.source[:_SHOWN]}…{self.source[-_SHOWN:]}" if cut else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in the input; ``is_of_key``: of a key itself, which can cause other problems."""

    message: str
    place: Place
    is_of_key: bool = False

    def __str__(self) -> str:
        text = self.message
        if len(text) > LONGEST:  # shortened only here: half a secret could not be masked
            text = f"{text[:LONGEST]}… ({len(text)} characters)"
        return f"{self.place}: {text}"


class DeployError(Exception):
    """An error for the user; its output has no traceback."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return "\n".join(part for part in (self.message, self.detail, self.remedy) if part)

    def after(self, changes: Sequence[str]) -> None:
        """Add the changes made before the error; an exit code for "no changes" becomes 1.

        Args:
            changes: descriptions of the changes.
        """
        if changes:
            self.exit_code = 1 if self.exit_code in (2, 3) else self.exit_code
            items = [f"- {change}" for change in dict.fromkeys(changes)]
            lines = [self.detail, "These changes were made before and stay for the next run:"]
            self.detail = "\n".join(filter(None, [*lines, *items]))

    def hide(self, hidden: Callable[[str], str]) -> None:
        """Mask secrets in its texts by ``hidden``."""
        self.message, self.detail = hidden(self.message), hidden(self.detail)
        self.remedy = hidden(self.remedy)


class Invalid(DeployError):
    """All problems of the input: those of keys first, then in the order of their places."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(
            sorted(problems, key=lambda p: (not p.is_of_key, p.place.source, p.place.line))
        )
        super().__init__("\n".join(map(str, self.problems)))

    def hide(self, hidden: Callable[[str], str]) -> None:
        self.problems = tuple(
            Problem(hidden(p.message), Place(hidden(p.place.source), p.place.line))
            for p in self.problems
        )
        self.message = "\n".join(map(str, self.problems))
        super().hide(hidden)


class NotReady(DeployError):
    """The environment is not ready for a deployment."""

    exit_code = 3


class Unreachable(NotReady):
    """There was no response; whether a change was made is unknown."""


class NotUnderstood(Unreachable):
    """The response does not have the format of AWS's API."""


class AnswerTimeout(Unreachable):
    """The request was sent, but there was no response in time."""


class NotPermitted(NotReady):
    """IAM denies the call to the caller."""


class DeployFailed(DeployError):
    """The deployment failed; the run has rolled its changes back."""


# The message of ENOSPC (errno.h), as Python, uv and npm print it.
_FULL = "no space left on device"
_REMEDIES = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT),
        "The disk is full: free space, or set TMPDIR and XDG_CACHE_HOME to folders with more.",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "Allow this user to read and write the file."
    ),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "Raise the limit of open files: ulimit -n."),
    errno.EIO: "Check the disk for hardware errors.",
}


def disk_full(what: str, output: str) -> None:
    """Raise an error if a program failed because of a full disk.

    Args:
        what: what the program was building.
        output: the last lines of the program's output.

    Raises:
        NotReady: the disk is full.
    """
    if line := next((line for line in output.splitlines() if _FULL in line.lower()), ""):
        raise NotReady(
            f"{what} cannot be built: No space left on device",
            detail=line.strip(),
            remedy=_REMEDIES[errno.ENOSPC],
        )


def unexpected(error: Exception) -> DeployFailed:
    """The error to show for an unforeseen exception; call it in the handler of the exception.

    It is reported as a bug, unless its errno is one of the machine, such as a full disk.
    """
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        message = ": ".join(filter(None, [str(error.filename or ""), str(error.strerror)]))
        return DeployFailed(message, remedy=_REMEDIES[error.errno])
    from traceback import format_exc

    return DeployFailed(
        f"unexpected {error!r}",
        detail=format_exc(),
        remedy="This is a bug in lambda-fast-deploy. Please report it with the traceback above.",
    )


class Refused(DeployFailed):
    """AWS or a registry answered with an error; ``code`` is that of AWS, or the HTTP status.

    ``repeated``: the call was a retry. The response to an earlier attempt may have been lost, so
    the refusal may be caused by what this run has done itself. ``members`` are those of
    AWS's error.
    """

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.repeated = False
        self.members: Mapping[str, Any] = {}


class Unavailable(Refused):
    """AWS or a registry was busy or had an error; whether a change was made is unknown."""


def passes(error: BaseException) -> bool:
    """Whether an error is temporary, so that a retry may succeed."""
    lost = isinstance(error, Unavailable | Unreachable)
    return lost and not isinstance(error, NotUnderstood)


class NotFound(Refused):
    """The resource does not exist."""


class Conflict(Refused):
    """The resource was changed outside this run in the meantime."""


class ChangedMeanwhile(Conflict):
    """Another run rolled back what this run had read and relied on; read it again."""


class FunctionUnusable(Refused):
    """The function is in a state that allows only its deletion."""


class ImageRefused(Refused):
    """Lambda cannot read the image, perhaps because of how its layers are compressed."""


class ContentMismatch(DeployFailed):
    """AWS received other content than this run built: the object in the bucket was replaced.

    ``sha256`` is that of the received content, as Lambda's ``CodeSha256``.
    """

    def __init__(self, what: str, expected: str, sha256: str) -> None:
        super().__init__(
            f"Lambda received other content for {what} than this run built: CodeSha256 {sha256} "
            f"instead of {expected}",
            remedy="The object in the bucket was replaced. Check who may write to the bucket.",
        )
        self.sha256 = sha256


class BuildFailed(DeployFailed):
    """An image, a layer or a zip could not be built."""


class PushFailed(BuildFailed):
    """The registry refused an image; ``login_refused`` if it refused the login."""

    def __init__(
        self, message: str, *, remedy: str = "", detail: str = "", login_refused: bool = False
    ) -> None:
        super().__init__(message, remedy=remedy, detail=detail)
        self.login_refused = login_refused


class FunctionTestFailed(DeployFailed):
    """The new version failed a test."""


class Cancelled(DeployFailed):
    """A signal stopped the run, which rolls its changes back."""


class Interrupted(DeployError):
    """Ctrl-C in a command without changes to roll back; a shell's exit code for SIGINT."""

    exit_code = 130


class NotRestored(DeployError):
    """The deployment failed and the rollback is incomplete."""

    exit_code = 4
