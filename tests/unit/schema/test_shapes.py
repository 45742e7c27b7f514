"""The shapes: what each accepts, what it says about the rest, and the JSON Schema made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_fast_deploy.config.keys import ROOT, json_schema
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    AnyValue,
    ChoiceShape,
    IntegerShape,
    ListOf,
    MapOf,
    PercentShape,
    QuantityShape,
    Shape,
    TextShape,
    plain,
)
from lambda_fast_deploy.schema.yaml_lines import YamlNode, parse

EXAMPLES = sorted(Path(__file__).parents[3].glob("examples/*/lambda-deploy.yml"))


def check(shape: Shape, written: str) -> tuple[Any, list[str]]:
    problems: list[Problem] = []
    node = parse(f"value: {written}\n", "f.yml", {}, problems)
    assert node is not None
    value = shape.check(node.value["value"], problems)
    return value, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("shape", "written", "value"),
    [
        (TextShape(), "word", "word"),
        (TextShape(), "3.10", "3.10"),
        (TextShape(), "yes", "yes"),
        (TextShape(".*"), '""', ""),
        (TextShape(r"/.*"), "/health", "/health"),
        (IntegerShape(128, 10240, "MB"), "128", 128),
        (IntegerShape(128, 10240, "MB"), "10240", 10240),
        (IntegerShape(128, 10240, "MB"), "'512'", 512),
        (QuantityShape("size"), "100 MB", 100e6),
        (QuantityShape("size"), "1.5kB", 1500),
        (QuantityShape("size"), "7", 7),
        (QuantityShape("size"), "2 GB", 2e9),
        (QuantityShape("duration"), "30s", 30),
        (QuantityShape("duration"), "1.5 m", 90),
        (QuantityShape("duration"), "250ms", 0.25),
        (QuantityShape("duration"), "5", 5),
        (ChoiceShape(("x86_64", "arm64")), "arm64", "arm64"),
        (AnyValue(), "{a: [1, {b: null}]}", {"a": [1, {"b": None}]}),
        (ListOf(TextShape()), "[a, 1.0]", ["a", "1.0"]),
        (ListOf(TextShape()), "[]", []),
        (MapOf(TextShape()), "{a: b}", {"a": "b"}),
        (RecordShape({"a": Key(TextShape(), "says")}), "{a: b}", {"a": "b"}),
        (RecordShape({"a": Key(TextShape(), "says")}), "{}", {}),
    ],
)
def test_what_fits_becomes_a_plain_value(shape: Shape, written: str, value: object) -> None:
    assert check(shape, written) == (value, [])


ONE_OF = RecordShape(
    {"image": Key(TextShape(), "x"), "zip": Key(TextShape(), "y")}, one_of=("image", "zip")
)
REQUIRED = RecordShape({"code": Key(TextShape(), "directory of the code", required=True)})


@pytest.mark.parametrize(
    ("shape", "written", "said"),
    [
        (TextShape(expected="a path"), "[a]", "value: expected a path, got a list"),
        (TextShape(expected="a path"), "{a: b}", "value: expected a path, got a mapping"),
        (TextShape(expected="a path"), "", "value: expected a path, got nothing"),
        (TextShape(expected="a path"), "''", "value: expected a path, got ''"),
        (
            TextShape(r"/.*", "a path that begins with /"),
            "x",
            "value: expected a path that begins with /, got",
        ),
        (TextShape(r"a"), '"a\\n"', "value: expected text, got 'a\\n'"),
        (IntegerShape(1, 900, "seconds"), "0", "value: expected 1 to 900 seconds, got '0'"),
        (IntegerShape(1, 900, "seconds"), "901", "value: expected 1 to 900 seconds, got '901'"),
        (
            IntegerShape(1, 900, "seconds"),
            "1.5",
            "value: expected a whole number of seconds, got '1.5'",
        ),
        (
            IntegerShape(1, 900, "seconds"),
            "true",
            "value: expected a whole number of seconds, got 'true'",
        ),
        (
            IntegerShape(1, 900, "seconds"),
            "ten",
            "value: expected a whole number of seconds, got 'ten'",
        ),
        (
            IntegerShape(1, 900, "seconds"),
            "",
            "value: expected a whole number of seconds, got nothing",
        ),
        (QuantityShape("size"), "big", "value: expected a size such as 100 MB, got 'big'"),
        (QuantityShape("size"), "-1 MB", "value: expected a size such as 100 MB, got '-1 MB'"),
        (QuantityShape("size"), "1 s", "value: expected a size such as 100 MB"),
        (QuantityShape("size"), "[1]", "value: expected a size such as 100 MB, got a list"),
        (QuantityShape("duration"), "1 MB", "value: expected a duration such as 30s, got '1 MB'"),
        (
            ChoiceShape(("x86_64", "arm64")),
            "arm",
            "value: expected 'x86_64' or 'arm64', got 'arm'; did you",
        ),
        (
            ChoiceShape(("x86_64", "arm64")),
            "[a]",
            "value: expected 'x86_64' or 'arm64', got a list",
        ),
        (ListOf(TextShape()), "word", "value: expected a list, got 'word'"),
        (MapOf(TextShape()), "[a]", "value: expected a mapping, got a list"),
        (MapOf(TextShape(), "[a-z]+", "a name"), "{A: b}", "expected a name, got 'A'"),
        (RecordShape({}), "word", "value: expected a mapping, got 'word'"),
        (ONE_OF, "{}", "exactly one of 'image' or 'zip' is required"),
        (ONE_OF, "{image: a, zip: b}", "exactly one of 'image' or 'zip' is required"),
        (REQUIRED, "{}", "'code' is missing (directory of the code)"),
    ],
)
def test_what_does_not_fit_is_one_problem_in_plain_words(
    shape: Shape, written: str, said: str
) -> None:
    _, problems = check(shape, written)
    assert len(problems) == 1
    assert problems[0].startswith(f"f.yml:1: {said}")


def test_an_unknown_key_names_the_nearest_at_its_own_line() -> None:
    _, problems = check(
        RecordShape({"memory": Key(TextShape(), "x")}), "\n  memory: a\n  memroy: b"
    )
    assert problems == ["f.yml:3: unknown key 'memroy'; did you mean 'memory'?"]


def test_every_item_of_a_list_is_checked_at_its_own_line() -> None:
    _, problems = check(ListOf(IntegerShape(1, 2, "x")), "\n  - 1\n  - 5\n  - 6")
    assert [problem.partition(": ")[0] for problem in problems] == ["f.yml:3", "f.yml:4"]


# ---------------------------------------------------------------- JSON Schema


_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether a value fits a schema, for the keywords that our schema uses."""
    known = {
        *("$schema", "title", "description", "type", "enum", "minimum", "maximum", "items"),
        *("properties", "additionalProperties", "required", "propertyNames", "oneOf", "pattern"),
        *("anyOf", "default"),
    }
    assert schema.keys() <= known, f"teach this test {schema.keys() - known}"
    if "anyOf" in schema and not any(fits(one, value) for one in schema["anyOf"]):
        return False
    types = schema.get("type", [])
    if types and not any(
        isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in ([types] if isinstance(types, str) else types)
    ):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        return False
    if (
        "minimum" in schema
        and isinstance(value, int)
        and not schema["minimum"] <= value <= schema["maximum"]
    ):
        return False
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), item) for item in value)
    if isinstance(value, dict):
        return _mapping_fits(schema, value)
    return True


def _mapping_fits(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    if others is False and value.keys() - properties.keys():
        return False
    return (
        set(schema.get("required", [])) <= value.keys()
        and ("oneOf" not in schema or sum(fits(one, value) for one in schema["oneOf"]) == 1)
        and all(fits(schema.get("propertyNames", {}), key) for key in value)
        and all(fits(properties.get(key, others), item) for key, item in value.items())
    )


def document(path: Path) -> Any:
    problems: list[Problem] = []
    environment = {"LAMBDA_ROLE": "arn:aws:iam::123456789012:role/x", "BUCKET": "files"}
    node = parse(path.read_text(encoding="utf-8"), path.name, environment, problems)
    assert node is not None
    ROOT.check(node, problems)
    assert problems == []
    return plain(node)


def test_there_are_examples_to_hold_against_the_grammar() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_schema_accepts_the_examples(path: Path) -> None:
    assert fits(json_schema(), document(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_schema_rejects_an_unknown_key_at_every_level(path: Path) -> None:
    assert not fits(json_schema(), {**document(path), "functoins": {}})
    changed = document(path)
    if "stack" in changed:
        changed["stack"]["alarms"]["eror"] = 1
        assert not fits(json_schema(), changed)
        return
    next(iter(changed["functions"].values()))["memroy"] = 1
    assert not fits(json_schema(), changed)
    changed = document(path)
    function = next(iter(changed["functions"].values()))
    (function.get("zip") or function["image"])["dockerfiel"] = "x"
    assert not fits(json_schema(), changed)


MINIMAL: dict[str, Any] = {
    "zip": {"code": "src", "handler": "app.handler", "runtime": "python3.13"}
}


@pytest.mark.parametrize(
    ("function", "accepted"),
    [
        (MINIMAL, True),
        ({"image": {}}, True),
        ({}, False),
        ({**MINIMAL, "image": {}}, False),
        ({"zip": {"code": "src"}}, False),
        ({**MINIMAL, "memory": 64}, False),
        ({**MINIMAL, "memory": 512}, True),
        ({**MINIMAL, "memory": "512"}, True),
        ({**MINIMAL, "memory": "much"}, False),
        ({**MINIMAL, "architecture": "sparc"}, False),
        ({**MINIMAL, "tests": "health"}, False),
        ({**MINIMAL, "description": True}, True),
    ],
)
def test_schema_and_grammar_agree_about_functions(function: dict[str, Any], accepted: bool) -> None:
    whole = {"functions": {"orders": function}}
    problems: list[Problem] = []
    node = parse(json.dumps(whole), "f.yml", {}, problems)
    assert node is not None
    ROOT.check(node, problems)
    assert (problems == []) is accepted
    assert fits(json_schema(), whole) is accepted


def test_the_schema_lets_a_variable_stand_for_a_number() -> None:
    assert fits(json_schema(), {"functions": {"orders": {**MINIMAL, "memory": "${MEMORY}"}}})


@pytest.mark.parametrize(
    ("section", "name", "fitting"),
    [
        ("functions", "orders-${STAGE:-dev}", True),
        ("functions", "or ders", False),
        ("tests", "${STAGE}", False),
    ],
)
def test_the_schema_lets_a_variable_stand_in_the_name_of_a_function(
    section: str, name: str, fitting: bool
) -> None:
    values = {"functions": MINIMAL, "tests": {"http": "/"}}
    document = {"functions": {"orders": MINIMAL}, section: {name: values[section]}}
    assert fits(json_schema(), document) is fitting


def test_every_key_of_the_grammar_is_documented_in_the_schema() -> None:
    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            for name, found in schema.get("properties", {}).items():
                assert found["description"], name
            for inner in schema.values():
                walk(inner)

    walk(json_schema())
    assert json_schema()["oneOf"] == [{"required": ["functions"]}, {"required": ["stack"]}]


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        (QuantityShape("size"), "9" * 400 + " MB"),
        (QuantityShape("duration"), "9" * 400 + "s"),
        (PercentShape(), "9" * 400 + "%"),
        (IntegerShape(1, 10, "MB"), f"'{'9' * 5000}'"),
        (IntegerShape(1, 10, "MB"), "0x" + "f" * 5000),
        (AnyValue(), ".nan"),
        (AnyValue(), "{a: [-.inf]}"),
        (AnyValue(), "0x" + "f" * 5000),
    ],
)
def test_no_number_is_too_large_to_be_refused(shape: Shape, written: str) -> None:
    _, (said,) = check(shape, written)
    assert said.startswith("f.yml:1: value: ")
    assert len(said) < 1100


def test_a_default_is_taken_and_told_from_its_key() -> None:
    record = RecordShape({"within": Key(QuantityShape("duration"), "time", default="30s")})
    assert record.completed({}) == {"within": 30.0}
    assert record.completed({"within": 5.0}) == {"within": 5.0}
    assert record.keys["within"].text == "time; default: 30s"
    assert record.json_schema()["properties"]["within"]["default"] == "30s"


def _records(shape: Any) -> Iterator[RecordShape]:
    """Every record of a grammar."""
    if isinstance(shape, RecordShape):
        yield shape
        for key in shape.keys.values():
            yield from _records(key.shape)
    for inner in ("item", "plain", "listed"):
        if hasattr(shape, inner):
            yield from _records(getattr(shape, inner))


def test_every_default_is_a_value_that_its_key_takes() -> None:
    for record in _records(ROOT):
        for name, key in record.keys.items():
            if key.default is not None:
                problems: list[Problem] = []
                node = YamlNode(key.default, Place(name), str(key.default))
                key.shape.check(node, problems)
                assert problems == []
