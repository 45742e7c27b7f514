"""Keys that several sections have."""

from __future__ import annotations

from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import TextShape

OWNER = Key(
    TextShape(r"\d{12}", "the number of an account (12 digits)"),
    "account that must own the bucket; S3 checks it in every call",
    otherwise="that of the credentials",
)
