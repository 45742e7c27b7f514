"""Texts that nobody may see, in whatever form they turn up.

The guarantee: nothing that a run prints, reports or hands on holds a secret that is known by then.
Entries and notes are masked when the run log takes them; errors and outcomes when ``cli.run`` and
``__main__`` take them to be told. Where an error is masked before that, its text is cut there, and
half a secret would not be met again.
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

LENGTH = 8  # characters; what is shorter would be found everywhere
_SAYS_SO = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|(^|_)(KEY|PASS)($|_)")
_ID = "AWS_ACCESS_KEY_ID"  # no secret, and in every request
# What Lambda's runtimes look for, and every trace and message is full of (Lambda developer guide,
# "Defined runtime environment variables").
_PLAIN = frozenset(
    """
    AWS_LAMBDA_DOTNET_PREJIT AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS GEM_PATH LANG
    LD_LIBRARY_PATH NODE_PATH PATH PYTHONPATH TZ
    """.split()
)
# How Lambda refuses an environment that is too large: with all of it, cut at some length.
_QUOTED = re.compile(r"(String measured: )\{.*")


def says_secret(name: str) -> bool:
    """Whether a variable's name says that it is a secret, as AWS_SESSION_TOKEN does."""
    return bool(_SAYS_SO.search(name.upper())) and name != _ID


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """The values of variables whose names say that they are secrets."""
    return [value for name, value in environ.items() if says_secret(name)]


class Secrets:
    """What a run must not tell; any thread may add to it.

    What the settings or a variable's name call a secret is one. So is every value of an environment
    that a function has in AWS, for nobody knows which of them are, unless all may read it anyway.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._certain: set[str] = set()
        self._found: set[str] = set()
        self._shown: set[str] = set()
        self._mask: SecretMask | None = SecretMask()

    def add(self, secrets: Iterable[str]) -> None:
        """Add what is a secret whatever else is known of it."""
        self._more(self._certain, secrets)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add the values of an environment that a function has."""
        values = (v for name, v in environment.items() if name not in _PLAIN and len(v) >= LENGTH)
        self._more(self._found, values)

    def show(self, texts: Iterable[str]) -> None:
        """Tell what all may read: no part of it is a secret because an environment has it too."""
        self._more(self._shown, texts)

    def add_function(self, state: FunctionState) -> None:
        """Add the values of a function's environment; the rest of its state is no secret."""
        self.show(state.shown)
        self.add_environment(state.environment)

    def hide(self, text: str) -> str:
        """A text without secrets."""
        with self._lock:
            if self._mask is None:
                shown = "\0".join(self._shown)
                self._mask = SecretMask(self._certain | {v for v in self._found if v not in shown})
            mask = self._mask
        return mask(text)

    def _more(self, collected: set[str], texts: Iterable[str]) -> None:
        with self._lock:
            new = set(texts) - collected
            collected |= new
            if new:
                self._mask = None


class SecretMask:
    """Takes secrets out of texts.

    Args:
        secrets: the texts to hide. What is shorter than ``LENGTH`` is left out.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)  # one may hold another

    def __call__(self, text: str) -> str:
        """A text without secrets."""
        for form in self._forms:
            text = text.replace(form, "***")
        return _QUOTED.sub(r"\1***", text)


@functools.cache
def _forms(secret: str) -> frozenset[str]:
    return frozenset(_written(secret))


def _written(secret: str) -> Iterator[str]:
    """A secret and each of its lines, as they are and as programs write them."""
    for text in {secret, *secret.splitlines()}:
        if len(text.strip()) < LENGTH:
            continue
        yield from (text, text.strip())
        once = {write(text) for write in _WRITERS}
        yield from once
        yield from (write(each) for each in once for write in _WRITERS)  # JSON within JSON, say
        data = text.encode("utf-8", "surrogateescape")
        for before in range(3):  # bytes of something else that share its first character
            encoded = base64.b64encode(bytes(before) + data).decode()
            whole = encoded[(0, 2, 3)[before] : (len(data) + before) * 8 // 6]
            yield from (whole, whole.translate(str.maketrans("+/", "-_")))


def _address(text: str, write: Callable[..., str], **how: str) -> str:
    return write(text, errors="surrogateescape", **how)


# Python, JSON and addresses; a text without special characters is the same in all of them.
_WRITERS: tuple[Callable[[str], str], ...] = (
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: _address(text, quote),
    lambda text: _address(text, quote, safe=""),
    lambda text: _address(text, quote_plus),
)
