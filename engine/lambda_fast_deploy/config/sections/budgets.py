"""Budgets: limits of sizes and of the cold start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.models import Budgets
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import QuantityShape

BUDGETS = RecordShape(
    {
        "code": Key(QuantityShape("size"), "largest unzipped size of a function's code"),
        "layer": Key(QuantityShape("size"), "largest unzipped size of each layer"),
        "total": Key(QuantityShape("size"), "largest unzipped size of code and layers"),
        "cold-start": Key(QuantityShape("duration"), "longest measured initialisation"),
    }
)


def read_budgets(value: Mapping[str, Any]) -> Budgets:
    """The budgets, from checked values."""
    sizes = {key: int(size) for key, size in value.items() if key != "cold-start"}
    return Budgets(**sizes, cold_start=value.get("cold-start"))
