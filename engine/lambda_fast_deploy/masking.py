"""Masks secrets in all forms in which programs write them.

The guarantee: no output, report or result of a run contains a secret that the run has read by then.
The run log masks entries and notes; ``cli.run`` and ``__main__`` mask errors and outcomes before
they print them. Code that shortens a text masks it first, because half a secret cannot be masked.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from lambda_fast_deploy.models import FunctionState

LENGTH = 8  # characters; shorter values would match ordinary text
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|(^|_)(KEY|PASS)($|_)")
_ID = "AWS_ACCESS_KEY_ID"  # not a secret, and part of every request
# Variables of Lambda's runtimes whose values appear in many messages (Lambda developer guide,
# "Defined runtime environment variables").
_PLAIN = frozenset(
    """
    AWS_LAMBDA_DOTNET_PREJIT AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS GEM_PATH LANG
    LD_LIBRARY_PATH NODE_PATH PATH PYTHONPATH TZ
    """.split()
)
# Lambda's error about an environment that is too large contains it, shortened.
_QUOTED = re.compile(r"(String measured: )\{.*")


def says_secret(name: str) -> bool:
    """Whether a variable has the name of a secret, such as AWS_SESSION_TOKEN."""
    return bool(_SECRET_NAME.search(name.upper())) and name != _ID


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """The values of variables with names of secrets."""
    return [value for name, value in environ.items() if says_secret(name)]


class Secrets:
    """The secrets of a run; thread-safe.

    These are the secrets of the settings, the values of variables with names of secrets, and all
    values of the environments of functions in AWS, except those that the output shows anyway.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._certain: set[str] = set()
        self._possible: set[str] = set()
        self._shown: set[str] = set()
        self._mask: SecretMask | None = SecretMask()

    def add(self, secrets: Iterable[str]) -> None:
        """Add texts that are always masked."""
        self._extend(self._certain, secrets)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add the values of a function's environment."""
        values = (v for name, v in environment.items() if name not in _PLAIN and len(v) >= LENGTH)
        self._extend(self._possible, values)

    def show(self, texts: Iterable[str]) -> None:
        """Add texts that are public: values of environments in them are not masked."""
        self._extend(self._shown, texts)

    def add_function(self, state: FunctionState) -> None:
        """Add the values of a function's environment; the rest of its state is public."""
        self.show(state.shown)
        self.add_environment(state.environment)

    def hide(self, text: str) -> str:
        """A text without secrets."""
        with self._lock:
            if self._mask is None:
                shown = "\0".join(self._shown)
                hidden = {value for value in self._possible if value not in shown}
                self._mask = SecretMask(self._certain | hidden)
            mask = self._mask
        return mask(text)

    def _extend(self, existing: set[str], texts: Iterable[str]) -> None:
        with self._lock:
            new = set(texts) - existing
            existing |= new
            if new:
                self._mask = None


class SecretMask:
    """Replaces secrets in texts by asterisks.

    Args:
        secrets: the texts to mask. Those shorter than ``LENGTH`` are ignored.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # one may contain another

    def __call__(self, text: str) -> str:
        """A text without secrets."""
        for form in self._forms:
            text = text.replace(form, "***")
        return _QUOTED.sub(r"\1***", text)


@functools.cache
def _forms(secret: str) -> frozenset[str]:
    return frozenset(_encodings(secret))


def _encodings(secret: str) -> Iterator[str]:
    """A secret and each of its lines, plain and as programs encode them."""
    for text in {secret, *secret.splitlines()}:
        if len(text.strip()) < LENGTH:
            continue
        yield from (text, text.strip())
        once = {write(text) for write in _WRITERS}
        yield from once
        yield from (write(each) for each in once for write in _WRITERS)  # such as JSON in JSON
        data = text.encode("utf-8", "surrogateescape")
        for before in range(3):  # bytes of other data in its first base64 character
            encoded = base64.b64encode(bytes(before) + data).decode()
            whole = encoded[(0, 2, 3)[before] : (len(data) + before) * 8 // 6]
            yield from (whole, whole.translate(str.maketrans("+/", "-_")))


def _quoted(text: str, write: Callable[..., str], **options: str) -> str:
    return write(text, errors="surrogateescape", **options)


# Python, JSON and URLs; a text without special characters is the same in all of them.
_WRITERS: tuple[Callable[[str], str], ...] = (
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: _quoted(text, quote),
    lambda text: _quoted(text, quote, safe=""),
    lambda text: _quoted(text, quote_plus),
)
