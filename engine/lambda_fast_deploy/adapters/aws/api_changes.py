"""What a call changes, in the words of its API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.adapters.aws.read_only_calls import is_read

# A change set changes nothing until it is executed (CloudFormation user guide, "Update stacks
# using change sets"), and neither does a layer until an image has it (ECR API: PutImage).
_NO_CHANGE = (
    *("create_change_set", "delete_change_set", "invoke"),
    *("initiate_layer_upload", "upload_layer_part", "complete_layer_upload"),
)
_WHICH = re.compile(r"(name|number|bucket|key|qualifier|resource|arn)$", re.IGNORECASE)


def change(operation: str, parameters: Mapping[str, Any], region: str) -> str:
    """The change that a call makes, for people: ``publish layer version deps in eu-west-1``.

    Args:
        operation: in boto3's spelling (``publish_layer_version``).
        parameters: of the call.
        region: the region of the call.

    Returns:
        ``""`` if the call changes nothing.
    """
    if is_read(operation) or operation in _NO_CHANGE or parameters.get("DryRun"):
        return ""
    which = (str(v) for k, v in parameters.items() if _WHICH.search(k) and isinstance(v, str | int))
    return " ".join([*operation.split("_"), *which, "in", region])
