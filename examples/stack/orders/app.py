"""Accepts orders and stores them in the bucket."""

import json
import os
from uuid import uuid4

import boto3
import jmespath
from idna import encode


def handler(event: dict, _: object) -> dict:
    """Answer a request of the API."""
    path = jmespath.search("path", event)
    if path == "/health":
        return _answer(200, {"status": "ok", "stage": os.environ["STAGE"]})
    order = json.loads(event["body"])
    order["host"] = encode(order.get("host", "shop.example")).decode()
    key = f"orders/{uuid4()}.json"
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(order))
    return _answer(201, {"key": key})


def _answer(status: int, body: dict) -> dict:
    return {"statusCode": status, "body": json.dumps(body)}
