"""Whether this machine, its credentials and the account are ready to deploy a configuration.

Nothing is changed. What waits is asked for at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from engine.adapters.aws.identity import Caller
from engine.adapters.parallel import together, workers
from engine.adapters.world import World
from engine.errors import DeployError, Invalid
from engine.model import S3Gate, Settings
from engine.upkeep.checks import account, functions, images, machine, stores, workflow
from engine.upkeep.checks.permissions import of_zips, permitted
from engine.upkeep.finding import (
    Check,
    Finding,
    Level,
    found,
    if_permitted,
    in_order,
    note,
    ok,
    wrong,
)


def unreadable(error: DeployError) -> list[Finding]:
    """What is wrong with a configuration that nothing else can be looked at for."""
    problems = error.problems if isinstance(error, Invalid) else (error,)
    rest = note("Nothing else was looked at, since it depends on the configuration")
    return [*map(wrong, problems), rest]


def examine(settings: Settings, world: World, environ: Mapping[str, str]) -> list[Finding]:
    """Everything that is found out, the most important first.

    Args:
        settings: what is to be deployed; it is valid.
        world: where to look.
        environ: what a workflow tells of itself.
    """
    here: list[Check] = [partial(workflow.history, settings), *machine.checks(settings, world)]
    with workers() as pool:
        machines = [pool.submit(found, check) for check in here]
        aws = pool.submit(_in_aws, settings, world, environ)
        findings = [_valid(settings), *aws.result(), *_all(each.result() for each in machines)]
    return in_order(findings, settings.secrets)


def _valid(settings: Settings) -> Finding:
    names = ", ".join(function.name for function in settings.functions)
    return ok(f"The configuration is valid: {names} in {', '.join(settings.regions)}")


def _in_aws(settings: Settings, world: World, environ: Mapping[str, str]) -> list[Finding]:
    clocks, findings = account.reach(settings, world)
    times = list(account.clock(clocks))
    findings += times
    if not clocks:
        return findings
    late = any(finding.level is Level.WRONG for finding in times)
    settings = replace(settings, regions=tuple(clocks))
    try:
        caller = world.identity(settings.regions[0]).caller()
    except DeployError as error:
        # A wrong clock is why, and has been said.
        why = [] if late else found(partial(account.no_identity, error, environ))
        return [*findings, *why, note("What is in AWS was not looked at: it cannot be asked")]
    return [*findings, *_all(together(found, _checks_in_aws(settings, world, caller)))]


def _all(results: Iterable[list[Finding]]) -> list[Finding]:
    return [finding for findings in results for finding in findings]


def _checks_in_aws(settings: Settings, world: World, caller: Caller) -> list[Check]:
    checks: list[Check] = [partial(account.whose, world, caller)]
    for region in settings.regions:
        look = partial(account.quotas, region, world)
        checks.append(partial(if_permitted, look, f"Lambda's quotas in {region}"))
        if repositories := images.repositories(settings):
            checks.append(partial(images.login, region, world))
        checks += [
            partial(images.repository, region, name, function, caller, world)
            for name, function in repositories.items()
        ]
        if settings.artifacts:
            checks.append(partial(stores.bucket_of_artifacts, region, settings.artifacts, world))
        checks += [
            partial(functions.layer, region, name, world)
            for layer in settings.layers.values()
            for name in layer.parts
        ]
        if zips := of_zips(settings, region, caller):
            checks.append(partial(permitted, "layers and zips", zips, region, caller, world))
    for region, function in settings.targets:
        checks.append(partial(functions.check, region, function, caller, world))
        if function.canary:
            checks.append(partial(stores.alarms, region, function.canary, world))
        checks += [
            partial(stores.bucket_of_test, region, gate, world)
            for gate in function.gates
            if isinstance(gate, S3Gate)
        ]
    return checks
