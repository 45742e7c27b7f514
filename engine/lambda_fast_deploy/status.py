"""What users have of each function, and what a deploy of the working tree would change. Reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.adapters.parallel import attempts
from lambda_fast_deploy.config.yaml_lines import nearest
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.fingerprints import fingerprints
from lambda_fast_deploy.journal import Journal
from lambda_fast_deploy.models import (
    Fingerprints,
    Function,
    FunctionState,
    ObservedRegion,
    Plan,
    Settings,
    Speed,
    ZipSource,
)
from lambda_fast_deploy.planning.configuration import layer_name, update
from lambda_fast_deploy.planning.existing_artifacts import look
from lambda_fast_deploy.planning.planner import make_plan, served
from lambda_fast_deploy.planning.problems import problems_of, unusable
from lambda_fast_deploy.state import descriptions

_KEYS = {  # of lambda-deploy.yml, by those of the API's UpdateFunctionConfiguration
    "MemorySize": "memory",
    "EphemeralStorage": "storage",
    "TracingConfig": "tracing",
    "LoggingConfig": "logging",
    "VpcConfig": "vpc",
}


@dataclass(frozen=True, slots=True)
class Status:
    """What users have of one function, or what a stack is, in one region; empty where not known.

    ``deployed`` is a time in ISO 8601. ``weights`` are the parts, of 1, of the users' calls that go
    to further versions. ``code`` is the CodeSha256 of a zip or the digest of an image. ``differs``
    is what the working tree has otherwise, for people; ``outputs`` are a stack's; ``error`` is why
    nothing could be read.
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


def status(settings: Settings, clients: Clients, journal: Journal, only: str = "") -> list[Status]:
    """Every function in every region, or one function in each.

    Raises:
        Invalid: no function has that name.
        NotReady: no region can be asked.
    """
    if settings.stack:
        return _of_stack(settings, clients, journal, only)
    settings = _without_tests(settings, only)
    prints, observed, failed = look(settings, fingerprints(settings), clients, journal)
    if not observed:
        raise next(iter(failed.values()))
    found: list[Status] = []
    for region in settings.regions:
        if region in observed:
            found += compared(settings, prints, observed[region])
        else:
            says = failed[region].message
            found += [Status(region, f.name, f.alias, error=says) for f in settings.functions]
    return found


def _of_stack(settings: Settings, clients: Clients, journal: Journal, only: str) -> list[Status]:
    """The stack in every region."""
    from lambda_fast_deploy.stacks.stack_context import orders
    from lambda_fast_deploy.stacks.status import status_of

    assert settings.stack
    if only:
        raise Invalid([Problem("a stack is told of as a whole, by its own name", Place("status"))])
    name, context = settings.stack.name, orders(settings, clients, journal)
    done, failed = attempts(lambda region: status_of(context(region)), settings.regions)
    if not done:
        raise next(iter(failed.values()))
    lost = [Status(region, name, "", error=error.message) for region, error in failed.items()]
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
            for region, each in done.items()
        ),
        *lost,
    ]


def _without_tests(settings: Settings, only: str) -> Settings:
    """The settings of what is asked for; what tests need, and flags say, does not matter here."""
    names = [function.name for function in settings.functions]
    if only and only not in names:
        says = f"no function {only!r}{nearest(only, names)}"
        raise Invalid([Problem(says, Place("status"))])
    functions = tuple(
        replace(function, tests=(), canary=None)
        for function in settings.functions
        if only in ("", function.name)
    )
    event = replace(settings.event, flags=frozenset())
    return replace(settings, functions=functions, event=event)


def compared(settings: Settings, prints: Fingerprints, there: ObservedRegion) -> list[Status]:
    """Every function of the settings in one region, beside what the working tree holds."""
    plan = _plan(settings, prints, there)
    return [_status(function, there, plan) for function in settings.functions]


def _plan(settings: Settings, prints: Fingerprints, there: ObservedRegion) -> Plan:
    """What a deploy would do if ``$LATEST`` were what users have."""
    as_served = {
        function.name: replace(there.functions[function.name], latest=state)
        for function in settings.functions
        if (state := _served(function, there)) and not _problems(function, state, there)
    }
    comparable = tuple(each for each in settings.functions if each.name in as_served)
    settings = replace(settings, regions=(there.region,), functions=comparable)
    return make_plan(settings, prints, {there.region: replace(there, functions=as_served)})


def _served(function: Function, there: ObservedRegion) -> FunctionState | None:
    observed = there.functions.get(function.name)
    return served(function, observed) if observed else None


def _problems(function: Function, state: FunctionState, there: ObservedRegion) -> list[Problem]:
    """Why what users have cannot become what the working tree holds."""
    observed = replace(there.functions[function.name], latest=state)
    return problems_of(function, observed, there.region)


def _status(function: Function, there: ObservedRegion, plan: Plan) -> Status:
    found = Status(there.region, function.name, function.alias)
    observed = there.functions.get(function.name)
    if observed is None:
        return replace(found, differs=("not there",))
    state = served(function, observed)
    if problem := unusable(function.name, observed.latest, there.region):
        return replace(found, differs=(problem.message,))
    if state is None:
        return replace(found, differs=(f"alias {function.alias} is not there",))
    origin = descriptions.origin_of(observed.live.description if observed.live else "")
    return replace(
        found,
        version=state.version,
        deployed=origin.deployed or state.modified,
        commit=origin.commit,
        actor=origin.actor,
        weights=dict(observed.alias.weights) if observed.alias else {},
        code=state.image_digest or state.code_sha256,
        speed=descriptions.speed_of(observed.alias.description) if observed.alias else Speed(),
        differs=tuple(_differences(function, state, there, plan)),
    )


def _differences(
    function: Function, state: FunctionState, there: ObservedRegion, plan: Plan
) -> list[str]:
    if problems := _problems(function, state, there):
        return [problem.message for problem in problems]
    steps = {step.kind: step for step in plan.of(there.region, function.name)}
    layers, names = _layers(function, state, there)
    keys = update(function, state, layers).keys() - {"Layers"}  # of which their names tell more
    other = [kind for kind in ("tags", "url") if kind in steps and steps[kind].action.changes]
    configuration = [*sorted(_KEYS.get(key, key.lower()) for key in keys), *other]
    return [
        *(["code differs"] if steps["code"].action.changes else []),
        *([f"configuration differs: {', '.join(configuration)}"] if configuration else []),
        *(f"layer {name} differs" for name in names),
    ]


def _layers(
    function: Function, state: FunctionState, there: ObservedRegion
) -> tuple[tuple[str, ...], list[str]]:
    """The layer versions that a function would have, and the names of those that differ."""
    source = function.source
    wanted = source.layers if isinstance(source, ZipSource) else ()
    arns = {name: there.layers[name].arn if name in there.layers else "" for name in wanted}
    foreign = there.functions[function.name].foreign
    now = {layer_name(arn): arn for arn in state.layers if arn not in foreign}
    differ = [name for name in {**arns, **now} if arns.get(name) != now.get(name)]
    return tuple(arns.values()), differ
