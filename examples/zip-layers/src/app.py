"""Order totals: a small function whose dependencies are in a layer."""

import json
import platform

import pydantic
import requests

GREETING = "hello"


class Order(pydantic.BaseModel):
    """An order as customers send it."""

    item: str
    quantity: int = pydantic.Field(gt=0)
    price: float = pydantic.Field(gt=0)


def health() -> dict:
    """The answer to the health check."""
    return {
        "status": "ok",
        "greeting": GREETING,
        "python": platform.python_version(),
        "pydantic": pydantic.VERSION,
        "requests": requests.__version__,
    }


def answer(status: int, body: dict) -> dict:
    """An HTTP answer in the format of a function URL."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body),
    }


def handler(event: dict, _context: object) -> dict:
    """GET /health and POST /orders."""
    if event.get("rawPath") == "/health":
        return answer(200, health())
    if event.get("rawPath") == "/orders":
        try:
            order = Order.model_validate_json(event.get("body") or "{}")
        except pydantic.ValidationError as error:
            return answer(422, {"errors": json.loads(error.json(include_url=False))})
        return answer(200, {"item": order.item, "total": order.quantity * order.price})
    return answer(404, {"error": "not found"})
