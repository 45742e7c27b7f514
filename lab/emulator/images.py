"""Container images of functions: which image URIs Lambda takes, and what it pins.

https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from typing import Any

from ministack.services import ecr, lambda_svc

from lab.emulator import zstd
from lab.emulator.answers import Answer, failure
from lab.emulator.cross_account import owner_of
from lab.emulator.invocations import current

_REST = r"/(?P<name>[^:@]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
_URIS = (
    re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z.]+(?::\d+)?" + _REST),
    re.compile(r"(?:localhost|127\.0\.0\.1):\d+" + _REST),  # the lab's repositoryUri
)

_spawn_lambda_container = lambda_svc._spawn_lambda_container
_classify_function_error = lambda_svc._classify_function_error


def digest_of(uri: str) -> tuple[str, Answer | None]:
    """Return the digest behind an ImageUri, or the error that Lambda answers.

    Lambda resolves a tag once, at the call; it refuses other registries, absent images, and
    an OCI index (what buildx pushes unless ``--provenance=false``).
    """
    with owner_of(uri):
        return _digest_of(uri)


def _digest_of(uri: str) -> tuple[str, Answer | None]:
    match = next((m for m in (pattern.fullmatch(uri) for pattern in _URIS) if m), None)
    if not match:
        return "", _refused(f"Source image {uri} is not valid. Provide a valid source image.")
    wanted = {"imageTag": match["tag"] or "latest"}
    if match["digest"]:
        wanted = {"imageDigest": match["digest"]}
    name = match["name"]
    image = ecr._find_image(name, wanted) if name in ecr._repositories else None
    if not image:
        return "", _refused(f"Source image {uri} does not exist. Provide a valid source image.")
    kind = image.get("imageManifestMediaType") or ""
    if "index" in kind or "manifest.list" in kind:
        return "", _refused(
            "The image manifest, config or layer media type for the source image "
            f"{uri} is not supported."
        )
    if zstd.refusal(name, image) == "at-once" or is_mixed(image):
        return "", _refused(
            "The image manifest, config or layer media type for the source image "
            f"{uri} is not supported."
        )
    return str(image["imageDigest"]), None


def is_mixed(image: dict[str, Any]) -> bool:
    """Whether an OCI manifest has parts with Docker's media types.

    Lambda documents "Docker image manifest V2, schema 2" and OCI's; what it does with both at once
    is not known, so that the lab takes the careful way.
    """
    manifest = json.loads(image.get("imageManifest") or "{}")
    parts = [manifest.get("config", {}), *manifest.get("layers", [])]
    is_oci = "vnd.oci.image.manifest" in (image.get("imageManifestMediaType") or "")
    return is_oci and any("vnd.docker." in part.get("mediaType", "") for part in parts)


def fails_later(uri: str) -> bool:
    """Whether an update to this image will end in failure: for a layer that is not compressed
    (rules_oci's issues 645 and 777), or as its repository says."""
    digest, error = digest_of(uri)
    if error:
        return False
    name = uri.partition("/")[2].partition("@")[0].partition(":")[0]
    with owner_of(uri):
        image = ecr._find_image(name, {"imageDigest": digest})
        layers = json.loads(image.get("imageManifest") or "{}").get("layers", [])
        is_plain = any(layer.get("mediaType", "").endswith("layer.v1.tar") for layer in layers)
        return is_plain or zstd.refusal(name, image) == "later"


def pin(config: dict[str, Any]) -> None:
    """Note in a function's configuration the digest that its ImageUri stands for now."""
    uri = config.get("ImageUri")
    if config.get("PackageType") != "Image" or not uri:
        return
    digest, error = digest_of(uri)
    if not error:
        config["CodeSha256"] = digest.removeprefix("sha256:")
        config["_Resolved"] = re.sub(r"(:[\w.-]+)?(@sha256:.*)?$", "", uri) + "@" + digest


def spawn_container(config: dict[str, Any], *rest: Any, **named: Any) -> Any:
    """Run the pinned digest, whatever the tag points to by now, from the lab's own registry."""
    if config.get("_Resolved"):
        name, _, digest = config["_Resolved"].partition("/")[2].partition("@")
        config = {**config, "ImageUri": f"{ecr._repo_uri(name)}@{digest}"}
    began = time.monotonic()
    container = _spawn_lambda_container(config, *rest, **named)
    current().environment_ready(time.monotonic() - began)
    return container


def classify_error(answer: Any, header: str) -> str | None:
    """Tell a function's error from an HTTP answer of its own, which has a statusCode."""
    kind: str | None = _classify_function_error(answer, header)
    return None if kind == "Handled" else kind


def pool_key(name: str, config: dict[str, Any]) -> str:
    """Keep one version's execution environments apart from another's.

    Versions may share an image and differ in environment variables; an environment belongs to
    one version: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    # MiniStack finds a function's containers by the first and third part.
    account, region = lambda_svc._account_region_from_function_config(config)
    version = config.get("Version", "$LATEST")
    settled = config.get("_Resolved") or config.get("CodeSha256", "")
    return f"{account}:{region}:{name}:{version}:{settled}"


def retire_containers(account: str, name: str) -> None:
    """Drop the containers of $LATEST after an update, those of every version after a delete.

    An update of $LATEST leaves published versions alone, so calls by alias go on undisturbed.
    """
    deleted = name not in lambda_svc._functions
    entries = []
    with lambda_svc._warm_pool_lock:
        for key in list(lambda_svc._warm_pool):
            parts = key.split(":")
            if parts[0] == account and parts[2] == name and (deleted or parts[3] == "$LATEST"):
                entries += lambda_svc._warm_pool.pop(key)
    # Removing a container takes a moment in which the emulator must go on answering.
    for entry in entries:
        threading.Thread(target=remove_container, args=(entry,), daemon=True).start()


def remove_container(entry: dict[str, Any]) -> None:
    """Remove one pooled container at once; nothing in it is worth a graceful stop."""
    with contextlib.suppress(Exception):  # gone already, or the engine is stopping
        entry["container"].remove(force=True)


def teach() -> None:
    """Install every behaviour of this module."""
    lambda_svc._spawn_lambda_container = spawn_container
    lambda_svc._classify_function_error = classify_error
    lambda_svc._warm_pool_key = pool_key
    lambda_svc._pool_kill_function = retire_containers
    lambda_svc._kill_pool_entry = remove_container


def _refused(message: str) -> Answer:
    return failure("InvalidParameterValueException", message)
