"""The shapes of a function's attributes that are more than a number or a word."""

from __future__ import annotations

from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import ChoiceShape, ListOf, MapOf, TextShape

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
TRUTH = ChoiceShape(("true", "false"))


def arn_or_none(services: str, expected: str) -> TextShape:
    """The ARN of a resource of some services (a pattern), or ``none``."""
    return TextShape(rf"none|arn:aws[a-z-]*:({services}):.+", f"{expected}, or none")


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
    }
)
