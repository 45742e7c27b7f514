"""Settings outside versions, such as tags: applied once the new version is live, and restored."""

from __future__ import annotations

from typing import Any

from lambda_fast_deploy.adapters.aws.lambda_functions import Functions
from lambda_fast_deploy.errors import NotFound
from lambda_fast_deploy.models import Step
from lambda_fast_deploy.models.attribute_change import shown
from lambda_fast_deploy.models.function_attributes import SETTINGS
from lambda_fast_deploy.models.function_settings import FunctionSetting, SettingTarget
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.undo import UndoResult


def has_settings_to_apply(context: ReleaseContext) -> bool:
    """Whether the plan changes a setting that is not part of a version."""
    return any(_due(context, setting) for setting in SETTINGS)


def apply_settings(context: ReleaseContext, arn: str) -> None:
    """Apply the planned settings that are not part of a version.

    Args:
        context: the release.
        arn: of the function.
    """
    for setting in SETTINGS:
        if step := _due(context, setting):
            _apply(context, arn, setting, step)


def _due(context: ReleaseContext, setting: FunctionSetting) -> Step | None:
    step = context.steps.setting(setting.key)
    return step if step and step.is_due else None


def _apply(context: ReleaseContext, arn: str, setting: FunctionSetting, step: Step) -> None:
    target = SettingTarget(context.function, arn)
    functions, value = context.clients.functions(context.region), step.parameters[setting.member]
    with context.working(step) as detail:
        observed = context.observed
        if observed or setting.outlives_function:  # the undo of a creation deletes the function
            previous = setting.observed(observed) if observed else setting.default
            context.undo.record(
                f"{setting.key} of {context.name}",
                lambda: restore_setting(functions, setting, target, value, previous),
            )
        functions.apply(setting.write(target, value))
        if setting.is_awaited:
            functions.in_effect(setting, context.function)
        detail(shown(step.changes))


def restore_setting(
    functions: Functions,
    setting: FunctionSetting,
    target: SettingTarget,
    sent: Any,
    previous: Any,
) -> UndoResult | None:
    """Restore the value before this run, as far as it still has what this run sent.

    Args:
        functions: client of the region.
        setting: the setting.
        target: the function.
        sent: the value that this run sent.
        previous: the value before that.
    """
    current = functions.setting(setting, target.function)
    calls = setting.restore(target, sent, current, previous)
    try:
        functions.apply(calls)
    except NotFound:
        return UndoResult.NEEDLESS
    return None if calls else UndoResult.NEEDLESS
