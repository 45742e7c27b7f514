"""The grammar of tests and of canaries."""

from __future__ import annotations

from lambda_fast_deploy.config.records import Key, RecordShape
from lambda_fast_deploy.config.shapes import (
    AnyValue,
    ChoiceShape,
    IntegerShape,
    ListOf,
    MapOf,
    OneOf,
    PercentShape,
    QuantityShape,
    TextShape,
)

# RFC 9110, section 5.5; what Python sends is ISO 8859-1
_FIELD = r"[\t\x20-\x7e\x80-\xff]*"
_BUCKET = TextShape(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name")
OWNER = Key(
    TextShape(r"\d{12}", "the number of an account (12 digits)"),
    "account that the bucket belongs to, which every call of S3 checks; default that of the "
    "credentials",
)


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

TEST = RecordShape(
    {
        "http": Key(
            TextShape(
                r"(/|https?://)[!-~]*",
                "a path that begins with /, or an address, with %20 for a blank and the like",
            ),
            "request that must be answered: a path of the function, or a whole address (of an API, "
            "a domain), which is asked when users have the new version",
        ),
        "method": Key(TextShape(r"[A-Z]+", "a method such as POST"), "of the request; default GET"),
        "headers": Key(
            MapOf(
                TextShape(_FIELD, "one line of printable characters, of ISO 8859-1"),
                r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",
                "a header's name",
            ),
            "of the request",
        ),
        "body": Key(TextShape(".*"), "of the request"),
        "auth": Key(
            ChoiceShape(("iam",)), "sign the request to a whole address with the run's credentials"
        ),
        "event": Key(
            ChoiceShape(("http", "rest", "alb")),
            "event that a request becomes before users have the new version: as a function URL or "
            "an HTTP API sends it (http), a REST API (rest), or a load balancer (alb); default "
            "http, and rest in a stack that has no API but REST ones",
        ),
        "status": Key(IntegerShape(100, 599, "as an HTTP status"), "expected status; default 200"),
        "invoke": Key(AnyValue(), "event to invoke the function with"),
        "json": Key(
            MapOf(AnyValue()),
            "keys that the JSON answer must have, with these values; a.b is b in a",
        ),
        "faster-than": Key(QuantityShape("duration"), "time in which each answer must come"),
        "command": Key(
            ListOf(TextShape(r"[^\0]+", "an argument")),
            "program and arguments; it gets FUNCTION_NAME, FUNCTION_VERSION, FUNCTION_ALIAS, "
            "FUNCTION_URL and AWS_REGION, and passes with status 0",
        ),
        "s3": Key(
            RecordShape(
                {
                    "bucket": Key(_BUCKET, "bucket that the function stores in", required=True),
                    "path": Key(
                        TextShape(r"/.*\{key\}.*", "a path that begins with / and holds {key}"),
                        "path of the function's API that takes PUT and GET of an object",
                        required=True,
                    ),
                    "prefix": Key(
                        TextShape(".*"), "where {key} is stored in the bucket, if not at its root"
                    ),
                    "owner": OWNER,
                }
            ),
            "write and read back through the API and in the bucket",
        ),
        "when": Key(
            OneOf(WHEN, ListOf(WHEN)),
            "when it runs: all that is named must fit, or one of a list; default always, for s3 "
            "{flag: test-s3}. [test-all], a release and a tag run every test",
        ),
        "within": Key(
            QuantityShape("duration"),
            "time in which it must pass, its answers included; default 30s",
        ),
    },
    one_of=("http", "invoke", "s3", "command"),
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
