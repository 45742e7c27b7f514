"""Lambda as a release sees it: one function in memory, and whatever others do meanwhile."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from lambda_fast_deploy.adapters.clients import Clients
from lambda_fast_deploy.errors import Conflict, NotFound
from lambda_fast_deploy.models import (
    LATEST,
    Action,
    AliasState,
    Artifacts,
    Function,
    FunctionState,
    FunctionSteps,
    LayerReference,
    ObservedFunction,
    Step,
    ZipSource,
)
from lambda_fast_deploy.models.function_settings import Call, FunctionSetting
from lambda_fast_deploy.planning.configuration import creation, desired_parameters
from lambda_fast_deploy.release.context import ReleaseContext
from lambda_fast_deploy.run_log import RunLog
from lambda_fast_deploy.state import marks
from tests.unit import make

# Of UpdateFunctionConfiguration and CreateFunction: what tests change.
MEMBERS = {"MemorySize": "memory", "Timeout": "timeout", "Handler": "handler", "Layers": "layers"}


def sha256_of(content: bytes) -> str:
    """The CodeSha256 of a zip."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


class FakeLambda:
    """The functions and versions of a region, with one function or none.

    Each write gives ``$LATEST`` a new revision, and none is made on a stale one. What is in
    ``meanwhile`` happens before the next writes, one for each: others are as quick as that.
    ``refusals`` are what the next writes raise after that, where it is not ``None``.
    ``before_moves`` happen before the next moves of an alias. ``lets_go`` is whether a version ends
    to serve in place of one that waits for its provisioned concurrency.
    """

    def __init__(self, latest: FunctionState | None, *versions: FunctionState) -> None:
        self.latest = latest and replace(latest, version=LATEST)
        self.versions = {each.version: each for each in versions}
        self.there: dict[str, AliasState] = {}
        self.calls: list[str] = []
        self.meanwhile: list[Callable[[], None] | None] = []
        self.refusals: list[Exception | None] = []
        self.before_moves: list[Callable[[], None] | None] = []
        self.lets_go = True
        self._numbers = itertools.count(8)

    # ------------------------------------------------------------ what others do

    def changes(self, **changes: Any) -> None:
        """Somebody changes ``$LATEST``."""
        assert self.latest
        self.latest = replace(self.latest, revision=f"r-{next(self._numbers)}", **changes)

    def leads(
        self,
        alias: str,
        version: str,
        description: str = "",
        weights: Mapping[str, float] | None = None,
    ) -> None:
        """Somebody makes an alias, or moves it."""
        arn, revision = f"{make.ARN}:{alias}", f"a-{next(self._numbers)}"
        self.there[alias] = AliasState(arn, version, description, revision, dict(weights or {}))

    def _write(self, call: str, revision: str = "") -> FunctionState:
        if self.meanwhile and (happens := self.meanwhile.pop(0)):
            happens()
        self.calls.append(call)
        if self.refusals and (refusal := self.refusals.pop(0)):
            raise refusal
        if self.latest is None:
            raise NotFound("orders is gone")
        if revision and revision != self.latest.revision:
            raise Conflict("the RevisionId is another one")
        return self.latest

    # ------------------------------------------------------------ functions

    def read(
        self, name: str, qualifier: str = "", *, tags: bool = False, environment: bool = False
    ) -> FunctionState | None:
        if qualifier in ("", LATEST):
            return self.latest
        number = self.there[qualifier].version if qualifier in self.there else qualifier
        return self.versions.get(number)

    def at_rest(self, name: str, version: str = "") -> FunctionState:
        state = self.read(name, version)
        if state is None:
            raise NotFound(f"{name} is gone")
        return state

    def settled(self, name: str, version: str = "", *, is_new: bool = False) -> FunctionState:
        return self.at_rest(name, version)

    def gone(self, name: str) -> None:
        assert self.latest is None

    def create(self, name: str, run: str, sha256: str = "", **parameters: Any) -> FunctionState:
        if self.meanwhile and (happens := self.meanwhile.pop(0)):
            happens()
        self.calls.append("create")
        if self.refusals and (refusal := self.refusals.pop(0)):
            raise refusal
        self.latest = make.state(
            version=LATEST, code_sha256=sha256, tags={marks.CREATED_BY: run}, revision="r-new"
        )
        return self.latest

    def delete(self, name: str) -> None:
        self._write("delete")
        self.latest, self.there = None, {}

    def configure(
        self, name: str, parameters: Mapping[str, Any], revision: str = ""
    ) -> FunctionState:
        self._write("configure", revision)
        new = {MEMBERS[key]: value for key, value in parameters.items() if key in MEMBERS}
        if "Layers" in parameters:
            new["layers"] = tuple(parameters["Layers"])
        if "Environment" in parameters:
            new["environment"] = parameters["Environment"]["Variables"]
        self.changes(**new)
        return self.settled(name)

    def update_code(
        self,
        name: str,
        code: Mapping[str, Any],
        architecture: str,
        key: str,
        revision: str = "",
        sha256: str = "",
    ) -> FunctionState:
        self._write("update_code", revision)
        if "ImageUri" in code:
            uri = code["ImageUri"]
            self.changes(code_location=uri, image_digest=uri.partition("@")[2])
        else:
            self.changes(code_sha256=sha256_of(code["ZipFile"]), code_key=key)
        return self.settled(name)

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        state = self._write("tag")
        self.latest = replace(state, tags={**state.tags, **tags})

    def untag(self, arn: str, names: Iterable[str]) -> None:
        state, gone = self._write("untag"), set(names)
        left = {key: value for key, value in state.tags.items() if key not in gone}
        self.latest = replace(state, tags=left)

    def setting(self, setting: FunctionSetting, function: Function) -> Any:
        tags = {"Tags": self.latest.tags} if self.latest else {}
        return setting.observe(tags, function)

    def apply(self, calls: Iterable[Call]) -> None:
        for operation, parameters, *_ in calls:
            if operation == "tag_resource":
                self.tag(parameters["Resource"], parameters["Tags"])
            else:
                self.untag(parameters["Resource"], parameters["TagKeys"])

    # ------------------------------------------------------------ versions and aliases

    def publish(
        self, name: str, code_sha256: str, description: str, revision: str = ""
    ) -> FunctionState:
        latest = self._write("publish", revision)
        if code_sha256 != latest.code_sha256:
            raise Conflict("CodeSHA256 is different")
        number = str(max(map(int, self.versions), default=0) + 1)
        self.versions[number] = replace(latest, version=number, description=description)
        return self.versions[number]

    def every(self, name: str) -> list[FunctionState]:
        return sorted(self.versions.values(), key=lambda state: int(state.version), reverse=True)

    def delete_version(self, name: str, version: str) -> None:
        self._write("delete_version")
        if version not in self.versions:
            raise NotFound("there is no such version")
        if any(version in (alias.version, *alias.weights) for alias in self.there.values()):
            raise Conflict("an alias points to it")
        del self.versions[version]

    def alias(self, name: str, alias: str) -> AliasState | None:
        return self.there.get(alias)

    def arrived(self, name: str, alias: AliasState) -> AliasState | None:
        if self.lets_go:
            self.there[alias.name] = replace(self.there[alias.name], weights={})
        return self.there[alias.name]

    def aliases(self, name: str) -> list[AliasState]:
        return list(self.there.values())

    def create_alias(self, name: str, alias: str, version: str, description: str) -> AliasState:
        if self.latest is None:
            raise NotFound("orders is gone")
        if alias in self.there:
            raise Conflict("it exists")
        self.leads(alias, version, description)
        return self.there[alias]

    def move_alias(
        self,
        name: str,
        alias: str,
        version: str,
        description: str,
        revision: str,
        weights: Mapping[str, float] | None = None,
    ) -> AliasState:
        if self.before_moves and (happens := self.before_moves.pop(0)):
            happens()
        if self.there[alias].revision != revision:
            raise Conflict("the RevisionId is another one")
        self.leads(alias, version, description, weights)
        return self.there[alias]

    def delete_alias(self, name: str, alias: str) -> None:
        del self.there[alias]


class _Versions:
    """The same, by the names that the adapter of versions has."""

    def __init__(self, api: FakeLambda) -> None:
        self._api = api
        self.delete = api.delete_version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


class _World:
    """A world of nothing but Lambda."""

    def __init__(self, api: FakeLambda) -> None:
        self._api = api

    def functions(self, region: str) -> FakeLambda:
        return self._api

    def versions(self, region: str) -> _Versions:
        return _Versions(self._api)


def context(
    api: FakeLambda,
    function: Function | None = None,
    observed: ObservedFunction | None = None,
    changing: str = "configuration code version",
    **artifacts: Any,
) -> ReleaseContext:
    """The order to release a function; ``changing`` are the kinds of steps with something to do."""
    desired = function or make.function(source=make.zip_source(layers=()))
    made = Artifacts(**artifacts)
    return ReleaseContext(
        region=make.REGION,
        function=desired,
        settings=make.settings(desired),
        steps=FunctionSteps(tuple(_steps(desired, observed, changing.split(), made))),
        artifacts=made,
        observed=observed,
        clients=cast(Clients, _World(api)),
        run_log=RunLog(),
    )


def _steps(
    function: Function, observed: ObservedFunction | None, kinds: list[str], made: Artifacts
) -> Iterator[Step]:
    """Steps of these kinds with what the plan gives them, and all others of a release to skip."""
    names = function.source.layers if isinstance(function.source, ZipSource) else ()
    layers = tuple(LayerReference(name) for name in names)
    archive = made.archives.get(function.name)
    of_latest = desired_parameters(function, observed.latest, layers) if observed else {}
    parameters = {
        "function": creation(function, layers),
        "configuration": of_latest,
        "tags": {"Tags": function.configuration.tags},
    }
    for kind in "function configuration code version alias tags".split():
        if (kind == "function") == (observed is None) or kind in ("version", "alias"):
            yield Step(
                f"{kind}:{function.name}",
                make.REGION,
                Action.UPDATE if kind in kinds else Action.SKIP,
                "because",
                fingerprint=archive.sha256 if archive and kind in ("function", "code") else "",
                parameters=parameters.get(kind, {}),
            )
