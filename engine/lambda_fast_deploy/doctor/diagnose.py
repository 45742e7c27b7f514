"""Checks whether this machine, its credentials and the account are ready for a deploy.

The checks are read-only and run in parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import together, workers
from lambda_fast_deploy.doctor.checks import (
    account,
    buckets_and_alarms,
    checkout,
    functions,
    images,
    local_tools,
)
from lambda_fast_deploy.doctor.checks.allowed_actions import of_zips, permitted
from lambda_fast_deploy.doctor.finding import (
    Check,
    Finding,
    Level,
    if_permitted,
    note,
    ok,
    run_check,
    sorted_findings,
    wrong,
)
from lambda_fast_deploy.errors import DeployError, Invalid
from lambda_fast_deploy.models import DesiredImages, Settings
from lambda_fast_deploy.run_log import RunLog

if TYPE_CHECKING:
    from lambda_fast_deploy.stacks.stack_context import StackContext


def unreadable(error: DeployError) -> list[Finding]:
    """The findings for a configuration that cannot be loaded."""
    problems = error.problems if isinstance(error, Invalid) else (error,)
    rest = note("Nothing else was checked, because all checks depend on the configuration")
    return [*map(wrong, problems), rest]


def examine(settings: Settings, clients: Clients, environ: Mapping[str, str]) -> list[Finding]:
    """The findings of all checks, the most important first.

    Args:
        settings: the valid settings.
        clients: the clients to read with.
        environ: the environment, with the variables of a workflow.
    """
    try:
        subject = _subject(settings, clients)
    except DeployError as error:
        return sorted_findings(unreadable(error), settings.secrets)
    local: list[Check] = [partial(checkout.history, settings)]
    if settings.event.unmerged:
        local.append(partial(local_tools.unchecked, settings.event.unmerged))
    else:
        local += local_tools.checks(subject.images, settings.dependencies, clients)
    with workers() as pool:
        machines = [pool.submit(run_check, check) for check in local]
        aws = pool.submit(_in_aws, subject, clients, environ)
        findings = [_valid(settings), *aws.result(), *_all(each.result() for each in machines)]
    return sorted_findings(findings, settings.secrets)


@dataclass(frozen=True, slots=True)
class _Examination:
    """The subject: the images of a configuration or a template, and the stack by region."""

    settings: Settings
    images: DesiredImages
    context: Callable[[str], StackContext] | None = None


def _subject(settings: Settings, clients: Clients) -> _Examination:
    if settings.stack is None:
        return _Examination(settings, DesiredImages.of(settings))
    from lambda_fast_deploy.stacks.stack_context import of_template, stack_contexts

    _, _, images = of_template(settings.stack)
    desired = DesiredImages(settings.bases, images, settings.regions[0], settings.event)
    return _Examination(settings, desired, stack_contexts(settings, clients, RunLog()))


def _valid(settings: Settings) -> Finding:
    names = ", ".join([each.name for each in settings.functions] or settings.layers)
    if settings.stack:
        names = f"stack {settings.stack.name} of {settings.stack.template.name}"
    return ok(f"The configuration is valid: {names} in {', '.join(settings.regions)}")


def _in_aws(subject: _Examination, clients: Clients, environ: Mapping[str, str]) -> list[Finding]:
    settings = subject.settings
    clocks, findings = account.reachable_regions(settings, clients)
    times = list(account.clock(clocks))
    findings += times
    if not clocks:
        return findings
    late = any(finding.level is Level.WRONG for finding in times)
    settings = replace(settings, regions=tuple(clocks))
    try:
        caller = clients.identity(settings.regions[0]).caller()
    except DeployError as error:
        # If the clock is wrong, that is the cause, and reported already.
        causes = [] if late else run_check(partial(account.no_identity, error, environ))
        return [
            *findings,
            *causes,
            note("Resources in AWS were not checked: no usable credentials"),
        ]
    return [
        *findings,
        *_all(
            together(
                run_check, _checks_in_aws(replace(subject, settings=settings), clients, caller)
            )
        ),
    ]


def _all(results: Iterable[list[Finding]]) -> list[Finding]:
    return [finding for findings in results for finding in findings]


def _checks_in_aws(subject: _Examination, clients: Clients, caller: Caller) -> list[Check]:
    settings, context = subject.settings, subject.context
    checks: list[Check] = [partial(account.credentials, clients, caller)]
    for region in settings.regions:
        look = partial(account.quotas, region, clients)
        checks.append(partial(if_permitted, look, f"Lambda's quotas in {region}"))
        if repositories := images.repositories(subject.images):
            checks.append(partial(images.login, region, clients))
        checks += [
            partial(images.repository, region, name, function, caller, clients)
            for name, function in repositories.items()
        ]
        checks += [
            partial(functions.needs_of_test, region, test, clients) for test in settings.tests
        ]
        if context:
            from lambda_fast_deploy.doctor.checks import stack

            checks.append(partial(stack.stack, region, context, caller, clients))
            checks.append(partial(stack.bucket, region, settings, context, clients))
        elif settings.artifacts:
            checks.append(
                partial(buckets_and_alarms.bucket_of_artifacts, region, settings.artifacts, clients)
            )
        checks += [
            partial(functions.layer, region, name, clients)
            for layer in settings.layers.values()
            for name in layer.parts
        ]
        if zips := of_zips(settings, region, caller):
            checks.append(partial(permitted, "layers and zips", zips, region, caller, clients))
    for region, function in settings.targets:
        rehearses = not settings.only_reads
        checks.append(
            partial(
                functions.check, region, function, settings, caller, clients, rehearses=rehearses
            )
        )
        if function.canary:
            checks.append(partial(buckets_and_alarms.of_canary, region, function.canary, clients))
    return checks
