"""The inputs for one function mean what a lambda-deploy.yml with one function means."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambda_fast_deploy.config.inputs import INPUTS, GivenInputs
from lambda_fast_deploy.config.keys import ROOT
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.config.sections.layers import default_layer
from lambda_fast_deploy.errors import Invalid
from lambda_fast_deploy.models import (
    Architecture,
    Base,
    Event,
    ImageSource,
    Settings,
    ZipSource,
)
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.schema.records import RecordShape
from lambda_fast_deploy.schema.shapes import MapOf
from lambda_fast_deploy.testing.kinds.http import HttpTest
from lambda_fast_deploy.testing.kinds.invoke import InvokeTest
from lambda_fast_deploy.testing.kinds.s3 import S3Test

ZIP = {"function": "orders", "code": "src", "handler": "app.handler", "runtime": "python3.13"}
IMAGE = {"function": "Orders", "dockerfile": "Dockerfile.lambda"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "app.py").write_text("def handler(event, context): ...\n")
    for name in ("requirements.txt", "Dockerfile.lambda", "Dockerfile.base"):
        (project / name).write_text("")
    return project


def loaded(root: Path, given: dict[str, str], **environ: str) -> Settings:
    return load(
        GivenInputs({}, given),
        {"AWS_REGION": "eu-central-1", **environ},
        Event("push"),
        root,
        lambda: frozenset({"eu-central-1"}),
    )


def problems(root: Path, given: dict[str, str], **environ: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        loaded(root, given, **environ)
    return [str(problem) for problem in caught.value.problems]


def test_a_zip_needs_four_inputs(root: Path) -> None:
    settings = loaded(root, ZIP)
    (orders,) = settings.functions
    assert orders.name == "orders"
    assert orders.source == ZipSource(
        (root / "src",), "app.handler", Runtime("python3.13"), (), keeps_layers=True
    )
    assert (settings.layers, settings.bases) == ({}, {})


def test_the_name_of_the_function_takes_variables(root: Path) -> None:
    given = {**ZIP, "function": "orders-${STAGE}"}
    environ = {"AWS_REGION": "eu-central-1", "STAGE": "dev", "API_TOKEN": "hidden"}

    def of(**changes: str) -> Settings:
        inputs = GivenInputs({}, {**given, **changes})
        event = Event(unmerged="a pull request")
        return load(inputs, environ, event, root, lambda: frozenset({"eu-central-1"}))

    assert [function.name for function in of().functions] == ["orders-dev"]
    with pytest.raises(Invalid, match="environment variable LEVEL is not set"):
        of(function="orders-${LEVEL}")
    with pytest.raises(Invalid, match="API_TOKEN has the name of a secret"):
        of(function="orders-${API_TOKEN}")


def test_requirements_become_a_layer_that_the_function_has(root: Path) -> None:
    settings = loaded(root, ZIP | {"requirements": "requirements.txt", "architecture": "arm64"})
    (orders,) = settings.functions
    assert settings.layers == {
        "orders-dependencies": default_layer(
            "orders-dependencies",
            root / "requirements.txt",
            Runtime("python3.13"),
            Architecture.ARM64,
        )
    }
    assert isinstance(orders.source, ZipSource)
    assert orders.source.layers == ("orders-dependencies",)


def test_an_image_needs_two_inputs(root: Path) -> None:
    (orders,) = loaded(root, IMAGE).functions
    assert orders.source == ImageSource(
        root / "Dockerfile.lambda",
        root / ".",
        "orders",
        None,
        {},
        "auto",
        follow_upstream=True,
    )


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_a_base_dockerfile_becomes_the_base_of_the_image(root: Path, architecture: str) -> None:
    settings = loaded(
        root,
        IMAGE
        | {
            "base-dockerfile": "Dockerfile.base",
            "base-tag": "3.10",
            "architecture": architecture,
            "build-args": "A=1\nB=x=y\n",
        },
    )
    (orders,) = settings.functions
    assert settings.bases == {
        "Orders": Base(
            "Orders",
            root / "Dockerfile.base",
            root / ".",
            "orders-base",
            "3.10",
            Architecture(architecture),
            {},
            follow_upstream=True,
        )
    }
    assert isinstance(orders.source, ImageSource)
    assert orders.source.base == "Orders"
    assert orders.source.build_args == {"A": "1", "B": "x=y"}


def test_every_other_input_arrives(root: Path) -> None:
    (orders,) = loaded(
        root,
        ZIP
        | {
            "role": "arn:aws:iam::123456789012:role/orders\n",
            "alias": "prod",
            "memory": " 512 ",
            "timeout": "30",
            "environment": "\nA1=1\n B1 = two words \nC1=x=y\nD1=\n",
            "url": "public",
            "health-path": "/health",
            "health-within": "5s",
            "test-s3-bucket": "files",
            "test-s3-path": "/objects/{key}",
            "test-s3-prefix": "objects/",
        },
    ).functions
    assert orders.role == "arn:aws:iam::123456789012:role/orders"
    assert (orders.alias, orders.access) == ("prod", "public")
    assert (orders.configuration.memory, orders.configuration.timeout) == (512, 30)
    assert orders.configuration.environment == {"A1": "1", "B1": "two words", "C1": "x=y", "D1": ""}
    health, storage = orders.tests
    assert health == HttpTest(name="health", target="/health", within=5.0)
    assert isinstance(storage, S3Test)
    assert (storage.bucket, storage.path, storage.prefix) == (
        "files",
        "/objects/{key}",
        "objects/",
    )
    assert str(storage.place) == "input test-s3-bucket"


@pytest.mark.parametrize(
    ("written", "payload"),
    [
        ('{"a": {"b": [1, null, "x"]}}', {"a": {"b": [1, None, "x"]}}),
        ("[1, 2]", [1, 2]),
        ('"text"', "text"),
        ("null", None),
    ],
)
def test_a_health_payload_is_json(root: Path, written: str, payload: object) -> None:
    (orders,) = loaded(root, ZIP | {"health-payload": written}).functions
    assert orders.tests == (InvokeTest(name="health", payload=payload),)


def test_a_variable_is_replaced_in_inputs_too(root: Path) -> None:
    given = ZIP | {"memory": "${MEMORY}", "environment": "KEY=${KEY}"}
    (orders,) = loaded(root, given, MEMORY="256", KEY="first\nB=second").functions
    assert orders.configuration.memory == 256
    assert orders.configuration.environment == {"KEY": "first\nB=second"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ZIP | {"memory": "64"}, "input memory: expected 128 to 32768 MB, got '64'"),
        (
            ZIP | {"timeout": "long"},
            "input timeout: expected a whole number of seconds, got 'long'",
        ),
        (ZIP | {"role": "orders"}, "input role: expected the ARN of an IAM role, got 'orders'"),
        (ZIP | {"code": "source"}, "input code: directory 'source' does not exist"),
        (
            ZIP | {"handler": "app.main"},
            "input handler: handler 'app.main': app.py does not define 'ma",
        ),
        (ZIP | {"requirements": "no.txt"}, "input requirements: file 'no.txt' does not exist"),
        (ZIP | {"environment": "AWS_REGION=x"}, "input environment: AWS_REGION is reserved"),
        (ZIP | {"environment": "A"}, "input environment: expected NAME=value on each line, got"),
        (ZIP | {"environment": "${NO}=1"}, "input environment: "),
        (ZIP | {"memory": "${NO}"}, "input memory: environment variable NO is not set"),
        (ZIP | {"health-payload": "{a: 1}"}, "input health-payload: not valid JSON: "),
        (ZIP | {"health-path": "health"}, "input health-path: expected a path that begins with /"),
        (ZIP | {"test-s3-bucket": "files"}, "input test-s3-bucket: 'path' is missing"),
        (
            ZIP | {"dockerfile": "Dockerfile.lambda"},
            "input dockerfile: set the inputs of a zip or of an image, not both",
        ),
        (ZIP | {"config": "lambda-deploy.yml"}, "input config: cannot be combined with function"),
        (
            ZIP | {"function": "my orders"},
            "input function: expected a function name (letters, digits, - and _, at most 64), "
            "got 'my ord",
        ),
        ({"function": "orders"}, "input function: requires input code (for a zip) or input docke"),
        (
            IMAGE | {"dockerfile": "Dockerfile"},
            "input dockerfile: file 'Dockerfile' does not exist",
        ),
        (IMAGE | {"base-dockerfile": "x"}, "input base-dockerfile: file 'x' does not exist"),
    ],
)
def test_a_mistake_is_said_with_the_input_it_stands_in(
    root: Path, given: dict[str, str], said: str
) -> None:
    found = problems(root, given)
    assert any(problem.startswith(said) for problem in found), found


def test_mistakes_in_several_inputs_are_told_at_once(root: Path) -> None:
    found = problems(root, ZIP | {"memory": "64", "timeout": "long", "alias": "1"})
    assert [problem.partition(":")[0] for problem in found] == [
        "input alias",
        "input memory",
        "input timeout",
    ]


def test_a_variable_that_is_missing_is_told_before_what_its_absence_breaks(root: Path) -> None:
    assert problems(root, ZIP | {"role": "${ROLE}"})[0] == (
        "input role: environment variable ROLE is not set; export it, or set it under env: of "
        "the workflow's step; or write ${ROLE:-default}, or $${ROLE} for a literal ${ROLE}"
    )


@pytest.mark.parametrize("item", [i for i in INPUTS if i.path], ids=lambda item: item.name)
def test_every_input_goes_to_a_key_that_the_grammar_knows(item: object) -> None:
    shape: object = ROOT
    for part in next(i for i in INPUTS if i is item).path.split("."):
        if isinstance(shape, MapOf):
            shape = shape.item
        else:
            assert isinstance(shape, RecordShape)
            shape = shape.keys[part].shape


def test_input_names_are_unique_and_documented() -> None:
    assert len({item.name for item in INPUTS}) == len(INPUTS)
    assert all(item.says for item in INPUTS)


def test_an_input_is_called_as_where_it_is_given(root: Path) -> None:
    mixed = GivenInputs({"memory": "64"}, ZIP | {"timeout": "long"})
    for given, memory, timeout in (
        (
            GivenInputs(ZIP | {"memory": "64", "timeout": "long"}),
            "option --memory",
            "option --timeout",
        ),
        (
            GivenInputs({}, ZIP | {"memory": "64", "timeout": "long"}),
            "input memory",
            "input timeout",
        ),
        (mixed, "option --memory", "input timeout"),
    ):
        with pytest.raises(Invalid) as caught:
            load(given, {"AWS_REGION": "x"}, Event(), root, lambda: frozenset({"x"}))
        assert {p.place.source for p in caught.value.problems} == {memory, timeout}


def test_what_is_missing_is_called_as_where_it_can_be_given(root: Path) -> None:
    for given, code in (
        (GivenInputs({"function": "f"}), "option --code"),
        (GivenInputs({}, {"function": "f"}), "input code"),
    ):
        with pytest.raises(Invalid, match=f"requires {code} "):
            load(given, {"AWS_REGION": "x"}, Event(), root, lambda: frozenset({"x"}))


@pytest.mark.parametrize(
    "told",
    ["2026-01-31T12:00:00Z", '"2026-01-31T12:00:00.000Z"', "2026-01-31T13:00:00+01:00"],
)
def test_the_end_of_credentials_is_taken_as_an_action_puts_it_out(root: Path, told: str) -> None:
    assert loaded(root, ZIP).credentials_end is None
    settings = loaded(root, ZIP | {"credentials-expire": told})
    assert settings.credentials_end == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_an_end_of_credentials_that_is_no_time_is_a_problem(root: Path) -> None:
    assert problems(root, ZIP | {"credentials-expire": "in an hour"}) == [
        "input credentials-expire: expected a time such as 2026-01-31T12:00:00Z, got 'in an hour'"
    ]
