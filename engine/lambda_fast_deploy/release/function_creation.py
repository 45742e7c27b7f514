"""Creates a function that does not exist yet."""

from __future__ import annotations

from lambda_fast_deploy.errors import ChangedMeanwhile, Conflict, ImageRefused, Refused
from lambda_fast_deploy.models import FunctionState, Step
from lambda_fast_deploy.planning.configuration import resolved
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.layer_versions import layers_exist
from lambda_fast_deploy.release.new_code import NewCode
from lambda_fast_deploy.release.ownership import delete_created_function
from lambda_fast_deploy.release.undo import UndoResult
from lambda_fast_deploy.state import marks


def create_function(context: ReleaseContext, step: Step, code: NewCode) -> FunctionState:
    """Create the function of a step; returns its state once it is active.

    Raises:
        ChangedMeanwhile: another run created it first.
        DeployError: AWS refused.
    """
    functions = context.clients.functions(context.region)
    with context.working(step):
        try:
            _create_once(context, step, code)
        except ImageRefused as refusal:
            code.rebuild_in_gzip(refusal)
            _create_once(context, step, code)
        try:
            return functions.settled(context.name, is_new=True)
        except ImageRefused as refusal:
            code.rebuild_in_gzip(refusal)
            _delete(context, refusal)
            _create_once(context, step, code)
            return functions.settled(context.name, is_new=True)


def _delete(context: ReleaseContext, refusal: ImageRefused) -> None:
    """Delete the function that this run has created: a Failed function does not accept new code.

    Raises:
        ImageRefused: another run owns the function by now.
    """
    if delete_created_function(context) is UndoResult.THEIRS:
        raise refusal
    context.undo.forget()
    context.clients.functions(context.region).gone(context.name)


def _create_once(context: ReleaseContext, step: Step, code: NewCode) -> None:
    parameters = resolved(step.parameters, context.artifacts.layers)
    if configuration := context.settings.configuration:
        tags = {**parameters.get("Tags", {}), marks.CONFIGURATION: configuration}
        parameters = {**parameters, "Tags": tags}
    context.undo.record(
        f"creation of function {context.name}", lambda: delete_created_function(context)
    )
    try:
        with code.being_sent(), layers_exist(parameters):
            context.clients.functions(context.region).create(
                context.name, context.run_log.run, code.sha256, Code=code.to_create, **parameters
            )
    except Refused as refusal:
        context.undo.forget()  # AWS refused: a function of this name is not this run's to delete
        if isinstance(refusal, Conflict) and not isinstance(refusal, ChangedMeanwhile):
            problem = f"another deployment created {context.name} while this run was deploying"
            raise ChangedMeanwhile(problem, remedy=refusal.remedy) from None
        raise
