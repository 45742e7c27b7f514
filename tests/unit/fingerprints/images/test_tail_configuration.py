"""The attributes and the history of an image; tests/judges compares them with BuildKit."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.tail import tail_of
from lambda_fast_deploy.fingerprints.images.tail_configuration import with_settings
from lambda_fast_deploy.fingerprints.images.tail_layers import UncertainLayer
from lambda_fast_deploy.models.image_layers import Donor

ATTRIBUTES = {
    "Env": ["A=old", "TASK=/var/task", "B=old"],
    "Labels": {"kept": "1", "a": "old"},
    "Cmd": ["old"],
    "WorkingDir": "/srv",
}


def made(tail: str) -> tuple[dict[str, Any], list[str]]:
    """The attributes of an image with this tail, and its history."""
    dockerfile = read(f"FROM a\nWORKDIR /\n{tail}\n")
    tail_ = tail_of(dockerfile, dockerfile.stages[-1], {})
    history = [{"created_by": "old", "created": "then"} for _ in range(1 + len(tail_.instructions))]
    donor = Donor({}, "", {"os": "linux", "config": ATTRIBUTES, "history": history})
    image = with_settings(tail_, donor).configuration
    assert image["os"] == "linux"
    assert {each["created"] for each in image["history"]} == {"then"}
    return image["config"], [each["created_by"] for each in image["history"]]


def test_a_tail_sets_its_values_and_nothing_else() -> None:
    attributes, history = made(
        'ENV A="x y" B=$TASK\nLABEL a=b\nCMD ["c", "d e"]\nUSER 5\nSTOPSIGNAL SIGINT\nARG X=1'
    )
    assert attributes == {
        "Env": ["A=x y", "TASK=/var/task", "B=/var/task"],
        "Labels": {"kept": "1", "a": "b"},
        "Cmd": ["c", "d e"],
        "User": "5",
        "StopSignal": "SIGINT",
        "WorkingDir": "/srv",
    }
    assert history == [
        "old",
        "ENV A=x y B=/var/task",
        "LABEL a=b",
        'CMD ["c" "d e"]',
        "USER 5",
        "STOPSIGNAL SIGINT",
        "ARG X=1",
    ]


def test_what_is_not_known_stays_as_it_is() -> None:
    attributes, history = made("COPY app /x\nCMD run\nEXPOSE 80\nCOPY --link app $TASK/y")
    assert attributes == ATTRIBUTES
    assert history == ["old", "old", "old", "old", "COPY app /var/task/y # buildkit"]


def test_a_variable_that_nothing_sets_is_uncertain() -> None:
    with pytest.raises(UncertainLayer, match="in line 3 is not known"):
        made("ENV C=$UNKNOWN")
