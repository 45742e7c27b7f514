"""The grammar of tests and of canaries."""

from __future__ import annotations

from lambda_fast_deploy.models.function_tests import UNSEEN, WITHIN
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


def _words(expected: str, pattern: str = ".+") -> OneOf:
    return OneOf(TextShape(pattern, expected), ListOf(TextShape(pattern, expected)))


WHEN = RecordShape(
    {
        "flag": Key(_words("a flag", r"[A-Za-z0-9-]+"), "the commit message has [flag]"),
        "event": Key(_words("an event", r"[a-z_]+"), "name of the event, such as release"),
        "branch": Key(_words("a branch"), "name of the branch; * and ? are wildcards"),
        "tag": Key(_words("a tag"), "name of the tag; * and ? are wildcards"),
        "path": Key(_words("a path"), "path of a changed file; * and ? are wildcards"),
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
            "when it runs: if all conditions of an entry hold, of a list at least one entry; "
            "[test-all], releases and tags run every test",
            otherwise=f"always{_DEFAULTS}",
        ),
        "within": Key(
            QuantityShape("duration"), "time limit, including retries", default=f"{WITHIN:g}s"
        ),
    },
    one_of=tuple(kind.key for kind in KINDS),
)

CANARY = RecordShape(
    {
        "weight": Key(PercentShape(), "share of the traffic for the new version", required=True),
        "for": Key(QuantityShape("duration"), "time until it gets all traffic", required=True),
        "alarms": Key(
            ListOf(TextShape(r".{1,255}", "an alarm's name")),
            "CloudWatch alarms that fail the canary in ALARM state",
        ),
        "max-error-rate": Key(
            PercentShape(), "highest share of its calls that may fail", otherwise="no limit"
        ),
        "unseen": Key(
            ChoiceShape(("fail", "pass")),
            "result of the canary if CloudWatch shows no calls of the new version",
            default=UNSEEN,
        ),
    }
)
