"""A document store: a FastAPI service that stores objects in S3."""

import os
import subprocess

import boto3
from botocore.exceptions import ClientError
from fastapi import FastAPI, HTTPException, Request, Response
from mangum import Mangum

GREETING = "hello"
PREFIX = "objects/"

app = FastAPI(title="image-api")


def bucket():
    """The bucket in which this service stores its objects."""
    return boto3.resource("s3").Bucket(os.environ["BUCKET"])


@app.get("/health")
def health() -> dict:
    """The answer to the health check; jq comes from the base image."""
    jq = subprocess.run(["jq", "--version"], capture_output=True, text=True, check=True)
    return {"status": "ok", "greeting": GREETING, "jq": jq.stdout.strip()}


@app.put("/objects/{key}", status_code=201)
async def put(key: str, request: Request) -> dict:
    """Store an object."""
    body = await request.body()
    bucket().put_object(Key=f"{PREFIX}{key}", Body=body)
    return {"key": key, "bytes": len(body)}


@app.get("/objects/{key}")
def get(key: str) -> Response:
    """Read an object."""
    try:
        found = bucket().Object(f"{PREFIX}{key}").get()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise HTTPException(404, "no such object") from None
        raise
    return Response(found["Body"].read(), media_type="application/octet-stream")


handler = Mangum(app)
