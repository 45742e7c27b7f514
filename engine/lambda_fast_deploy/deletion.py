"""Deletes functions on command, with what belongs to them alone.

Lambda deletes the versions, aliases and URL of a function with it. Its alarms are deleted here. Its
log stays, as do layers, images and roles, which other functions may use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import DeployError, Invalid, NotFound, NotPermitted, Place, Problem
from lambda_fast_deploy.former_functions import former_functions
from lambda_fast_deploy.models import Settings
from lambda_fast_deploy.models.monitoring_settings import alarm_prefix
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.state import marks


@dataclass(frozen=True, slots=True)
class DeletableFunction:
    """A function, and what is deleted with it: versions, aliases, URLs and alarms.

    ``aliases`` have the version that each points at. ``log_group`` stays.
    """

    region: str
    name: str
    versions: int
    aliases: tuple[str, ...]
    urls: tuple[str, ...]
    alarms: tuple[str, ...]
    log_group: str


def deletable_functions(
    settings: Settings, clients: Clients, run_log: RunLog, only: str
) -> list[DeletableFunction]:
    """The existing functions of the configuration, or those of one name in each region.

    Args:
        settings: the settings.
        clients: the clients to read with.
        run_log: gets notes.
        only: a function of the configuration, or one that it once deployed; empty for all of the
            configuration.

    Raises:
        Invalid: it is neither.
    """
    targets = [(region, f.name) for region, f in settings.targets if only in ("", f.name)]
    if only and not targets:
        former = former_functions(settings, clients, run_log)
        targets = [(region, name) for region, name in former if name == only]
        if not targets:
            names = {*(f.name for f in settings.functions), *(name for _, name in former)}
            message = f"unknown function {only!r}{nearest(only, names)}"
            raise Invalid([Problem(message, Place("delete"))])
    functions = (_read(region, name, clients, run_log) for region, name in targets)
    return [function for function in functions if function]


def _read(region: str, name: str, clients: Clients, run_log: RunLog) -> DeletableFunction | None:
    state = clients.functions(region).read(name)
    if state is None:
        return None
    versions, urls = clients.versions(region), clients.urls(region)
    aliases = [alias for alias in versions.aliases(name) if alias.name != marks.LOCK]
    read = (urls.read(name, alias) for alias in ("", *(each.name for each in aliases)))
    try:
        alarms = clients.metrics(region).with_prefix(alarm_prefix(name))
    except NotPermitted as denied:
        run_log.note(f"Alarms of {name} in {region} stay, if it has any: {denied.message}")
        alarms = ()
    return DeletableFunction(
        region,
        name,
        versions=len(versions.every(name)),
        aliases=tuple(f"{alias.name} → {alias.version}" for alias in aliases),
        urls=tuple(url.address for url in read if url),
        alarms=alarms,
        log_group=state.logging.get("LogGroup") or f"/aws/lambda/{name}",
    )


def delete(functions: Iterable[DeletableFunction], clients: Clients) -> Iterator[DeletableFunction]:
    """Delete functions one by one; yields each after its deletion.

    Raises:
        DeployError: one could not be deleted, or its alarms; the following ones are not deleted.
    """
    for function in functions:
        try:
            clients.functions(function.region).delete(function.name)
        except NotFound:
            continue  # somebody else has deleted it
        yield function
        if function.alarms:
            _delete_alarms(function, clients)


def _delete_alarms(function: DeletableFunction, clients: Clients) -> None:
    """Delete the alarms of a deleted function, which no later run finds."""
    try:
        clients.metrics(function.region).delete_alarms(function.alarms)
    except DeployError as error:
        names = " ".join(function.alarms)
        error.remedy = (
            f"{error.remedy}\nThe function is deleted, and its alarms stay; delete them: "
            f"aws cloudwatch delete-alarms --alarm-names {names} --region {function.region}"
        ).lstrip()
        raise
