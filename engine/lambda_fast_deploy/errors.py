"""What can go wrong, and what the person who reads it can do about it.

    DeployError
    |- Invalid        exit 2: the input or the configuration is wrong; nothing was touched
    |- NotReady       exit 3: credentials, permission, Docker, network; nothing was touched
    |  |- Unreachable
    |  |  |- NotUnderstood  what answered is not AWS, or not as it is known
    |  |  |- Unanswered
    |  |- NotPermitted  IAM does not let the caller do it
    |- DeployFailed   exit 1: the deployment failed and the previous state stands again
    |  |- Refused     AWS or a registry answered with an error
    |  |  |- Unavailable
    |  |  |- NotFound
    |  |  |- Conflict
    |  |  |  |- Overtaken  what this run had found, and stood on, was taken back
    |  |  |- ImageRefused  Lambda cannot read the image's layers
    |  |- Exchanged   what AWS took is not what this run made
    |  |- BuildFailed
    |  |  |- PushFailed    an image was made, and the registry did not take it
    |  |- GateFailed  the new version did not pass its tests
    |  |- Cancelled   somebody stopped the run
    |- Interrupted    exit 130: by Ctrl-C, in a command that deploys nothing
    |- NotRestored    exit 4: failed, and something could not be put back

The cause stands on the first line of the message, the remedy after it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EXIT_CODES = {
    0: "done, or nothing to do",
    1: "the deployment failed, and the previous state stands again; of several functions, those "
    "that did not fail stay deployed",
    2: "invalid input or configuration; nothing was touched",
    3: "the environment is not ready (credentials, permission, Docker); nothing was touched",
    4: "failed and could not be fully restored; the report says what is left",
}


LONGEST = 1000  # characters of a problem; a value that is quoted in it can be of any length
_SHOWN = 200  # characters of a path's beginning and of its end


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file's line, or an input of the action."""

    source: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.shown}:{self.line}" if self.line else self.shown

    @property
    def shown(self) -> str:
        """The source as messages have it: a long path is cut, which must come after masking."""
        cut = len(self.source) > 2 * _SHOWN
        return f"{self.source[:_SHOWN]}…{self.source[-_SHOWN:]}" if cut else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input."""

    message: str
    place: Place

    def __str__(self) -> str:
        says = self.message
        if len(says) > LONGEST:  # cut where it is shown: nobody hides half a secret
            says = f"{says[:LONGEST]}… ({len(says)} characters)"
        return f"{self.place}: {says}"


class DeployError(Exception):
    """Something the user must know; never shown as a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return "\n".join(part for part in (self.message, self.detail, self.remedy) if part)

    def after(self, changes: Sequence[str]) -> None:
        """Let it say what had been done when it came: then it is not so that nothing was touched.

        Args:
            changes: what had been done, for people.
        """
        if changes:
            self.exit_code = 1 if self.exit_code in (2, 3) else self.exit_code
            done = [f"- {change}" for change in dict.fromkeys(changes)]
            told = [self.detail, "What was done before that stays, for the next run:", *done]
            self.detail = "\n".join(filter(None, told))

    def hide(self, hidden: Callable[[str], str]) -> None:
        """Let ``hidden`` take secrets out of what it says."""
        self.message, self.detail = hidden(self.message), hidden(self.detail)
        self.remedy = hidden(self.remedy)


class Invalid(DeployError):
    """Every problem of the input at once."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.place.source, p.place.line)))
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
    """Nothing answered; whether a change was made is not known."""


class NotUnderstood(Unreachable):
    """What was answered has not the shape of AWS's API."""


class AnswerTimeout(Unreachable):
    """It was asked, and nothing was heard in the time that an answer may take."""


class NotPermitted(NotReady):
    """IAM does not let the caller do it."""


class DeployFailed(DeployError):
    """The deployment failed; what was changed has been put back."""


# What a machine's disk says (errno.h), in Python's, uv's and npm's words.
_FULL = "no space left on device"
_OF_THE_MACHINE = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT),
        "The disk is full: make room, or let TMPDIR and XDG_CACHE_HOME name folders with more.",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "Let this user read and write what is named."
    ),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "Let more files be open: ulimit -n."),
    errno.EIO: "The disk or what it hangs on is broken.",
}


def disk_full(what: str, said: str) -> None:
    """Raise what is to be told if a program that failed has met a full disk.

    Args:
        what: what was being made.
        said: the last lines of the program's output.

    Raises:
        NotReady: it has.
    """
    if full := next((line for line in said.splitlines() if _FULL in line.lower()), ""):
        raise NotReady(
            f"{what} cannot be made: No space left on device",
            detail=full.strip(),
            remedy=_OF_THE_MACHINE[errno.ENOSPC],
        )


def unexpected(error: Exception) -> DeployFailed:
    """What is shown of an error that nobody has met; to be called while it is handled.

    It is a fault of ours, unless the machine says that it has no room or gives no leave.
    """
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        says = ": ".join(filter(None, [str(error.filename or ""), str(error.strerror)]))
        return DeployFailed(says, remedy=_OF_THE_MACHINE[error.errno])
    from traceback import format_exc

    return DeployFailed(
        f"unexpected {error!r}",
        detail=format_exc(),
        remedy="This is a fault of lambda-fast-deploy; please report it with these lines.",
    )


class Refused(DeployFailed):
    """AWS or a registry answered with an error; ``code`` is AWS's, or the status of HTTP.

    ``repeated``: it was not the first answer to this call, and an earlier one may have been lost;
    so the refusal may be of what this run itself has done by then.
    """

    def __init__(self, message: str, *, code: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.repeated = False


class Unavailable(Refused):
    """AWS or a registry was busy, or failed itself; whether a change was made is not known."""


def passes(error: BaseException) -> bool:
    """Whether an error is one that passes by itself: what was asked is worth another try."""
    lost = isinstance(error, Unavailable | Unreachable)
    return lost and not isinstance(error, NotUnderstood)


class NotFound(Refused):
    """The thing that was asked for does not exist."""


class Conflict(Refused):
    """Somebody else changed the same thing in the meantime."""


class ChangedMeanwhile(Conflict):
    """What another run had made, and this one stood on, is not there any more; look again."""


class FunctionUnusable(Refused):
    """Lambda changes nothing of a function that is in such a state; it can be deleted."""


class ImageRefused(Refused):
    """Lambda cannot read the image, perhaps because of how its layers are compressed."""


class ContentMismatch(DeployFailed):
    """What AWS took is not what this run made: the object in the bucket is another one.

    ``sha256`` is that of what it took, as Lambda's ``CodeSha256``.
    """

    def __init__(self, what: str, wanted: str, sha256: str) -> None:
        super().__init__(
            f"Lambda took other bytes for {what} than this run made: CodeSha256 {sha256}, not "
            f"{wanted}",
            remedy="The object in the bucket was exchanged meanwhile: see who may write there.",
        )
        self.sha256 = sha256


class BuildFailed(DeployFailed):
    """An image, a layer or an archive could not be made."""


class PushFailed(BuildFailed):
    """The registry did not take an image; ``login_refused`` when the login was at fault."""

    def __init__(
        self, message: str, *, remedy: str = "", detail: str = "", login_refused: bool = False
    ) -> None:
        super().__init__(message, remedy=remedy, detail=detail)
        self.login_refused = login_refused


class FunctionTestFailed(DeployFailed):
    """The new version did not pass a test."""


class Cancelled(DeployFailed):
    """The run was stopped by a signal; what it had changed is put back."""


class Interrupted(DeployError):
    """Ctrl-C, where there is nothing to undo; the exit code is a shell's for SIGINT."""

    exit_code = 130


class NotRestored(DeployError):
    """The deployment failed and the previous state could not be fully restored."""

    exit_code = 4
