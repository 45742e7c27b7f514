"""How one observed function differs from the desired one, part by part."""

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
    ObservedFunction,
)
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting

Difference = tuple[Action, str, tuple[AttributeChange, ...]]  # with the reason

UP_TO_DATE: Difference = (Action.SKIP, "up to date", ())


def code_difference(function: Function, state: FunctionState, content: str) -> Difference:
    """How the code of a version differs.

    Args:
        function: the desired function.
        state: the version.
        content: the CodeSha256 of the zip, or the digest of the image; ``""`` if it has to be
            built first.
    """
    is_image = function.is_image
    observed = state.image_digest if is_image else state.code_sha256
    is_key_new = function.code_key not in (None, state.code_key)
    reasons = {
        f"the architecture changes to {function.architecture}": (
            state.architecture != function.architecture
        ),
        "a new image": is_image and not content,
        "the image changed": is_image and content != observed,
        "what the code is built from changed": not is_image and not content,
        "the code changed": not is_image and content != observed,
        "the key of the code changes": is_key_new,
    }
    reason = next((reason for reason, is_so in reasons.items() if is_so), "")
    if not reason:
        return UP_TO_DATE
    changes = []
    if state.architecture != function.architecture:
        changes.append(AttributeChange("architecture", state.architecture, function.architecture))
    if content != observed:
        new = "a new image" if is_image else "a new build"
        changes.append(AttributeChange("code", _short(observed), _short(content) or new))
    if is_key_new:
        before, after = (key or "none" for key in (state.code_key, function.code_key))
        changes.append(AttributeChange("zip.key", before, after))
    return Action.UPDATE, reason, tuple(changes)


def _short(content: str) -> str:
    """The beginning of a digest or of a CodeSha256."""
    return content[: 19 if content.startswith("sha256:") else 12]


def url_difference(function: Function, url: FunctionUrl | None) -> Difference:
    """How the function URL differs from the desired one."""
    desired = function.url
    if desired is None or (desired.access == "none" and url is None):
        return UP_TO_DATE
    changes = desired.changes(url)
    if function.access is None:
        return Action.REMOVE, "it is deleted after the tests; its address is lost", changes
    if url is None:
        return Action.CREATE, f"no URL yet; desired access: {function.access}", changes
    if changes:
        return Action.UPDATE, shown(changes), changes
    if function.access == "public" and not url.is_open:
        reason = "the permission for public access is missing"
        return Action.UPDATE, reason, (AttributeChange("url", after="public"),)
    return UP_TO_DATE


def settings_of(
    function: Function, observed: ObservedFunction | None
) -> Iterator[tuple[FunctionSetting, Any, tuple[AttributeChange, ...]]]:
    """The desired settings outside of versions, with the value to send, ``None`` if up to date.

    Settings that ``CreateFunction`` takes are left out if the function does not exist.
    """
    for setting in SETTINGS:
        desired = setting.desired(function)
        if desired is None or (observed is None and setting.is_of_function):
            continue
        before = setting.observed(observed) if observed else setting.default
        value = setting.difference(desired, before)
        changes = () if value is None else (setting.change(before, value),)
        yield setting, value, changes


def canary_problem(function: Function, observed: ObservedFunction, *, is_live: bool) -> str:
    """Why no canary can run, or ``""``.

    Lambda divides calls between two published versions with the same role and the same dead-letter
    queue only (developer guide, "Implement Lambda canary deployments using a weighted alias").
    """
    live = observed.live
    if observed.alias is None or live is None:
        return "it is the first version"
    if is_live:
        return f"version {live.version} is up to date"
    if live.version == LATEST:
        return f"{function.alias} points at {LATEST}; a canary needs a published version"
    if live.role != (function.role or observed.latest.role):
        return "the role changes; a canary needs two versions with the same role"
    dead_letters = function.configuration.dead_letters
    if live.dead_letters != (
        observed.latest.dead_letters if dead_letters is None else dead_letters
    ):
        return "the dead-letter queue changes; a canary needs two versions with the same queue"
    return ""
