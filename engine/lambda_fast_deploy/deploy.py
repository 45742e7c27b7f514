"""A deploy, from the settings to the outcome of each function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.clock import now
from lambda_fast_deploy.adapters.parallel import together
from lambda_fast_deploy.errors import DeployError
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.models import FunctionOutcome, ObservedRegion, Outcome, Plan, Settings
from lambda_fast_deploy.models.function_attributes import OVERRIDES
from lambda_fast_deploy.packaging.build_all import build, check_code
from lambda_fast_deploy.planning.existing_artifacts import look
from lambda_fast_deploy.planning.handler_check import absent_handlers
from lambda_fast_deploy.planning.planner import make_plan
from lambda_fast_deploy.planning.problems import unusable
from lambda_fast_deploy.planning.runtime_check import runtime_notes
from lambda_fast_deploy.planning.warnings import cautions
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.release.credentials import check_canaries
from lambda_fast_deploy.release.function_release import FunctionRelease, with_error, with_observed
from lambda_fast_deploy.run_log import RunLog


def deploy(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Deploy the settings, or only plan if ``plan_only`` is set.

    Raises:
        Invalid, NotReady: nothing was changed.
        DeployFailed: something could not be built in any region; no function was changed.
    """
    if settings.stack:
        if settings.code_only:
            from lambda_fast_deploy.stacks.code_only import update_code

            return update_code(settings, clients, run_log)
        from lambda_fast_deploy.stacks.deploy import deploy_stack

        return deploy_stack(settings, clients, run_log)
    if settings.left_out:
        run_log.note(f"As requested, this run leaves out {', '.join(settings.left_out)}.")
    outcome = _deploy_functions(settings, clients, run_log)
    overtaken = {each.function for each in outcome.deliveries if each.is_overtaken}
    regions = {each.region for each in outcome.deliveries if each.is_overtaken}
    if not overtaken:
        return outcome
    run_log.note(f"Another run was deploying {', '.join(sorted(overtaken))}: deploying again.")
    second = replace(
        settings,
        functions=tuple(each for each in settings.functions if each.name in overtaken),
        regions=tuple(region for region in settings.regions if region in regions),
    )
    return outcome.then(_deploy_functions(second, clients, run_log))


def _deploy_functions(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Observe, plan, build and release once."""
    with run_log.work("fingerprint", "read", "files of the working tree"):
        local = fingerprints(settings)
    with run_log.work("observe", "read", "resources in AWS"):
        prints, observed, failed = look(settings, local, clients, run_log)
    settings, lost = _reached(settings, failed)
    for note in absent_handlers(settings, observed):
        run_log.note(note)
    for note in runtime_notes(settings, observed, now().date()):
        run_log.note(note)
    _check_states(settings, observed)
    plan = make_plan(settings, prints, observed)
    check_code(settings, plan, prints, clients)
    for region, function in settings.targets:
        for caution in cautions(function, region, plan, observed[region], settings.artifacts):
            run_log.note(caution)
    if settings.plan_only:
        from lambda_fast_deploy.planning.code_storage import full_storage

        for caution in full_storage(settings, plan, prints, clients):
            run_log.note(caution)
        return Outcome(plan, (*_unreleased(settings, observed), *lost))
    check_canaries(settings, plan, clients.aws, run_log)
    _warn(settings, plan, observed, run_log)
    artifacts, failed = build(settings, plan, prints, observed, clients, run_log)
    settings, unbuilt = _reached(settings, failed)
    contexts = [
        ReleaseContext(
            region=region,
            function=function,
            settings=settings,
            steps=plan.function(region, function.name),
            artifacts=artifacts[region],
            observed=observed[region].functions.get(function.name),
            clients=clients,
            run_log=run_log,
        )
        for region, function in settings.targets
    ]
    deliveries = together(lambda context: FunctionRelease(context).deliver(), contexts)
    bases = [uri for region in settings.regions for uri in artifacts[region].bases.values() if uri]
    packages = {
        layer: sizes
        for region in settings.regions
        for layer, sizes in artifacts[region].packages.items()
    }
    return Outcome(plan, (*deliveries, *lost, *unbuilt), tuple(bases), packages)


def build_bases(settings: Settings, clients: Clients, run_log: RunLog) -> Outcome:
    """Build the base images that do not exist yet, and nothing else."""
    return deploy(replace(settings, functions=(), layers={}, stack=None), clients, run_log)


def _reached(
    settings: Settings, failed: Mapping[str, DeployError]
) -> tuple[Settings, tuple[FunctionOutcome, ...]]:
    """The settings without the regions that failed, and the outcomes of their functions.

    Raises:
        DeployError: no region is left.
    """
    regions = tuple(region for region in settings.regions if region not in failed)
    if not regions:
        raise next(iter(failed.values()))
    lost = (
        with_error(
            FunctionOutcome(region, function.name, "failed", alias=function.alias), failed[region]
        )
        for region, function in settings.targets
        if region in failed
    )
    return replace(settings, regions=regions), tuple(lost)


def _check_states(settings: Settings, observed: Mapping[str, ObservedRegion]) -> None:
    """Check that the state of each function allows a deploy.

    Raises:
        NotReady: a function is in a state that does not.
    """
    for region, function in settings.targets:
        existing = observed[region].functions.get(function.name)
        if existing and (problem := unusable(function.name, existing.latest, region)):
            raise problem


def _warn(
    settings: Settings, plan: Plan, observed: Mapping[str, ObservedRegion], run_log: RunLog
) -> None:
    """Add notes about unexpected effects of a deploy."""
    if settings.event.asks_for("rebuild-base") and not settings.bases:
        run_log.note("[rebuild-base] has no effect: the configuration has no base images.")
    for region, function in settings.targets:
        existing = observed[region].functions.get(function.name)
        configured = function.overrides or {}
        left = {
            name: value
            for name, value in (existing.latest.overrides if existing else {}).items()
            if name not in configured
        }
        if left:
            run_log.note(
                f"{function.name} overrides its image in {region}, although its configuration does "
                f"not: {OVERRIDES.shown(left)}. To remove an override, set it to [] under image, "
                'or workdir to "".'
            )
        changes = plan.function(region, function.name).alias.action.changes
        if changes and not function.tests:
            run_log.note(f"{function.name} has no tests; new versions go live untested.")


def _unreleased(
    settings: Settings, observed: Mapping[str, ObservedRegion]
) -> tuple[FunctionOutcome, ...]:
    return tuple(
        with_observed(
            FunctionOutcome(region, function.name, "planned", alias=function.alias),
            observed[region].functions.get(function.name),
        )
        for region, function in settings.targets
    )
