"""Whether this machine, its credentials and the account are ready to deploy a configuration.

Nothing is changed. What waits is asked for at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from engine.adapters.aws.identity import Caller
from engine.adapters.parallel import together, workers
from engine.adapters.world import World
from engine.errors import DeployError, Invalid
from engine.journal import Journal
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

if TYPE_CHECKING:
    from engine.stack.order import Order


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
    try:
        subject = _subject(settings, world)
    except DeployError as error:
        return in_order(unreadable(error), settings.secrets)
    here: list[Check] = [partial(workflow.history, settings)]
    if settings.event.unmerged:
        here.append(partial(machine.spared, settings.event.unmerged))
    else:
        here += machine.checks(subject.built, world)
    with workers() as pool:
        machines = [pool.submit(found, check) for check in here]
        aws = pool.submit(_in_aws, subject, world, environ)
        findings = [_valid(settings), *aws.result(), *_all(each.result() for each in machines)]
    return in_order(findings, settings.secrets)


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is examined.

    ``built`` are the settings with the functions whose images a stack's template has, and ``order``
    is the stack in a region, if it is one.
    """

    settings: Settings
    built: Settings
    order: Callable[[str], Order] | None = None


def _subject(settings: Settings, world: World) -> _Subject:
    if settings.stack is None:
        return _Subject(settings, settings)
    from engine.stack.order import of_template, orders

    _, _, images = of_template(settings.stack)
    built = replace(settings, functions=images)
    return _Subject(settings, built, orders(settings, world, Journal()))


def _valid(settings: Settings) -> Finding:
    names = ", ".join(function.name for function in settings.functions)
    if settings.stack:
        names = f"stack {settings.stack.name} of {settings.stack.template.name}"
    return ok(f"The configuration is valid: {names} in {', '.join(settings.regions)}")


def _in_aws(subject: _Subject, world: World, environ: Mapping[str, str]) -> list[Finding]:
    settings = subject.settings
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
    return [
        *findings,
        *_all(together(found, _checks_in_aws(replace(subject, settings=settings), world, caller))),
    ]


def _all(results: Iterable[list[Finding]]) -> list[Finding]:
    return [finding for findings in results for finding in findings]


def _checks_in_aws(subject: _Subject, world: World, caller: Caller) -> list[Check]:
    settings, order = subject.settings, subject.order
    checks: list[Check] = [partial(account.whose, world, caller)]
    for region in settings.regions:
        look = partial(account.quotas, region, world)
        checks.append(partial(if_permitted, look, f"Lambda's quotas in {region}"))
        if repositories := images.repositories(subject.built):
            checks.append(partial(images.login, region, world))
        checks += [
            partial(images.repository, region, name, function, caller, world)
            for name, function in repositories.items()
        ]
        if order:
            from engine.upkeep.checks import stack

            checks.append(partial(stack.stack, region, order, caller, world))
            checks.append(partial(stack.bucket, region, settings, order, world))
        elif settings.artifacts:
            checks.append(partial(stores.bucket_of_artifacts, region, settings.artifacts, world))
        checks += [
            partial(functions.layer, region, name, world)
            for layer in settings.layers.values()
            for name in layer.parts
        ]
        if zips := of_zips(settings, region, caller):
            checks.append(partial(permitted, "layers and zips", zips, region, caller, world))
    for region, function in settings.targets:
        rehearses = not settings.only_reads
        checks.append(
            partial(functions.check, region, function, settings, caller, world, rehearses=rehearses)
        )
        if function.canary:
            checks.append(partial(stores.of_canary, region, function.canary, world))
        checks += [
            partial(stores.bucket_of_test, region, gate, world)
            for gate in function.gates
            if isinstance(gate, S3Gate)
        ]
    return checks
