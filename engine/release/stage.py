"""A new version, published and not yet met by any user."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from engine.adapters.aws.functions import Functions
from engine.adapters.http import request
from engine.errors import DeployFailed, NotFound
from engine.journal import Journal
from engine.model import (
    Action,
    Artifacts,
    Function,
    FunctionState,
    ObservedFunction,
    Plan,
    Step,
    ZipSource,
)
from engine.plan.configuration import creation, update
from engine.release.undo import Undo


def stage(
    function: Function,
    region: str,
    plan: Plan,
    artifacts: Artifacts,
    observed: ObservedFunction | None,
    functions: Functions,
    journal: Journal,
    undo: Undo,
    label: str,
) -> FunctionState:
    """Bring ``$LATEST`` to what is wanted and publish it.

    Args:
        label: description of the version; unlike that of any other run, so that a version
            which AWS found to exist already can be told from a new one.

    Returns:
        The published version.

    Raises:
        DeployError: AWS refused; what was changed so far is in ``undo``.
    """
    name = function.name

    def step(kind: str) -> Step:
        return plan.step(region, f"{kind}:{name}")

    def during(kind: str, work: Callable[[], str]) -> None:
        todo = step(kind)
        if todo.action is not Action.SKIP:
            with journal.work(todo.id, todo.action, todo.reason, region) as detail:
                detail(work())

    layers = (
        tuple(artifacts.layers[layer].arn for layer in function.source.layers)
        if isinstance(function.source, ZipSource)
        else ()
    )
    code = _code(function, artifacts)
    if observed is None:

        def create() -> str:
            undo.record(f"function {name} created", lambda: _delete(functions, name))
            functions.create(name, Code=code, **creation(function, layers))
            return "created"

        during("function", create)
        sha256 = _expected(functions, name)
    else:
        latest = observed.latest

        def configure() -> str:
            changes = update(function, latest, layers)
            undo.record(
                f"configuration of {name}",
                lambda: functions.configure(name, _previous(changes, latest)),
            )
            functions.configure(name, changes)
            return ", ".join(sorted(changes))

        def upload() -> str:
            undo.record(f"code of {name}", lambda: _restore_code(functions, name, observed))
            functions.update_code(name, code, function.architecture)
            return _said(function, artifacts)

        during("configuration", configure)
        during("code", upload)
        sha256 = _expected(functions, name) if "ImageUri" in code else _sha(function, artifacts)

    version: list[FunctionState] = []

    def publish() -> str:
        published = functions.publish(name, sha256, label)
        version.append(published)
        if published.description == label[:256] and observed is not None:
            undo.record(
                f"version {published.version} of {name}",
                lambda: functions.delete(name, published.version),
            )
        return f"version {published.version}"

    during("version", publish)
    return version[0]


def _code(function: Function, artifacts: Artifacts) -> dict[str, Any]:
    if isinstance(function.source, ZipSource):
        return {"ZipFile": artifacts.archives[function.name].content}
    return {"ImageUri": artifacts.images[function.name]}


def _sha(function: Function, artifacts: Artifacts) -> str:
    return artifacts.archives[function.name].sha256


def _expected(functions: Functions, name: str) -> str:
    """What ``$LATEST`` holds now that we put it there."""
    latest = functions.read(name)
    if latest is None:
        raise DeployFailed(f"{name} was deleted while it was being deployed")
    return latest.code_sha256


def _said(function: Function, artifacts: Artifacts) -> str:
    if isinstance(function.source, ZipSource):
        return f"{artifacts.archives[function.name].size / 1000:.1f} kB uploaded"
    return artifacts.images[function.name].rpartition("@")[2][:19]


def _delete(functions: Functions, name: str) -> None:
    try:
        functions.delete(name)
    except NotFound:
        return  # AWS refused to create it: nothing is there


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
        DeployFailed: the previous code cannot be had any more.
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
