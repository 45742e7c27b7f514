"""Functions: whether each can be updated or created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lambda_fast_deploy.adapters.aws.function_states import remedy_of, under_way
from lambda_fast_deploy.adapters.aws.identity import Caller
from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.doctor.checks.allowed_actions import of_function, permitted
from lambda_fast_deploy.doctor.finding import Finding, if_permitted, note, ok, wrong
from lambda_fast_deploy.errors import Invalid, NotFound, NotReady, Refused
from lambda_fast_deploy.fingerprints.archive import archive
from lambda_fast_deploy.models import Function, FunctionState, FunctionTest, Settings
from lambda_fast_deploy.planning.layers_by_arn import observe_layers_by_arn
from lambda_fast_deploy.planning.observe import observe_function
from lambda_fast_deploy.planning.observed_layers import with_foreign_layers
from lambda_fast_deploy.planning.problems import creation_problem, problems_of, unusable


def check(
    region: str,
    function: Function,
    settings: Settings,
    caller: Caller,
    clients: Clients,
    *,
    rehearses: bool,
) -> Iterator[Finding]:
    """Whether a function can be deployed to a region.

    Args:
        region: the region.
        function: the function of the configuration.
        settings: all settings.
        caller: the caller of the credentials.
        clients: the clients to read with.
        rehearses: whether to try an update of its code as a dry run.
    """
    observed = observe_function(function, region, clients)
    if observed:
        (observed,) = with_foreign_layers(
            {function.name: observed}, settings, region, clients
        ).values()
    if observed is None:
        if problem := creation_problem(function, region):
            yield wrong(problem)
        else:
            yield ok(f"Function {function.name} will be created in {region}")
    elif problems := problems_of(function, observed.latest, observed.foreign, region):
        yield from map(wrong, problems)
        return
    else:
        yield from _state(region, function, observed.latest, clients, rehearses=rehearses)
    yield from _layers_by_arn(region, function, settings, clients)
    if observed and observed.url and function.access == "public" and not observed.url.is_open:
        yield note(
            f"The URL of {function.name} in {region} answers 403: since 1 November 2026, public "
            "URLs need a resource policy with lambda:InvokeFunctionUrl and lambda:InvokeFunction",
            "Deploy the function, which adds the missing permissions.",
        )
    if function.role and (observed is None or observed.latest.role != function.role):
        look = partial(_role, region, function.role, caller, clients)
        yield from if_permitted(look, f"Role {function.role}")
    needs = of_function(function, observed, region, caller)
    yield from permitted(f"function {function.name}", needs, region, caller, clients)


def _layers_by_arn(
    region: str, function: Function, settings: Settings, clients: Clients
) -> Iterator[Finding]:
    """Whether the layers that a function names by an ARN can be attached."""
    try:
        observe_layers_by_arn(replace(settings, functions=(function,)), {}, region, clients)
    except Invalid as error:
        yield from map(wrong, error.problems)
    except NotReady as error:
        yield wrong(error)


def layer(region: str, name: str, clients: Clients) -> Iterator[Finding]:
    """Whether the versions of a layer can be listed."""
    versions = clients.layers(region).versions(name)
    newest = f"its newest version is {versions[0].number}" if versions else "it will be published"
    yield ok(f"Layer {name} in {region}: {newest}")


def needs_of_test(region: str, test: FunctionTest, clients: Clients) -> Iterator[Finding]:
    """Whether AWS has what a test needs, regardless of its conditions."""
    if remark := test.check(region, clients):
        text, advice = remark
        yield note(text, advice) if advice else ok(text)


def _state(
    region: str, function: Function, latest: FunctionState, clients: Clients, *, rehearses: bool
) -> Iterator[Finding]:
    what = f"Function {function.name} in {region}"
    if problem := unusable(function.name, latest, region):
        yield wrong(problem)
    elif latest.state == "Inactive":
        yield note(f"{what} is Inactive {latest.why}".rstrip(), remedy_of(latest.reason_code))
    elif activity := under_way(latest):
        yield note(f"{what} is {activity}", "A deploy waits until that is finished.")
    elif not rehearses:
        yield ok(f"{what} exists; an update of its code was not tried, because this run only reads")
    else:
        code = _rehearsal(latest)
        try:
            clients.functions(region).rehearse(
                function.name, code, latest.architecture, latest.code_key
            )
        except Refused as refusal:
            if "ImageUri" not in code:
                raise
            yield note(f"{what} could not be updated to its current image: {refusal.message}")
        else:
            yield ok(f"{what} exists, and Lambda accepts an update of its code")


def _rehearsal(latest: FunctionState) -> dict[str, Any]:
    """Code for a dry run; Lambda accepts any file, but refuses an empty zip."""
    if latest.package == "Image":
        return {"ImageUri": latest.code_location}
    return {"ZipFile": archive({"rehearsal.py": Path(__file__)}, compress=True).content}


def _role(region: str, role: str, caller: Caller, clients: Clients) -> Iterator[Finding]:
    """Whether Lambda can assume an execution role, which must be of the function's account."""
    account = Arn.parse(role).account
    if account != caller.account:
        message = (
            f"role {role} is in account {account}, but the credentials are of {caller.account}"
        )
        yield wrong(NotReady(message, remedy="Use a role of the account that you deploy to."))
        return
    try:
        is_trusted = clients.identity(region).lets_lambda_in(role)
    except NotFound:
        message = f"role {role} does not exist"
        yield wrong(NotReady(message, remedy="Create the execution role, or correct its ARN."))
        return
    if is_trusted:
        yield ok(f"Lambda can assume role {role}")
    else:
        remedy = "Add lambda.amazonaws.com to its trust policy (sts:AssumeRole)."
        yield wrong(NotReady(f"role {role} does not allow Lambda to assume it", remedy=remedy))
