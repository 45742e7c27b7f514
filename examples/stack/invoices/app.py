"""Computes the total of an order."""

from decimal import Decimal

from idna import encode


def handler(event: dict, _: object) -> dict:
    """The total of an order's prices."""
    shop = encode(event.get("shop", "shop.example")).decode()
    return {"shop": shop, "total": str(sum(map(Decimal, event["prices"])))}
