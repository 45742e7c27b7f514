"""The grammar of tests and of canaries."""

from __future__ import annotations

from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    ChoiceShape,
    ListOf,
    OneOf,
    PercentShape,
    QuantityShape,
    TextShape,
)
from lambda_fast_deploy.testing.kinds import KINDS


def _words(wanted: str, pattern: str = ".+") -> OneOf:
    return OneOf(TextShape(pattern, wanted), ListOf(TextShape(pattern, wanted)))


WHEN = RecordShape(
    {
        "flag": Key(_words("a flag", r"[A-Za-z0-9-]+"), "the commit message has [flag]"),
        "event": Key(_words("an event", r"[a-z_]+"), "the event's name, such as release"),
        "branch": Key(_words("a branch"), "the branch's name, * and ? allowed"),
        "tag": Key(_words("a tag"), "the tag's name, * and ? allowed"),
        "path": Key(_words("a path"), "a file that changed, * and ? allowed"),
    }
)

_DEFAULTS = "".join(
    f", for {kind.key} {{flag: {flag}}}"
    for kind in KINDS
    for condition in kind.default_when
    for flag in condition.flag
)

TEST = RecordShape(
    {
        **{name: key for kind in KINDS for name, key in kind.keys.items()},
        "when": Key(
            OneOf(WHEN, ListOf(WHEN)),
            "when it runs: all that is named must fit, or one of a list; default "
            f"always{_DEFAULTS}. [test-all], a release and a tag run every test",
        ),
        "within": Key(
            QuantityShape("duration"),
            "time in which it must pass, its answers included; default 30s",
        ),
    },
    one_of=tuple(kind.key for kind in KINDS),
)

CANARY = RecordShape(
    {
        "weight": Key(PercentShape(), "part of the calls that the new version gets", required=True),
        "for": Key(QuantityShape("duration"), "time before it gets all of them", required=True),
        "alarms": Key(
            ListOf(TextShape(r".{1,255}", "an alarm's name")),
            "CloudWatch alarms that must not go off",
        ),
        "max-error-rate": Key(PercentShape(), "part of its calls that may fail; default none"),
        "unseen": Key(
            ChoiceShape(("fail", "pass")),
            "what comes of it when CloudWatch shows no call of the new version; default fail",
        ),
    }
)
