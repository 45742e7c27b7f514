"""What the probes of the lab make: zips, functions, wheels, calls that must fail."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

# How long another AWS than the lab may take: for an update, and until it knows a policy of IAM's.
PATIENCE = float(os.environ.get("PROBE_PATIENCE", "5"))  # seconds
IAM_SECONDS = float(os.environ.get("PROBE_IAM_SECONDS", "0"))
REGION = os.environ.get("AWS_REGION", "us-east-1")

HANDLER = """
import os
def handler(event, context):
    return {"statusCode": 200, "body": "%s", "version": context.function_version,
            "path": event.get("rawPath"), "variable": os.environ.get("VARIABLE")}
"""


@cache
def account() -> str:
    """The account that the probes run in."""
    return str(boto3.client("sts").get_caller_identity()["Account"])


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until something is true, as long as an AWS may take."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(PATIENCE / 100)


def archive(files: Mapping[str, str | bytes]) -> bytes:
    """Return a zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in files.items():
            # A fixed date: the same files are the same zip.
            zipped.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return content.getvalue()


def code(says: str) -> bytes:
    """Return the zip of a function whose answers have this body."""
    return archive({"app.py": HANDLER % says})


Session = Callable[..., boto3.Session]


def policy(*statements: tuple[str, str] | dict[str, Any]) -> str:
    """Return a policy that allows each action on its resource."""
    listed = [
        each if isinstance(each, dict) else {"Action": each[0], "Resource": each[1]}
        for each in statements
    ]
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | each for each in listed]}
    )


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    """Return the error code and HTTP status of an AWS call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def fetch(url: str | urllib.request.Request) -> tuple[int, str]:
    """GET a URL, or make a request; return the status and the body, also of errors."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def logged_requests() -> list[dict[str, Any]]:
    """Return the lab's request log."""
    lines = Path(os.environ["LAB_REQUESTS"]).read_text().splitlines()
    return [json.loads(line) for line in lines]


CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "config": {}}).encode()


def manifest(size: int) -> str:
    """Return the manifest of an image with one layer of ``size`` bytes."""
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": {**_blob(CONFIG), "mediaType": "application/json"},
            "layers": [{**_blob(bytes(size)), "mediaType": "layer"}],
        }
    )


def _blob(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}


class Registry:
    """ECR's API; to put an image brings its blobs, where they are asked for."""

    def __init__(self, api: Any = None) -> None:
        self._api: Any = api or boto3.client("ecr")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def put_image(self, **image: Any) -> Any:
        """PutImage of an image whose layers are nothing but zeros."""
        try:
            return self._api.put_image(**image)
        except self._api.exceptions.LayersNotFoundException:
            layers = json.loads(image["imageManifest"])["layers"]
            for content in (CONFIG, *(bytes(layer["size"]) for layer in layers)):
                self._upload(image["repositoryName"], content)
            return self._api.put_image(**image)

    def _upload(self, repository: str, content: bytes) -> None:
        upload = {"repositoryName": repository}
        upload["uploadId"] = self._api.initiate_layer_upload(**upload)["uploadId"]
        span = {"partFirstByte": 0, "partLastByte": len(content) - 1}
        self._api.upload_layer_part(**upload, **span, layerPartBlob=content)
        with contextlib.suppress(self._api.exceptions.LayerAlreadyExistsException):
            self._api.complete_layer_upload(**upload, layerDigests=[_blob(content)["digest"]])


class Function:
    """A function in the lab, with the calls that probes repeat."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.api: Any = boto3.client("lambda")

    def create(self, zipped: bytes = b"", **settings: Any) -> dict[str, Any]:
        """Create it (a zip function unless ``settings`` has Code) and wait until it is Active."""
        settings.setdefault("Code", {"ZipFile": zipped or code("one")})
        if "ImageUri" in settings["Code"]:
            settings.setdefault("PackageType", "Image")
        else:
            settings.setdefault("Runtime", "python3.11")
            settings.setdefault("Handler", "app.handler")
            settings.setdefault("Timeout", 30)  # a busy machine takes its time to start one
        settings.setdefault("Role", os.environ["LAB_ROLE_ARN"])
        made: dict[str, Any] = self.api.create_function(FunctionName=self.name, **settings)
        self.settle()
        return made

    def settle(self) -> list[tuple[str, str]]:
        """Wait until no change is under way; return the states seen on the way."""
        seen: list[tuple[str, str]] = []

        def is_settled() -> bool:
            now = self.api.get_function_configuration(FunctionName=self.name)
            state = (now["State"], now["LastUpdateStatus"])
            if state not in seen:
                seen.append(state)
            return state == ("Active", "Successful")

        until(is_settled, f"{self.name} at rest")
        return seen

    def update(self, says: str) -> dict[str, Any]:
        """Give it code that says something else, and wait until that is through."""
        answer: dict[str, Any] = self.api.update_function_code(
            FunctionName=self.name, ZipFile=code(says)
        )
        self.settle()
        return answer

    def publish(self) -> str:
        """Publish a version and return its number."""
        return str(self.api.publish_version(FunctionName=self.name)["Version"])

    def call(self, qualifier: str = "$LATEST") -> tuple[str | None, Any]:
        """Invoke it; return the kind of error, if any, and the parsed answer."""
        answer = self.api.invoke(FunctionName=self.name, Qualifier=qualifier, Payload=b"{}")
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def open_url(self, qualifier: str | None = None) -> str:
        """Create a function URL that everyone may call; return it."""
        where = {"FunctionName": self.name, **({"Qualifier": qualifier} if qualifier else {})}
        url: str = self.api.create_function_url_config(AuthType="NONE", **where)["FunctionUrl"]
        self.api.add_permission(
            StatementId="url",
            Action="lambda:InvokeFunctionUrl",
            Principal="*",
            FunctionUrlAuthType="NONE",
            **where,
        )
        self.api.add_permission(
            StatementId="invoke",
            Action="lambda:InvokeFunction",
            Principal="*",
            InvokedViaFunctionUrl=True,
            **where,
        )
        return url
