"""How one function in AWS differs from the one that was asked for, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_fast_deploy.models import (
    LATEST,
    Action,
    AttributeChange,
    Function,
    FunctionState,
    FunctionUrl,
    ImageSource,
    ObservedFunction,
)
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting

Difference = tuple[Action, str, tuple[AttributeChange, ...]]  # with the reason

EQUAL: Difference = (Action.SKIP, "equal", ())


def code_difference(function: Function, state: FunctionState, content: str) -> Difference:
    """How the code of a version differs.

    Args:
        function: what was asked for.
        state: the version.
        content: the CodeSha256 of the zip, or the digest of the image; nothing of an image that
            is yet to be built.
    """
    is_image = isinstance(function.source, ImageSource)
    observed = state.image_digest if is_image else state.code_sha256
    reasons = {
        f"the architecture changes to {function.architecture}": (
            state.architecture != function.architecture
        ),
        "a new image": is_image and not content,
        "another image is there": is_image and content != observed,
        "the code changed": not is_image and content != observed,
    }
    reason = next((reason for reason, is_so in reasons.items() if is_so), "")
    if not reason:
        return EQUAL
    changes = []
    if state.architecture != function.architecture:
        changes.append(AttributeChange("architecture", state.architecture, function.architecture))
    if content != observed:
        changes.append(AttributeChange("code", _short(observed), _short(content) or "a new image"))
    return Action.UPDATE, reason, tuple(changes)


def _short(content: str) -> str:
    """The beginning of a digest or of a CodeSha256."""
    return content[: 19 if content.startswith("sha256:") else 12]


def url_difference(function: Function, url: FunctionUrl | None) -> Difference:
    """How the function URL differs from the access that was asked for."""
    if url is None:
        reason = f"a URL with access {function.url} was asked for"
        return Action.CREATE, reason, (AttributeChange("url", after=str(function.url)),)
    if url.access != function.url:
        reason = f"access changes from {url.access} to {function.url}"
        return Action.UPDATE, reason, (AttributeChange("url", url.access, str(function.url)),)
    if function.url == "public" and not url.is_open:
        return Action.UPDATE, "not everybody may call it", (AttributeChange("url", after="public"),)
    return EQUAL


def settings_of(
    function: Function, observed: ObservedFunction | None
) -> Iterator[tuple[FunctionSetting, Any, tuple[AttributeChange, ...]]]:
    """What the user gave that no version has, with what has to be sent, ``None`` if equal.

    What ``CreateFunction`` takes is left out of a function that does not exist.
    """
    for setting in SETTINGS:
        desired = setting.desired(function)
        if desired is None or (observed is None and setting.is_of_function):
            continue
        before = setting.observed(observed) if observed else None
        value = setting.difference(desired, before)
        changes = () if value is None else (setting.change(before, value),)
        yield setting, value, changes


def canary_problem(function: Function, observed: ObservedFunction, *, is_live: bool) -> str:
    """Why a part of the users cannot try a new version beside the one that they have, or nothing.

    Lambda divides calls between two published versions with the same role and the same dead-letter
    queue only (developer guide, "Implement Lambda canary deployments using a weighted alias").
    """
    live = observed.live
    if observed.alias is None or live is None:
        return "it is the first version"
    if is_live:
        return f"version {live.version} already is what is wanted"
    if live.version == LATEST:
        return f"{function.alias} leads to {LATEST}, and calls are divided between versions"
    if live.role != (function.role or observed.latest.role):
        return "the role changes, and calls are divided between versions of one role only"
    if live.dead_letters != observed.latest.dead_letters:
        return "the dead-letter queue changes, and calls are divided between versions of one only"
    return ""
