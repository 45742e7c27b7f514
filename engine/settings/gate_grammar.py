"""The grammar of tests and of canaries."""

from __future__ import annotations

from engine.settings.schema import (
    Anything,
    Choice,
    Key,
    ListOf,
    MapOf,
    Measure,
    OneOf,
    Record,
    Share,
    Text,
    Whole,
)

# RFC 9110, section 5.5; what Python sends is ISO 8859-1
_FIELD = r"[\t\x20-\x7e\x80-\xff]*"
_BUCKET = Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name")
OWNER = Key(
    Text(r"\d{12}", "the number of an account (12 digits)"),
    "account that the bucket belongs to, which every call of S3 checks; default that of the "
    "credentials",
)


def _words(wanted: str, pattern: str = ".+") -> OneOf:
    return OneOf(Text(pattern, wanted), ListOf(Text(pattern, wanted)))


WHEN = Record(
    {
        "flag": Key(_words("a flag", r"[A-Za-z0-9-]+"), "the commit message has [flag]"),
        "event": Key(_words("an event", r"[a-z_]+"), "the event's name, such as release"),
        "branch": Key(_words("a branch"), "the branch's name, * and ? allowed"),
        "tag": Key(_words("a tag"), "the tag's name, * and ? allowed"),
        "path": Key(_words("a path"), "a file that changed, * and ? allowed"),
    }
)

TEST = Record(
    {
        "http": Key(
            Text(
                r"(/|https?://)[!-~]*",
                "a path that begins with /, or an address, with %20 for a blank and the like",
            ),
            "request that must be answered: a path of the function, or a whole address (of an API, "
            "a domain), which is asked when users have the new version",
        ),
        "method": Key(Text(r"[A-Z]+", "a method such as POST"), "of the request; default GET"),
        "headers": Key(
            MapOf(
                Text(_FIELD, "one line of printable characters, of ISO 8859-1"),
                r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",
                "a header's name",
            ),
            "of the request",
        ),
        "body": Key(Text(".*"), "of the request"),
        "auth": Key(
            Choice(("iam",)), "sign the request to a whole address with the run's credentials"
        ),
        "event": Key(
            Choice(("http", "rest", "alb")),
            "event that a request becomes before users have the new version: as a function URL or "
            "an HTTP API sends it (http), a REST API (rest), or a load balancer (alb); default "
            "http, and rest in a stack that has no API but REST ones",
        ),
        "status": Key(Whole(100, 599, "as an HTTP status"), "expected status; default 200"),
        "invoke": Key(Anything(), "event to invoke the function with"),
        "json": Key(
            MapOf(Anything()),
            "keys that the JSON answer must have, with these values; a.b is b in a",
        ),
        "faster-than": Key(Measure("duration"), "time in which each answer must come"),
        "command": Key(
            ListOf(Text(r"[^\0]+", "an argument")),
            "program and arguments; it gets FUNCTION_NAME, FUNCTION_VERSION, FUNCTION_ALIAS, "
            "FUNCTION_URL and AWS_REGION, and passes with status 0",
        ),
        "s3": Key(
            Record(
                {
                    "bucket": Key(_BUCKET, "bucket that the function stores in", required=True),
                    "path": Key(
                        Text(r"/.*\{key\}.*", "a path that begins with / and holds {key}"),
                        "path of the function's API that takes PUT and GET of an object",
                        required=True,
                    ),
                    "prefix": Key(
                        Text(".*"), "where {key} is stored in the bucket, if not at its root"
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
            Measure("duration"),
            "time in which it must pass, its answers included; default 30s",
        ),
    },
    one_of=("http", "invoke", "s3", "command"),
)

CANARY = Record(
    {
        "weight": Key(Share(), "part of the calls that the new version gets", required=True),
        "for": Key(Measure("duration"), "time before it gets all of them", required=True),
        "alarms": Key(
            ListOf(Text(r".{1,255}", "an alarm's name")), "CloudWatch alarms that must not go off"
        ),
        "max-error-rate": Key(Share(), "part of its calls that may fail; default none"),
        "unseen": Key(
            Choice(("fail", "pass")),
            "what comes of it when CloudWatch shows no call of the new version; default fail",
        ),
    }
)
