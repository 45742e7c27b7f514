"""Runs held at each of their events by the lab's AWS (lab/emulator/schedule.py)."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PATH = "/_lab/schedule/"


class Gone(Exception):
    """The run has ended."""


class Late(Exception):
    """The run came to no event in time: it waits for something."""


class Held:
    """A run that is held, known by ``name``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ask("PUT")

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes an SDK's process this run."""
        return {"AWS_SDK_UA_APP_ID": self.name}

    @property
    def headers(self) -> Mapping[str, str]:
        """What makes any other request one of this run."""
        return {"User-Agent": f"app/{self.name}"}

    @property
    def fails(self) -> str:
        """The address of a test that fails."""
        return f"{os.environ['AWS_ENDPOINT_URL']}{PATH}{self.name}/fails"

    def next(self, ends: Any, seconds: float) -> str:
        """Wait until the run is held.

        Args:
            ends: a file or socket that can be read as soon as the run has ended.
            seconds: how long to wait.

        Returns:
            The event.

        Raises:
            Gone: the run has ended.
            Late: nothing came in time.
        """
        link = self._asked("GET")
        with contextlib.closing(link):
            ready, _, _ = select.select([link.sock, ends], [], [], seconds)
            if link.sock in ready:
                return str(json.loads(link.getresponse().read())["event"])
        raise Gone if ready else Late

    def let(self) -> None:
        """Let the event happen that the run is held at."""
        self._ask("POST")

    def free(self) -> None:
        """Let the run go for good."""
        self._ask("DELETE")

    def _ask(self, method: str) -> None:
        with contextlib.closing(self._asked(method)) as link:
            link.getresponse().read()

    def _asked(self, method: str) -> http.client.HTTPConnection:
        """A connection with a request; one that was open for long the lab may have closed."""
        link = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
        link.request(method, PATH + self.name)
        return link
