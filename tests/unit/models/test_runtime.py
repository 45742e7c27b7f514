"""The runtimes that zips are built for, beside those that Lambda's API has."""

from __future__ import annotations

import re

import botocore.session
import pytest

from lambda_fast_deploy.models.runtime import (
    FAMILIES,
    NODEJS,
    PYTHON,
    RUNTIMES,
    Runtime,
    RuntimeFamily,
)


@pytest.fixture(scope="module")
def names() -> set[str]:
    """The runtimes that the pinned SDK knows."""
    model = botocore.session.Session().get_service_model("lambda")
    return set(model.shape_for("Runtime").enum)


def test_every_runtime_of_the_api_is_known_and_in_one_family(names: set[str]) -> None:
    assert names - set(RUNTIMES) == {"nodejs", "custom"}  # names that no function is created with
    for name in RUNTIMES:
        matches = [family for family in FAMILIES if re.fullmatch(family.pattern, name)]
        assert [name in family.runtimes for family in matches] == [True], name


@pytest.mark.parametrize(
    ("name", "family", "version", "glibc"),
    [
        ("python3.11", PYTHON, "3.11", (2, 26)),
        ("python3.12", PYTHON, "3.12", (2, 34)),
        ("nodejs22.x", NODEJS, "22", (2, 34)),
    ],
)
def test_a_name_tells_the_family_and_the_version(
    name: str, family: RuntimeFamily, version: str, glibc: tuple[int, int]
) -> None:
    runtime = Runtime(name)
    assert (runtime.family, runtime.version, runtime.glibc) == (family, version, glibc)
    assert runtime.has_layers


@pytest.mark.parametrize("name", ["rust1", "python", "nodejs22", ""])
def test_other_names_have_no_family(name: str) -> None:
    assert Runtime(name).family is None
    assert not Runtime(name).has_layers


@pytest.mark.parametrize("name", ["java25", "provided.al2023", "python2.7", "nodejs8.10"])
def test_some_runtimes_have_no_layers(name: str) -> None:
    assert Runtime(name).family
    assert not Runtime(name).has_layers


@pytest.mark.parametrize(
    ("handler", "runtime", "module"),
    [
        ("com.example.Orders::handle", "java25", "com/example/Orders"),
        ("com.example.Orders", "java21", "com/example/Orders"),
        ("Orders::Orders.Function::Handle", "dotnet10", "Orders"),
        ("lib/orders.Orders::Handler.process", "ruby4.0", "lib/orders"),
        ("anything", "provided.al2023", "bootstrap"),
        ("orders", "go1.x", "orders"),
    ],
)
def test_a_handler_tells_the_file(handler: str, runtime: str, module: str) -> None:
    family = Runtime(runtime).family
    assert family
    assert family.module_of(handler) == module
