"""Which calls of AWS's APIs only read, by their names."""

from __future__ import annotations

_READS = ("batch_check_", "batch_get_", "describe_", "get_", "head_", "list_", "simulate_")


def is_read(operation: str) -> bool:
    """Whether a call changes nothing.

    GetAuthorizationToken and GetCallerIdentity are among them.

    Args:
        operation: in boto3's spelling, such as ``get_function``.
    """
    return operation.startswith(_READS)
