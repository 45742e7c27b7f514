"""Reads what AWS has of the resources in the settings."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from operator import itemgetter
from typing import TypeVar

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts, results, workers
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
from lambda_fast_deploy.planning.observed_layers import reusable_layers, with_foreign_layers
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.state.image_tags import app_tag, base_tag

T = TypeVar("T")


def observe(
    settings: Settings, prints: Callable[[], Fingerprints], clients: Clients
) -> tuple[dict[str, ObservedRegion], dict[str, DeployError]]:
    """The observed regions, read in parallel, and the errors of regions that cannot be read.

    Args:
        settings: the desired state.
        prints: the fingerprints; functions are read while these are still computed.
        clients: the APIs to read from.

    Raises:
        NotReady: a bucket or an alarm of the settings does not exist.
    """
    _check_tests(settings, clients)
    _check_alarms(settings, clients)
    return attempts(lambda region: _region(region, settings, prints, clients), settings.regions)


def _region(
    region: str, settings: Settings, prints: Callable[[], Fingerprints], clients: Clients
) -> ObservedRegion:
    with workers() as pool:
        functions = {
            function.name: _start_reads(pool, function, region, clients)
            for function in settings.functions
        }
        layers = {
            name: pool.submit(clients.layers(region).versions, name)
            for layer in settings.layers.values()
            for name in layer.parts
        }
        if settings.has_images:
            pool.submit(clients.registry(region).prepare)  # while the others wait for AWS
        fingerprints = prints()
        digests = {
            name: pool.submit(
                clients.registry(region).digest,
                base.repository,
                base_tag(base, fingerprints.bases[name]),
            )
            for name, base in settings.bases.items()
        }
        bases = _present(digests)
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
        published = results(layers)
        functions_ = {
            name: observed for name, answer in functions.items() if (observed := answer())
        }
        by_arn, prebuilt = _named(settings, functions_, region, clients)
        return ObservedRegion(
            region=region,
            bases=bases,
            layers={
                **reusable_layers(settings, fingerprints, published, region, clients),
                **by_arn,
            },
            published=published,
            prebuilt=prebuilt,
            images=_present(images),
            functions=with_foreign_layers(functions_, settings, region, clients),
        )


def _named(
    settings: Settings,
    functions: Mapping[str, ObservedFunction],
    region: str,
    clients: Clients,
) -> tuple[Mapping[str, LayerVersion], Mapping[str, str]]:
    """The layers that functions name by an ARN, and the images that they name by a URI."""
    layers: Mapping[str, LayerVersion] = {}
    images: Mapping[str, str] = {}
    if settings.names_layers_by_arn:  # few functions name any
        from lambda_fast_deploy.planning.layers_by_arn import observe_layers_by_arn

        layers = observe_layers_by_arn(settings, functions, region, clients)
    if settings.has_prebuilt_images:
        from lambda_fast_deploy.planning.images_by_uri import observe_images_by_uri

        images = observe_images_by_uri(settings, functions, region, clients)
    return layers, images


def _present(futures: Mapping[str, Future[T | None]]) -> dict[str, T]:
    return {name: value for name, value in results(futures).items() if value is not None}


def observe_others(
    settings: Settings, region: str, clients: Clients
) -> Mapping[str, ObservedFunction]:
    """The functions that keep variables or layers set outside this project, as observed now."""
    functions = clients.functions(region)
    keeping = [each for each in settings.functions if each.needs_environment or each.names_layers]
    with workers() as pool:
        latest = _present({each.name: pool.submit(functions.read, each.name) for each in keeping})
    observed = {name: ObservedFunction(state, None, None) for name, state in latest.items()}
    return with_foreign_layers(observed, settings, region, clients)


def observe_function(function: Function, region: str, clients: Clients) -> ObservedFunction | None:
    """The observed state of one function in a region."""
    with workers() as pool:
        return _start_reads(pool, function, region, clients)()


def _start_reads(
    pool: ThreadPoolExecutor, function: Function, region: str, clients: Clients
) -> Callable[[], ObservedFunction | None]:
    """Start all reads of a function; returns the function that waits for their answers."""
    functions, name, alias = clients.functions(region), function.name, function.alias
    latest = pool.submit(
        functions.read, name, tags=function.needs_tags, environment=function.needs_environment
    )
    settings = {
        setting.key: pool.submit(functions.setting, setting, function)
        for setting in function.own_settings
    }
    if not function.has_alias:
        return lambda: (
            ObservedFunction(state, None, None, settings=results(settings))
            if (state := latest.result())
            else None
        )
    led = pool.submit(clients.versions(region).alias, name, alias)
    live = pool.submit(functions.read, name, alias)
    urls = clients.urls(region)
    url = pool.submit(urls.read, name, alias) if function.url else None
    is_open = pool.submit(urls.is_open, name, alias) if function.access == "public" else None

    def observed() -> ObservedFunction | None:
        state, leads, serves = latest.result(), led.result(), live.result()
        address = url.result() if url else None
        if address and is_open:
            address = replace(address, is_open=is_open.result())
        if leads and (serves is None or serves.version != leads.version):
            serves = functions.read(name, leads.version)  # the alias moved between the two answers
        if state is None:
            return None
        return ObservedFunction(
            latest=state,
            alias=leads,
            live=serves if leads else None,
            url=address if leads else None,
            settings=results(settings),
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
            existing = clients.metrics(region).alarms(function.canary.alarms)
            for missing in missing_alarms(region, function.canary, existing):
                raise missing


def missing_alarms(region: str, canary: Canary, existing: Container[str]) -> list[NotReady]:
    """An error for each alarm of a canary that does not exist."""
    return [
        NotReady(
            f"{canary.place}: alarm {name!r} does not exist in {region}",
            remedy="Create the alarm, or correct its name.",
        )
        for name in canary.alarms
        if name not in existing
    ]
