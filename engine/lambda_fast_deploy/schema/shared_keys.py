"""Keys that several sections have."""

from __future__ import annotations

from lambda_fast_deploy.schema.shapes import Key, TextShape

OWNER = Key(
    TextShape(r"\d{12}", "the number of an account (12 digits)"),
    "account that the bucket belongs to, which every call of S3 checks; default that of the "
    "credentials",
)
