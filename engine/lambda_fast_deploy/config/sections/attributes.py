"""The shapes of a function's attributes that are more than a number or a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambda_fast_deploy.config.sections.shared import TAG, TAGS
from lambda_fast_deploy.models import LATEST, Url
from lambda_fast_deploy.models.function_url import cors_of
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    ChoiceShape,
    IntegerShape,
    ListOf,
    MapOf,
    OneOf,
    OrNull,
    PercentShape,
    QuantityShape,
    TextShape,
)

if TYPE_CHECKING:
    from lambda_fast_deploy.config.validation import ValidatedDocument

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
TRUTH = ChoiceShape(("true", "false"))


def arn_or_none(services: str, expected: str) -> TextShape:
    """The ARN of a resource of some services (a pattern), or ``none``."""
    return TextShape(rf"none|arn:aws[a-z-]*:({services}):.+", f"{expected}, or none")


# Logs API, PutRetentionPolicy: retentionInDays
RETENTION = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400),
    *(545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
RETENTION_DAYS = f"one of {', '.join(map(str, RETENTION))} days, or none"
EXECUTIONS = TextShape(r"none|\d{1,6}", "a number of executions, or none")
# Lambda API, OnSuccess and OnFailure: only events that fail can go to a bucket.
ON_SUCCESS = arn_or_none(
    "sqs|sns|lambda|events", "the ARN of a queue, topic, function or event bus"
)
ON_FAILURE = arn_or_none(
    "sqs|sns|lambda|events|s3", "the ARN of a queue, topic, function, event bus or bucket"
)
FUNCTION_TAGS = MapOf(OrNull(TAG), TAGS.name, TAGS.expected)
KMS_KEY = arn_or_none("kms", "the ARN of a KMS key")
DEAD_LETTERS = arn_or_none("sqs|sns", "the ARN of an SQS queue or SNS topic")
FILE_SYSTEMS = MapOf(
    TextShape(
        r"arn:aws[a-z-]*:(elasticfilesystem|s3files):.+:?access-point/.+",
        "the ARN of an access point",
    ),
    r"/mnt/[A-Za-z0-9_.-]+",  # Lambda API, FileSystemConfig
    "a path below /mnt, such as /mnt/data",
)
VPC = RecordShape(
    {
        "subnets": Key(
            ListOf(TextShape(r"subnet-[0-9a-z]+", "a subnet's id")),
            "subnets; [] removes the function from the VPC",
        ),
        "security-groups": Key(
            ListOf(TextShape(r"sg-[0-9a-z]+", "a security group's id")),
            "security groups",
        ),
        "ipv6": Key(
            TRUTH,
            "whether it may use IPv6 in dual-stack subnets",
            otherwise="the current setting",
        ),
    }
)
LOGGING = RecordShape(
    {
        "format": Key(ChoiceShape(("text", "json")), "format of the log"),
        "level": Key(ChoiceShape(LEVELS), "level of the application's log; only with json"),
        "system-level": Key(
            ChoiceShape(LEVELS[1:4]), "level of Lambda's system log; only with json"
        ),
        "group": Key(TextShape(r"[A-Za-z0-9_./#-]{1,512}", "a log group"), "log group"),
        "retention": Key(
            TextShape("|".join(("none", *map(str, RETENTION))), RETENTION_DAYS),
            "days to keep the log; none keeps it for ever",
        ),
    }
)
CONCURRENCY = RecordShape(
    {
        "reserved": Key(EXECUTIONS, "executions reserved for the function; none for no reserve"),
        "provisioned": Key(
            EXECUTIONS, "executions that the alias keeps ready; none for no provision"
        ),
    }
)
ASYNC = RecordShape(
    {
        "retries": Key(IntegerShape(0, 2, "retries"), "retries of an event that fails"),
        "max-age": Key(
            QuantityShape("duration"), "age from which an event is dropped, 60s to 360m"
        ),
        "on-success": Key(ON_SUCCESS, "where to send the results of events"),
        "on-failure": Key(ON_FAILURE, "where to send events that fail"),
    }
)
ALARMS = RecordShape(
    {
        "errors": Key(IntegerShape(0, 10**6, "calls"), "failed invocations in five minutes"),
        "throttles": Key(IntegerShape(0, 10**6, "calls"), "throttled invocations in five minutes"),
        "duration": Key(PercentShape(), "share of the function's timeout"),
        "notify": Key(
            TextShape(r"arn:aws[a-z-]*:sns:.+", "the ARN of an SNS topic"),
            "SNS topic for alarm notifications",
        ),
    }
)
_WORDS = ListOf(TextShape())
_ACCESS = ("public", "iam", "none")
URL = OneOf(
    ChoiceShape(_ACCESS),
    RecordShape(
        {
            "access": Key(ChoiceShape(_ACCESS[:2]), "who may call it", required=True),
            "cors": Key(
                RecordShape(
                    {
                        "origins": Key(_WORDS, "origins that may call it, or *"),
                        "methods": Key(_WORDS, "methods that they may use, or *"),
                        "headers": Key(_WORDS, "headers that they may send"),
                        "expose-headers": Key(_WORDS, "headers of answers that they may read"),
                        "credentials": Key(TRUTH, "whether they may send cookies"),
                        "max-age": Key(
                            QuantityShape("duration"), "how long browsers keep this, up to 1440m"
                        ),
                    }
                ),
                "calls from web pages (CORS); {} allows none",
                otherwise="the current setting",
            ),
            "stream": Key(
                TRUTH,
                "whether it answers while the function still runs",
                otherwise="the current setting",
            ),
        }
    ),
)


def read_url(value: str | Mapping[str, Any]) -> Url:
    """The function URL of checked values."""
    if isinstance(value, str):
        return Url("none" if value == "none" else "public" if value == "public" else "iam")
    return Url(
        value["access"],
        cors_of(value["cors"]) if "cors" in value else None,
        value["stream"] == "true" if "stream" in value else None,
    )


_NEED_ALIAS = ("canary", "keep", "snap-start", "url")


def check_attributes(
    checked: ValidatedDocument, value: Mapping[str, Any], *path: str | int
) -> None:
    """Report attributes of a function that do not fit together.

    Args:
        checked: the document.
        value: the values of the function.
        path: of the function.
    """
    logging, vpc, alarms, concurrency, asynchronous = (
        value.get(key, {}) for key in ("logging", "vpc", "alarms", "concurrency", "async")
    )
    is_provisioned = concurrency.get("provisioned", "none") != "none"
    if value["alias"] == LATEST:
        needs = f"requires an alias other than {LATEST}"
        for key in _NEED_ALIAS:
            if value.get(key, "none") not in ("none", "false"):
                checked.problem(f"{key} {needs}", *path, key)
        if is_provisioned:
            checked.problem(f"provisioned {needs}", *path, "concurrency", "provisioned")
    if logging.get("format") != "json":  # API: LoggingConfig
        for key in {"level", "system-level"} & logging.keys():
            checked.problem(f"{key} requires format: json", *path, "logging", key)
    missing = [key for key in ("subnets", "security-groups") if not vpc.get(key)]
    if len(missing) == 1:  # Lambda: "SubnetIds and SecurityIds must coexist"
        both = "Lambda takes both subnets and security-groups, or neither"
        checked.problem(f"{missing[0]} are missing: {both}", *path, "vpc")
    if "ipv6" in vpc and not vpc.get("subnets"):
        checked.problem("ipv6 requires subnets", *path, "vpc", "ipv6")
    if "duration" in alarms and "timeout" not in value:
        checked.problem("duration requires timeout", *path, "alarms", "duration")
    if not 60 <= asynchronous.get("max-age", 60) <= 21600:  # API: MaximumEventAgeInSeconds
        checked.problem("expected 60s to 360m", *path, "async", "max-age")
    cors = url.get("cors", {}) if isinstance(url := value.get("url"), dict) else {}
    if cors.get("max-age", 0) > 86400:  # API: Cors, MaxAge
        checked.problem("expected up to 1440m", *path, "url", "cors", "max-age")
    if value.get("snap-start") == "true":  # Lambda developer guide, "Lambda SnapStart"
        others = {
            "provisioned concurrency": is_provisioned,
            "file systems": bool(value.get("file-systems")),
            "storage above 512 MB": value.get("storage", 0) > 512,
        }
        for other in (name for name, is_so in others.items() if is_so):
            message = f"Lambda does not support SnapStart together with {other}"
            checked.problem(message, *path, "snap-start")
