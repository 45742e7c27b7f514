"""Prints receipts; the function is packaged as an image."""


def handler(event: dict, _: object) -> dict:
    """The receipt of an order, as text."""
    lines = [*event["items"], f"total: {event['total']}"]
    return {"text": "\n".join(lines), "lines": len(lines)}
