"""A new version, published and not yet met by any user."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.adapters.aws.functions import Functions
from engine.adapters.http import request
from engine.errors import Conflict, DeployFailed, ImageRefused, NotFound, Refused
from engine.model import FunctionState, ObservedFunction, ZipSource
from engine.plan.configuration import creation, update
from engine.release.order import Order, theirs


def stage(order: Order, label: str) -> FunctionState:
    """Bring ``$LATEST`` to what is wanted and publish it.

    Args:
        order: the function.
        label: description of the version; unlike that of any other run, so that a version
            which AWS found to exist already can be told from a new one.

    Returns:
        The published version; its ``code_location`` is the image's URI, if it is one.

    Raises:
        DeployError: AWS refused; what was changed so far is in the order's undo.
    """
    image = order.artifacts.images.get(order.name, "")
    if order.observed is None:
        image = _create(order)
    else:
        if order.wanted("configuration"):
            _configure(order, order.observed.latest)
        if order.wanted("code"):
            image = _upload(order, order.observed)
    return replace(_publish(order, image, label), code_location=image)


def _create(order: Order) -> str:
    """Create the function; the URI of its image, if it is one."""
    with order.working("function"):
        code = _code(order)
        try:
            _create_once(order, code)
        except ImageRefused as refusal:
            code = _in_gzip(order, refusal)
            _create_once(order, code)
        try:
            order.functions.settled(order.name)
        except ImageRefused as refusal:
            code = _in_gzip(order, refusal)
            order.functions.update_code(order.name, code, order.function.architecture)
        return str(code.get("ImageUri", ""))


def _create_once(order: Order, code: Mapping[str, Any]) -> None:
    order.undo.record(
        f"creation of function {order.name}",
        lambda: _unless_theirs(order, lambda: _delete(order)),
    )
    try:
        order.functions.create(order.name, Code=code, **creation(order.function, _layers(order)))
    except Refused as refusal:
        order.undo.forget()  # AWS said no: whatever is there is not ours to delete
        if isinstance(refusal, Conflict):
            raise theirs(f"created {order.name}") from None
        raise


def _in_gzip(order: Order, refusal: ImageRefused) -> dict[str, Any]:
    """The code with an image that every Lambda reads.

    Raises:
        ImageRefused: the user has settled the compression.
    """
    rebuild = order.artifacts.in_gzip.get(order.name)
    if rebuild is None:
        raise refusal
    return {"ImageUri": rebuild()}


def _delete(order: Order) -> None:
    with contextlib.suppress(NotFound):  # the answer was lost, and so was the call
        order.functions.delete(order.name)


def _unless_theirs(order: Order, way: Callable[[], object]) -> str:
    """Put something back, but only while nobody else has deployed since.

    Whoever made or moved the alias in the meantime stands on what is there now. Our own move of
    it has been undone before this is asked.
    """
    before = order.observed.alias if order.observed else None
    now = order.functions.alias(order.name, order.function.alias)
    if now and (before is None or now.version != before.version):
        return "left alone, since somebody else has deployed in the meantime"
    way()
    return ""


def _configure(order: Order, before: FunctionState) -> None:
    with order.working("configuration") as detail:
        changes = update(order.function, before, _layers(order))
        if not changes:
            detail("equal after all: the layers hold the same")
            return
        order.undo.record(
            f"configuration of {order.name}",
            lambda: _unless_theirs(
                order, lambda: order.functions.configure(order.name, _previous(changes, before))
            ),
        )
        order.functions.configure(order.name, changes)
        detail(", ".join(sorted(changes)))


def _upload(order: Order, observed: ObservedFunction) -> str:
    """Update the code; the URI of its image, if it is one."""
    with order.working("code") as detail:
        order.undo.record(
            f"code of {order.name}",
            lambda: _unless_theirs(
                order, lambda: _restore_code(order.functions, order.name, observed)
            ),
        )
        code = _code(order)
        try:
            order.functions.update_code(order.name, code, order.function.architecture)
        except ImageRefused as refusal:
            code = _in_gzip(order, refusal)
            order.functions.update_code(order.name, code, order.function.architecture)
        image = str(code.get("ImageUri", ""))
        if image:
            detail(image.rpartition("@")[2][:19])
        else:
            detail(f"{order.artifacts.archives[order.name].size / 1000:.1f} kB uploaded")
        return image


def _publish(order: Order, image: str, label: str) -> FunctionState:
    with order.working("version") as detail:
        published = order.functions.publish(order.name, _wanted_sha256(order, image), label)
        if published.description == label and order.observed is not None:
            order.undo.record(
                f"version {published.version} of {order.name}",
                lambda: order.functions.delete(order.name, published.version),
            )
        detail(f"version {published.version}")
        return published


def _layers(order: Order) -> tuple[str, ...]:
    source = order.function.source
    names = source.layers if isinstance(source, ZipSource) else ()
    return tuple(order.artifacts.layers[name].arn for name in names)


def _code(order: Order) -> dict[str, Any]:
    """The code as ``CreateFunction`` and ``UpdateFunctionCode`` take it."""
    if isinstance(order.function.source, ZipSource):
        return dict(order.artifacts.code[order.name])
    return {"ImageUri": order.artifacts.images[order.name]}


def _wanted_sha256(order: Order, image: str) -> str:
    """The CodeSha256 that ``$LATEST`` must have when it is published.

    Of a zip it is known beforehand, so that somebody else's code cannot slip in between. Of an
    image it is Lambda's own, taken from ``$LATEST`` once that holds the digest we deployed.

    Raises:
        DeployFailed: ``$LATEST`` holds another image, or nothing.
    """
    if isinstance(order.function.source, ZipSource):
        return order.artifacts.archives[order.name].sha256
    latest = order.functions.read(order.name)
    if latest is None or latest.image_digest != image.partition("@")[2]:
        raise DeployFailed(
            f"somebody else changed the code of {order.name} while it was being deployed",
            remedy="See in CloudTrail who called UpdateFunctionCode, then run again.",
        )
    return latest.code_sha256


def _previous(changes: Mapping[str, Any], before: FunctionState) -> dict[str, Any]:
    """The parameters that take back ``changes``."""
    values: dict[str, Any] = {
        "Role": before.role,
        "MemorySize": before.memory,
        "Timeout": before.timeout,
        "Description": before.description,
        "Runtime": before.runtime,
        "Handler": before.handler,
        "Environment": {"Variables": dict(before.environment)},
        "Layers": list(before.layers),
    }
    return {key: values[key] for key in changes}


def _restore_code(functions: Functions, name: str, observed: ObservedFunction) -> None:
    """Put the previous code back into ``$LATEST``.

    A zip is fetched from where AWS keeps it, and accepted only if its hash is the recorded one.

    Raises:
        DeployError: the previous code cannot be had any more.
    """
    before = observed.latest
    if before.package == "Image":
        functions.update_code(name, {"ImageUri": before.code_location}, before.architecture)
        return
    places = [before.code_location]
    if observed.live and observed.live.code_sha256 == before.code_sha256:
        fresh = functions.read(name, observed.live.version)
        places.insert(0, fresh.code_location if fresh else "")
    for place in filter(None, places):
        answer = request("GET", place, timeout=300)
        sha256 = base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
        if answer.status == 200 and sha256 == before.code_sha256:
            functions.update_code(name, {"ZipFile": answer.body}, before.architecture)
            return
    raise DeployFailed(
        f"the previous code of {name} (CodeSha256 {before.code_sha256}) cannot be fetched",
        remedy="Deploy the commit it came from; users are still served by the alias's version.",
    )
