"""What AWS has now of the things that the settings name. Only reads."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from operator import itemgetter
from typing import TypeVar

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, results, workers
from lambda_fast_deploy.arn import Arn
from lambda_fast_deploy.errors import DeployError, NotReady
from lambda_fast_deploy.models import (
    Canary,
    Fingerprints,
    Function,
    ImageSource,
    LayerVersion,
    ObservedFunction,
    ObservedRegion,
    Settings,
)
from lambda_fast_deploy.planning.configuration import layer_name
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.state.image_tags import app_tag, base_tag

T = TypeVar("T")


def observe(
    settings: Settings, prints: Callable[[], Fingerprints], clients: Clients
) -> tuple[dict[str, ObservedRegion], dict[str, DeployError]]:
    """What each region has, all reads at the same time; and the regions that cannot be asked.

    Args:
        settings: what is asked for.
        prints: the fingerprints, which may still be waited for while functions are read.
        world: where it is asked.

    Raises:
        NotReady: a bucket or an alarm that is asked for does not exist.
    """
    _check_tests(settings, clients)
    _check_alarms(settings, clients)
    return attempts(lambda region: _region(region, settings, prints, clients), settings.regions)


def _region(
    region: str, settings: Settings, prints: Callable[[], Fingerprints], clients: Clients
) -> ObservedRegion:
    with workers() as pool:
        functions = {
            function.name: _asked(pool, function, region, clients)
            for function in settings.functions
        }
        layers = {
            name: pool.submit(clients.layers(region).versions, name)
            for layer in settings.layers.values()
            for name in layer.parts
        }
        fingerprints = prints()
        asked = {
            name: pool.submit(
                clients.registry(region).digest,
                base.repository,
                base_tag(base, fingerprints.bases[name]),
            )
            for name, base in settings.bases.items()
        }
        bases = _present(asked)
        images = {
            function.name: pool.submit(
                clients.registry(region).digest,
                function.source.repository,
                app_tag(
                    fingerprints.images[function.name], bases.get(function.source.base or "", "")
                ),
            )
            for function in settings.functions
            if isinstance(function.source, ImageSource)
        }
        known = results(layers)
        found = {name: there for name, answer in functions.items() if (there := answer())}
        return ObservedRegion(
            region=region,
            bases=bases,
            layers=_reusable(settings, fingerprints, known),
            published=known,
            images=_present(images),
            functions=with_foreign_layers(found, settings, region, clients),
        )


def with_foreign_layers(
    found: Mapping[str, ObservedFunction], settings: Settings, region: str, clients: Clients
) -> dict[str, ObservedFunction]:
    """Functions with the layers that others attached to them, where the settings name layers.

    Those of another account cannot be ours; of those of this one that no configuration names any
    more, their descriptions tell.
    """
    named = {name for layer in settings.layers.values() for name in layer.parts}
    others: dict[str, tuple[str, ...]] = {}
    for name in (each.name for each in settings.functions if each.names_layers):
        if there := found.get(name):
            attached = {*there.latest.layers, *(there.live.layers if there.live else ())}
            others[name] = tuple(
                arn for arn in attached if layer_name(arn) not in named or not _is_near(arn, there)
            )
    doubtful = {arn for name, arns in others.items() for arn in arns if _is_near(arn, found[name])}
    with workers() as pool:
        ours = results({arn: pool.submit(clients.layers(region).is_ours, arn) for arn in doubtful})
    return {
        name: replace(
            there, foreign=frozenset(arn for arn in others.get(name, ()) if not ours.get(arn))
        )
        for name, there in found.items()
    }


def _is_near(layer: str, there: ObservedFunction) -> bool:
    """Whether a layer is of the account of the function that it is attached to."""
    return Arn.parse(layer).account == Arn.parse(there.latest.arn).account


def _reusable(
    settings: Settings,
    fingerprints: Fingerprints,
    known: Mapping[str, tuple[LayerVersion, ...]],
) -> dict[str, LayerVersion]:
    """The version of each layer that holds what is wanted.

    A version of any part tells what all of them came to hold for its requirements.
    """
    found: dict[str, LayerVersion] = {}
    for layer in settings.layers.values():
        wanted = fingerprints.layers[layer.name]
        told = (v.contents for name in layer.parts for v in known[name] if v.fingerprint == wanted)
        for name, content in zip(layer.parts, next(told, ()), strict=False):
            if same := [version for version in known[name] if version.content == content]:
                found[name] = same[0]
    return found


def _present(asked: Mapping[str, Future[T | None]]) -> dict[str, T]:
    return {name: found for name, found in results(asked).items() if found is not None}


def observe_others(
    settings: Settings, region: str, clients: Clients
) -> Mapping[str, ObservedFunction]:
    """The functions that keep what others gave them, variables or layers, as they are now."""
    functions = clients.functions(region)
    keeping = [each for each in settings.functions if each.needs_environment or each.names_layers]
    with workers() as pool:
        latest = _present({each.name: pool.submit(functions.read, each.name) for each in keeping})
    found = {name: ObservedFunction(state, None, None) for name, state in latest.items()}
    return with_foreign_layers(found, settings, region, clients)


def observe_function(function: Function, region: str, clients: Clients) -> ObservedFunction | None:
    """What a region has of one function."""
    with workers() as pool:
        return _asked(pool, function, region, clients)()


def _asked(
    pool: ThreadPoolExecutor, function: Function, region: str, clients: Clients
) -> Callable[[], ObservedFunction | None]:
    """Ask for all of a function at once; the way to what was answered."""
    functions, name, alias = clients.functions(region), function.name, function.alias
    latest = pool.submit(
        functions.read, name, tags=function.needs_tags, environment=function.needs_environment
    )
    own = {
        setting.key: pool.submit(functions.setting, name, setting)
        for setting in function.own_settings
    }
    if not function.has_alias:
        return lambda: (
            ObservedFunction(found, None, None, settings=results(own))
            if (found := latest.result())
            else None
        )
    led = pool.submit(clients.versions(region).alias, name, alias)
    live = pool.submit(functions.read, name, alias)
    urls = clients.urls(region)
    url = pool.submit(urls.read, name, alias) if function.url else None
    is_open = pool.submit(urls.is_open, name, alias) if function.url == "public" else None

    def observed() -> ObservedFunction | None:
        found, leads, serves = latest.result(), led.result(), live.result()
        address = url.result() if url else None
        if address and is_open:
            address = replace(address, is_open=is_open.result())
        if leads and (serves is None or serves.version != leads.version):
            serves = functions.read(name, leads.version)  # it was moved between the two answers
        if found is None:
            return None
        return ObservedFunction(
            latest=found,
            alias=leads,
            live=serves if leads else None,
            url=address if leads else None,
            settings=results(own),
        )

    return observed


def _check_tests(settings: Settings, clients: Clients) -> None:
    tests = {
        (region, test.name): test
        for region, function in settings.targets
        for test in function.tests
        if not reason_to_skip(test, settings.event, changed=True)
    }
    for (region, _), test in sorted(tests.items(), key=itemgetter(0)):
        test.check(region, clients)


def _check_alarms(settings: Settings, clients: Clients) -> None:
    for region, function in settings.targets:
        if function.canary:
            there = clients.metrics(region).alarms(function.canary.alarms)
            for missing in missing_alarms(region, function.canary, there):
                raise missing


def missing_alarms(region: str, canary: Canary, there: Container[str]) -> list[NotReady]:
    """What is wrong for each alarm of a canary that is not among those that are ``there``."""
    return [
        NotReady(
            f"{canary.place}: alarm {name!r} does not exist in {region}",
            remedy="Create the alarm, or correct its name.",
        )
        for name in canary.alarms
        if name not in there
    ]
