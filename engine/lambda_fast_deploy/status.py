"""The live version of each function, and what a deploy would change; read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts
from lambda_fast_deploy.arn import is_arn
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.former_functions import former_functions
from lambda_fast_deploy.models import (
    Fingerprints,
    Function,
    FunctionState,
    ObservedFunction,
    ObservedRegion,
    Settings,
    Speed,
    ZipSource,
)
from lambda_fast_deploy.models.function_attributes import LAYERS
from lambda_fast_deploy.planning.configuration import changes, desired_parameters, layer_name
from lambda_fast_deploy.planning.differences import (
    UP_TO_DATE,
    code_difference,
    settings_of,
    url_difference,
)
from lambda_fast_deploy.planning.existing_artifacts import look
from lambda_fast_deploy.planning.function_plan import served
from lambda_fast_deploy.planning.planner import content_of, layers_of
from lambda_fast_deploy.planning.problems import problems_of, unusable
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.schema.yaml_lines import nearest
from lambda_fast_deploy.state import descriptions

_FORMER = "no longer in the configuration; delete it: lambda-fast-deploy delete {}"


@dataclass(frozen=True, slots=True)
class Status:
    """What is live of one function, or the state of a stack, in one region; empty if unknown.

    ``deployed`` is a time in ISO 8601. ``weights`` are the shares of the traffic for additional
    versions, as fractions of 1. ``code`` is the CodeSha256 of a zip or the digest of an image.
    ``differs`` are the differences to the working tree, for people; ``outputs`` are those of a
    stack; ``error`` is the reason why nothing could be read.
    """

    region: str
    function: str
    alias: str
    version: str = ""
    deployed: str = ""
    commit: str = ""
    actor: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    code: str = ""
    speed: Speed = field(default_factory=Speed)
    differs: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def status(settings: Settings, clients: Clients, run_log: RunLog, only: str = "") -> list[Status]:
    """Every function in every region, or one function in each.

    Raises:
        Invalid: no function has that name.
        NotReady: no region can be read.
    """
    if settings.stack:
        return _of_stack(settings, clients, run_log, only)
    settings = _without_tests(settings, only)
    prints, observed, failed = look(settings, fingerprints(settings), clients, run_log)
    if not observed:
        raise next(iter(failed.values()))
    statuses: list[Status] = []
    for region in settings.regions:
        if region in observed:
            statuses += compared(settings, prints, observed[region])
        else:
            error = failed[region].message
            statuses += [Status(region, f.name, f.alias, error=error) for f in settings.functions]
    if only:
        return statuses
    return [
        *statuses,
        *(
            Status(region, name, "", differs=(_FORMER.format(name),))
            for region, name in former_functions(settings, clients, run_log)
            if region in observed
        ),
    ]


def _of_stack(settings: Settings, clients: Clients, run_log: RunLog, only: str) -> list[Status]:
    """The stack in every region."""
    from lambda_fast_deploy.stacks.stack_context import stack_contexts
    from lambda_fast_deploy.stacks.status import status_of

    assert settings.stack
    if only:
        message = "cannot show one function of a stack; omit its name"
        raise Invalid([Problem(message, Place("status"))])
    name, context = settings.stack.name, stack_contexts(settings, clients, run_log)
    stacks, failed = attempts(lambda region: status_of(context(region)), settings.regions)
    if not stacks:
        raise next(iter(failed.values()))
    unread = [Status(region, name, "", error=error.message) for region, error in failed.items()]
    return [
        *(
            Status(
                region,
                name,
                "",
                version=each.version,
                deployed=each.changed,
                differs=each.differs,
                outputs=each.outputs,
            )
            for region, each in stacks.items()
        ),
        *unread,
    ]


def _without_tests(settings: Settings, only: str) -> Settings:
    """The settings of the function, or of all, without tests, canaries and flags."""
    names = [function.name for function in settings.functions]
    if only and only not in names:
        message = f"unknown function {only!r}{nearest(only, names)}"
        raise Invalid([Problem(message, Place("status"))])
    functions = tuple(
        replace(function, tests=(), canary=None)
        for function in settings.functions
        if only in ("", function.name)
    )
    event = replace(settings.event, flags=frozenset())
    return replace(settings, functions=functions, event=event)


def compared(settings: Settings, prints: Fingerprints, region: ObservedRegion) -> list[Status]:
    """The status of every function of the settings in one region."""
    return [_status(function, prints, region) for function in settings.functions]


def _status(function: Function, prints: Fingerprints, region: ObservedRegion) -> Status:
    status = Status(region.region, function.name, function.alias)
    observed = region.functions.get(function.name)
    if observed is None:
        return replace(status, differs=("does not exist",))
    state = served(function, observed)
    if problem := unusable(function.name, observed.latest, region.region):
        return replace(status, differs=(problem.message,))
    if state is None:
        return replace(status, differs=(f"alias {function.alias} does not exist",))
    origin = descriptions.origin_of(observed.live.description if observed.live else "")
    return replace(
        status,
        version=state.version,
        deployed=origin.deployed or state.modified,
        commit=origin.commit,
        actor=origin.actor,
        weights=dict(observed.alias.weights) if observed.alias else {},
        code=state.image_digest or state.code_sha256,
        speed=descriptions.speed_of(observed.alias.description) if observed.alias else Speed(),
        differs=tuple(_differences(function, observed, state, prints, region)),
    )


def _differences(
    function: Function,
    observed: ObservedFunction,
    state: FunctionState,
    prints: Fingerprints,
    region: ObservedRegion,
) -> list[str]:
    """What a deploy would change of the live state."""
    if problems := problems_of(function, state, observed.foreign, region.region):
        return [problem.message for problem in problems]
    code, *_ = code_difference(function, state, content_of(function, prints, region))
    parameters = desired_parameters(function, state, layers_of(function, region), observed.foreign)
    different = changes(parameters, state)
    keys = {change.attribute for change in different} - {LAYERS.key}  # listed by name below
    settings = [each.key for each, value, _ in settings_of(function, observed) if value is not None]
    url = url_difference(function, observed.url) if function.url else UP_TO_DATE
    configuration = [*sorted(keys), *settings, *(["url"] if url[0].changes else [])]
    return [
        *(["code differs"] if code.changes else []),
        *([f"configuration differs: {', '.join(configuration)}"] if configuration else []),
        *(f"layer {name} differs" for name in _layers(function, observed, state, region)),
    ]


def _layers(
    function: Function, observed: ObservedFunction, state: FunctionState, region: ObservedRegion
) -> list[str]:
    """The names of the layers that a deploy would change."""
    source = function.source
    names = source.layers if isinstance(source, ZipSource) else ()
    desired = {
        layer_name(name) if is_arn(name) else name: region.layers[name].arn
        if name in region.layers
        else ""
        for name in names
    }
    attached = {layer_name(arn): arn for arn in state.layers if arn not in observed.foreign}
    return [name for name in {**desired, **attached} if desired.get(name) != attached.get(name)]
