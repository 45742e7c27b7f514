"""YAML with places: what was written, where, and what is wrong with it."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.shapes import plain
from lambda_fast_deploy.schema.yaml_lines import YamlNode, nearest, parse


def read(text: str, **environment: str) -> YamlNode:
    problems: list[Problem] = []
    node = parse(dedent(text), "f.yml", environment, problems)
    assert problems == []
    assert node is not None
    return node


def complaints(text: str, **environment: str) -> list[str]:
    problems: list[Problem] = []
    parse(dedent(text), "f.yml", environment, problems)
    return [str(problem) for problem in problems]


def test_every_value_knows_the_line_of_its_key() -> None:
    node = read("""\
        # a comment
        functions:
          orders:
            zip:
              layers:
                - one
                - two
        """)
    assert node.at("functions").line == 2
    assert node.at("functions", "orders", "zip").line == 4
    assert node.at("functions", "orders", "zip", "layers", 1) == Place("f.yml", 7)


def test_an_absent_value_has_the_place_of_what_would_hold_it() -> None:
    node = read("a:\n  b: [1]\n")
    assert node.at("a", "c", "d").line == 1
    assert node.at("a", "b", 5).line == 2


def test_a_key_written_twice_is_a_problem_that_names_its_first_line() -> None:
    assert complaints("a: 1\nb: 2\na: 3\n") == ["f.yml:3: duplicate key 'a' (first on line 1)"]


def test_a_key_written_twice_deep_inside_is_found_too() -> None:
    assert complaints("a:\n  - x: 1\n    x: 2\n") == [
        "f.yml:3: duplicate key 'x' (first on line 2)"
    ]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("3.10", "3.10"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("yes", "yes"),
        ("off", "off"),
        ("'3.10'", "3.10"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("~", "~"),
    ],
)
def test_the_text_of_a_scalar_is_what_was_typed(written: str, text: str) -> None:
    assert read(f"tag: {written}").value["tag"].text == text


def test_words_that_yaml_1_1_reads_as_booleans_are_keys_like_any_other() -> None:
    assert list(read("on: 1\nyes: 2\nno: 3\n3.10: 4\nnull: 5\n").value) == [
        "on",
        "yes",
        "no",
        "3.10",
        "null",
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [("512", 512), ("true", True), ("1.5", 1.5), ("~", None), ("'512'", "512"), ("word", "word")],
)
def test_scalars_have_the_types_of_yaml(written: str, value: object) -> None:
    assert read(f"a: {written}").value["a"].value == value


@pytest.mark.parametrize("written", ["2020-01-01", "2001-12-14 21:59:43", "!!binary aGVsbG8="])
def test_what_json_cannot_say_stays_text(written: str) -> None:
    """An event to invoke with is sent as JSON."""
    assert isinstance(read(f"invoke: {written}").value["invoke"].value, str)


def test_a_tag_of_another_tool_does_not_stop_the_reading() -> None:
    assert read("a: !Sub name\n").value["a"].text == "name"


def test_a_merge_key_fills_in_what_is_not_written() -> None:
    node = read("""\
        base: &base {memory: 128, timeout: 3}
        one:
          memory: 512
          <<: *base
        """)
    assert plain(node.value["one"]) == {"memory": 512, "timeout": 3}


def test_a_key_after_the_merge_it_overrides_is_no_duplicate() -> None:
    node = read("""\
        base: &base {memory: 128, timeout: 3}
        one:
          <<: *base
          memory: 512
        """)
    assert plain(node.value["one"]) == {"memory": 512, "timeout": 3}


def test_of_several_merged_mappings_the_first_one_wins() -> None:
    node = read("""\
        a: &a {memory: 1, x: 1}
        b: &b {memory: 2, y: 2}
        one:
          <<: [*a, *b]
        """)
    assert plain(node.value["one"]) == {"memory": 1, "x": 1, "y": 2}


def test_merging_something_that_is_no_mapping_is_a_problem() -> None:
    assert complaints("one:\n  <<: 3\n") == ["f.yml:2: '<<' merges mappings only"]


def test_an_alias_to_what_holds_it_is_a_problem_and_not_an_endless_reading() -> None:
    assert complaints("a: &a\n  b: *a\n") == ["f.yml:1: contains itself by an alias"]


def test_a_variable_is_replaced_wherever_a_value_stands() -> None:
    node = read(
        "role: ${ROLE}\nlist: ['${A}-${B}']\nmemory: ${MEMORY}\n",
        ROLE="arn",
        A="x",
        B="y",
        MEMORY="512",
    )
    assert plain(node) == {"role": "arn", "list": ["x-y"], "memory": "512"}


def test_a_variable_is_replaced_in_the_names_of_a_section_that_takes_them() -> None:
    def of(text: str, **environment: str) -> tuple[YamlNode, list[str]]:
        problems: list[Problem] = []
        node = parse(text, "f.yml", environment, problems, {("functions",), ("stack", "name")})
        assert node is not None
        return node, [str(problem) for problem in problems]

    text = "functions:\n  a-${STAGE}: {env: {'${X}': 1}}\ntests: {'${STAGE}': 1}\n"
    node, found = of(text, STAGE="dev")
    assert plain(node) == {"functions": {"a-dev": {"env": {"${X}": 1}}}, "tests": {"${STAGE}": 1}}
    assert not found
    assert list(node.variables()) == [(("functions",), ("STAGE",))]
    assert of(text)[1][0].startswith("f.yml:2: environment variable STAGE is not set")
    assert of(text, STAGE="")[1] == [
        "f.yml:2: environment variable STAGE is empty, and would be missing in the name; set it, "
        "or write ${STAGE:-} if the name may be without it"
    ]
    stack = "stack: {name: 'a-${STAGE}', template: '${STAGE}'}\n"
    assert [each.partition(",")[0] for each in of(stack, STAGE="")[1]] == [
        "f.yml:1: environment variable STAGE is empty"
    ]
    assert plain(of(text.replace("STAGE}", "STAGE:-}"), STAGE="")[0])["functions"].keys() == {"a-"}
    twice = of("functions:\n  a-${STAGE}: 1\n  a-dev: 2\n  ${STAGE}: 3\n  ${STAGE}: 4", STAGE="dev")
    assert twice[1] == [
        "f.yml:3: duplicate key 'a-dev' (first on line 2)",
        "f.yml:5: duplicate key '${STAGE}' (first on line 4)",
    ]


def test_a_variable_is_not_looked_into_again() -> None:
    assert read("a: ${X}", X="${Y}", Y="no").value["a"].text == "${Y}"


@pytest.mark.parametrize("written", ["$NAME", "$${", "${}", "${9}", "cost: $5", "${ NAME }"])
def test_other_dollar_signs_are_left_alone(written: str) -> None:
    assert read(f"a: '{written}'", NAME="no").value["a"].text == written


@pytest.mark.parametrize("name", ["NAME", "OTHER"])
def test_a_variable_that_is_escaped_stands_as_it_is(name: str) -> None:
    node = read(f"a: 'x $${{{name}}} ${{NAME}}'", NAME="no").value["a"]
    assert node.text == f"x ${{{name}}} no"
    assert node.names == ("NAME",)


@pytest.mark.parametrize(
    ("written", "is_read_as"),
    [
        ("x ${NAME:-one two} y", "x set y"),
        ("x ${UNSET:-one two} y", "x one two y"),
        ("${EMPTY:-default}", "default"),
        ("${UNSET:-}", ""),
        ("${UNSET:-https://host:1/}", "https://host:1/"),
        ("$${UNSET:-default}", "${UNSET:-default}"),
        ("$${UNSET:-{}}", "${UNSET:-{}}"),
        ("${NAME", "${NAME"),
    ],
)
def test_a_default_stands_for_a_variable_that_is_not_set(written: str, is_read_as: str) -> None:
    node = read(f"a: '{written}'", NAME="set", EMPTY="").value["a"]
    assert node.text == is_read_as


@pytest.mark.parametrize("default", ["{}", '{"a": 1}', "${NAME}", "${NAME:-x}", "no end", "a{b"])
def test_a_default_with_a_brace_is_a_problem_and_no_text(default: str) -> None:
    """It would be deployed as it is written, or with the value of the inner variable in it."""
    written = f"${{UNSET:-{default}}}" if default != "no end" else "${UNSET:-no end"
    (complaint,) = complaints(f"a: '{written}'", NAME="set")
    assert complaint.startswith("f.yml:1: the default of ${UNSET:-…} has a brace or no end")


def test_each_missing_variable_is_a_problem_at_its_line() -> None:
    unset = "is not set; export it, or set it under env: of the workflow's step; or write"
    assert complaints("a: ${ONE}\nb:\n  - ${TWO}\n") == [
        f"f.yml:{line}: environment variable {name} {unset} ${{{name}:-default}}, or $${{{name}}} "
        f"for a literal ${{{name}}}"
        for line, name in ((1, "ONE"), (3, "TWO"))
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 'open\n", 2),
        ("a: b: c\n", 1),
        ("a: *nowhere\n", 1),
    ],
)
def test_what_is_not_yaml_is_said_with_its_line(text: str, line: int) -> None:
    (complaint,) = complaints(text)
    assert complaint.startswith(f"f.yml:{line}: not valid YAML: ")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("a:\n\tb: 2\n", "a tab? YAML is indented with spaces"),
        ("a:\n  b: 1\n    c: 2\n", "wrong indentation, or a text with a colon needs quotes"),
        ("a:\n    b: 1\n  c: 2\n", "wrong indentation?"),
        ("a: 1\nb\nc: 2\n", "a key without a colon, or wrong indentation"),
    ],
)
def test_the_usual_cause_of_invalid_yaml_is_said(text: str, cause: str) -> None:
    (complaint,) = complaints(text)
    assert complaint.endswith(f" ({cause})")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_says_so(text: str) -> None:
    assert complaints(text) == ["f.yml:1: the file is empty"]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_json_is_read_as_json_reads_it(value: object) -> None:
    import json

    text = json.dumps({"value": value}).replace("${", "")
    problems: list[Problem] = []
    node = parse(text, "f.yml", {}, problems)
    assert node is not None
    assert plain(node) == json.loads(text)
    assert problems == []


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("memroy", "; did you mean 'memory'?"),
        ("timeot", "; did you mean 'timeout'?"),
        ("zzz", "; expected one of: memory, timeout"),
    ],
)
def test_nearest_names_the_word_that_was_meant_or_all_of_them(word: str, said: str) -> None:
    assert nearest(word, ["timeout", "memory"]) == said


def test_nearest_of_nothing_is_silent() -> None:
    assert nearest("word", []) == ""


@pytest.mark.parametrize("text", ["a: {b: c-${D}, e: f}", "a: [c-${D}, e]"])
def test_a_variable_without_quotes_in_braces_is_told_how_to_be_written(text: str) -> None:
    problems: list[Problem] = []
    assert parse(f"x: 1\n{text}\n", "f.yml", {"D": "d"}, problems) is None
    (problem,) = problems
    assert problem.place.line == 2
    assert 'a value with ${NAME} needs quotes: "${NAME}"' in problem.message
