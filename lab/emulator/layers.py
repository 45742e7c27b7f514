"""Layers: a list of versions by the ARN of a layer.

https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

from lab.emulator.answers import Answer

_list_layer_versions = lambda_svc._list_layer_versions


def list_layer_versions(name: str, query: dict[str, Any]) -> Answer:
    """ListLayerVersions takes the ARN of a layer, too; accounts.py refuses those of others."""
    answer: Answer = _list_layer_versions(name.rsplit(":", 1)[-1], query)
    return answer


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._list_layer_versions = list_layer_versions
