"""Forecasts the next sales."""

from idna import encode
from sortedcontainers import SortedList


def handler(event: dict, _: object) -> dict:
    """The median of the past sales."""
    sold = SortedList(event["sold"])
    shop = encode(event.get("shop", "shop.example")).decode()
    return {"shop": shop, "next": sold[len(sold) // 2]}
