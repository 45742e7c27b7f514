"""Texts that nobody may see, in whatever form they turn up."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

LENGTH = 8  # characters; what is shorter would be found everywhere
_SAYS_SO = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|(^|_)(KEY|PASS)($|_)")
_ID = "AWS_ACCESS_KEY_ID"  # no secret, and in every request


def says_secret(name: str) -> bool:
    """Whether a variable's name says that it is a secret, as AWS_SESSION_TOKEN does."""
    return bool(_SAYS_SO.search(name.upper())) and name != _ID


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """The values of variables whose names say that they are secrets."""
    return [value for name, value in environ.items() if says_secret(name)]


class Mask:
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
        return text


def _forms(secret: str) -> Iterator[str]:
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
