"""Small factories of the model's values: every test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import (
    AliasState,
    Architecture,
    Archive,
    Base,
    Budgets,
    Condition,
    Configuration,
    Event,
    Fingerprints,
    Function,
    FunctionOutcome,
    FunctionState,
    ImageRequest,
    ImageSource,
    Layer,
    LayerVersion,
    Network,
    ObservedFunction,
    ObservedRegion,
    PruningRules,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.s3 import S3Test

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/orders"
ARN = f"arn:aws:lambda:{REGION}:123456789012:function:orders"
LAYER_ARN = f"arn:aws:lambda:{REGION}:123456789012:layer:deps:3"
DIGEST = f"sha256:{'1' * 64}"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
HEALTH = HttpTest(name="health", target="/health")
STORAGE = S3Test(
    name="storage",
    when=(Condition(flag=("test-s3",)),),
    bucket="files",
    path="/objects/{key}",
    prefix="objects/",
    place=Place("lambda-deploy.yml", 9),
)


def zip_source(**changes: Any) -> ZipSource:
    return replace(
        ZipSource((Path("src"),), "app.handler", Runtime("python3.13"), ("deps",)), **changes
    )


def image_request(source: ImageSource, **changes: Any) -> ImageRequest:
    return replace(ImageRequest("orders", source, Architecture.X86_64), **changes)


def image_source(**changes: Any) -> ImageSource:
    source = ImageSource(
        Path("Dockerfile.lambda"), Path(), "orders", "python", {}, "auto", follow_upstream=True
    )
    return replace(source, **changes)


def function(**changes: Any) -> Function:
    made = Function(
        name="orders",
        source=zip_source(),
        architecture=Architecture.X86_64,
        role=ROLE,
        alias="live",
        configuration=Configuration(),
        url=None,
        tests=(),
    )
    return replace(made, **changes)


def settings(*functions: Function, event: Event | None = None, **changes: Any) -> Settings:
    made = Settings(
        root=Path(),
        regions=(REGION,),
        bases={},
        layers={},
        functions=functions or (function(),),
        budgets=Budgets(),
        event=event or Event("push"),
    )
    sources = [f.source for f in made.functions]
    if any(isinstance(source, ImageSource) and source.base for source in sources):
        made = replace(made, bases={"python": base()})
    if any(isinstance(source, ZipSource) and source.layers for source in sources):
        made = replace(made, layers={"deps": layer()})
    return replace(made, **changes)


def base(**changes: Any) -> Base:
    made = Base(
        "python",
        Path("Dockerfile.lambda.base"),
        Path(),
        "orders-base",
        "3.13",
        Architecture.X86_64,
        {},
        follow_upstream=True,
    )
    return replace(made, **changes)


def layer(**changes: Any) -> Layer:
    made = Layer(
        "deps",
        Path("requirements.txt"),
        Runtime("python3.13"),
        Architecture.X86_64,
        PruningRules("safe"),
        "include",
    )
    return replace(made, **changes)


def fingerprints(**changes: Any) -> Fingerprints:
    made = Fingerprints(
        bases={"python": "b" * 16},
        layers={"deps": "d" * 16},
        images={"orders": "f" * 16},
        archives={"orders": Archive(b"zip", "wanted-sha", 3)},
    )
    return replace(made, **changes)


def state(**changes: Any) -> FunctionState:
    """A version that is what ``function()`` and ``fingerprints()`` ask for."""
    made = FunctionState(
        arn=ARN,
        version="7",
        package="Zip",
        code_sha256="wanted-sha",
        image_digest="",
        code_location="https://code.example/7",
        code_size=1200,
        revision="r-7",
        runtime="python3.13",
        handler="app.handler",
        role=ROLE,
        architecture="x86_64",
        description="",
        layers=(LAYER_ARN,),
        memory=128,
        timeout=3,
        storage=512,
        environment={},
        network=Network(),
        tracing="PassThrough",
        logging={},
        snap_start="None",
        file_systems={},
        dead_letters="",
        environment_key="",
        others={},
        tags={},
        modified="",
        state="Active",
        update_status="Successful",
    )
    return replace(made, **changes)


def image_state(**changes: Any) -> FunctionState:
    uri = f"{REGISTRY}/orders@{DIGEST}"
    made = state(
        package="Image",
        image_digest=DIGEST,
        code_location=uri,
        runtime="",
        handler="",
        layers=(),
        code_sha256="1" * 64,
    )
    return replace(made, **changes)


def alias(version: str = "7") -> AliasState:
    return AliasState(f"{ARN}:live", version, "", "a-1")


def existing(live: FunctionState, latest: FunctionState | None = None) -> ObservedFunction:
    """A function whose alias serves ``live``, with the same in ``$LATEST`` unless given."""
    return ObservedFunction(latest or replace(live, version="$LATEST"), alias(live.version), live)


def observed(
    functions: Mapping[str, ObservedFunction] | None = None, **changes: Any
) -> dict[str, ObservedRegion]:
    """A region that has the layer, the base and the image, and these functions."""
    made = ObservedRegion(
        region=REGION,
        bases={"python": DIGEST},
        layers={"deps": LayerVersion(LAYER_ARN, 10)},
        images={"orders": DIGEST},
        functions=functions or {},
    )
    return {REGION: replace(made, **changes)}


def delivery(outcome: Any = "deployed", **changes: Any) -> FunctionOutcome:
    made = FunctionOutcome(
        REGION, "orders", outcome, arn=ARN, version="8", previous="7", alias="live"
    )
    return replace(made, **changes)
