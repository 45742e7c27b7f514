"""Whatever is read, a message names what is wrong with it: no traceback, exit 2, nothing called."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_fast_deploy.config.event import FLAGS
from lambda_fast_deploy.config.inputs import INPUTS
from tests.input import hostile, targets
from tests.input.hostile import LEAVES, RAW, TEXTS, VALUES, as_toml, as_yaml, spoiled

BYTES = st.binary(max_size=200)
YAML = st.text(st.sampled_from("{}[]:,-&*!|>'\"%@`#? \n\tab0<~.") | st.characters(), max_size=60)


NUMBER = itertools.count()  # of what is wrong: one of ten is a whole run, which takes 0.1 s


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    targets.write_project(folder)
    return folder


@pytest.mark.parametrize("valid", [hostile.ZIP, hostile.IMAGE, hostile.STACK])
def test_what_is_spoiled_here_is_valid_at_first(root: Path, valid: dict[str, Any]) -> None:
    assert targets.configuration(root, as_yaml(valid))


@given(spoiled(hostile.ZIP, hostile.ZIP, hostile.IMAGE, hostile.STACK))
def test_a_configuration_with_something_wrong_anywhere(root: Path, document: Any) -> None:
    if not targets.configuration(root, as_yaml(document)) and next(NUMBER) % 10 == 0:
        targets.run(root, "plan", "--commit-message=x")


@given(VALUES | YAML | BYTES)
def test_any_text_as_a_configuration(root: Path, value: Any) -> None:
    text = value if isinstance(value, (str, bytes)) else as_yaml(value)
    if not targets.configuration(root, text) and next(NUMBER) % 10 == 0:
        targets.run(root, "deploy", "--json", "--commit-message=x")


PLACES = [(v, way) for v in (hostile.ZIP, hostile.IMAGE, hostile.STACK) for way in hostile.ways(v)]


@pytest.mark.parametrize("number", range(len(RAW)))
def test_each_hostile_value_at_every_place(root: Path, number: int, thorough: bool) -> None:
    for valid, way in PLACES if thorough else PLACES[number % 31 :: 31]:
        document = json.loads(json.dumps(valid))
        holder = document
        for key in way[:-1]:
            holder = holder[key]
        holder[way[-1]] = RAW[number]
        targets.configuration(root, as_yaml(document))


GIVEN = st.dictionaries(
    st.sampled_from([item.name for item in INPUTS]),
    st.sampled_from(TEXTS) | st.sampled_from(RAW) | st.text(max_size=20),
    max_size=6,
)
ALONE = {"function": "orders", "code": "src", "handler": "app.handler", "runtime": "python3.13"}


@given(GIVEN, st.sampled_from([{}, ALONE, {"function": "api", "dockerfile": "Dockerfile.lambda"}]))
def test_any_inputs(root: Path, values: dict[str, str], valid: dict[str, str]) -> None:
    targets.inputs(root, {**valid, **values})


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_payload_of_an_event_for_a_function(root: Path, payload: Any) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    targets.inputs(root, {**ALONE, "health-payload": text})


EVENTS = st.sampled_from(["push", "pull_request", "merge_group", "release", "x\n::y", ""])
NAMES = ("GITHUB_SHA", "GITHUB_REF_NAME", "GITHUB_REF_TYPE", "GITHUB_ACTOR", "GITHUB_HEAD_REF")
ENVIRON = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS) | st.text(max_size=20))
PAYLOADS = (
    spoiled(hostile.EVENT).map(lambda value: as_yaml(value).encode("utf-8", "surrogatepass"))
    | st.just(b"[" * 100_000)
    | BYTES
)


@given(PAYLOADS, EVENTS, ENVIRON)
def test_any_event(root: Path, payload: bytes, name: str, environ: Mapping[str, str]) -> None:
    message = {"head_commit": {"message": "so that git is not asked"}}
    if name == "push" and b"message" not in payload:
        payload = json.dumps(message).encode()
    targets.event(root, payload, {**environ, "GITHUB_EVENT_NAME": name})


@given(st.text() | st.text("[]-abtest ", max_size=100), st.sampled_from(sorted(FLAGS)), st.text())
def test_any_commit_message(before: str, flag: str, after: str) -> None:
    assert flag in targets.message(f"{before} [{flag}] {after}")


@given(spoiled(hostile.SAMCONFIG).map(as_toml) | YAML | BYTES)
def test_any_samconfig(root: Path, value: str | bytes) -> None:
    if isinstance(value, str) and value.startswith("{"):
        value = f"default = {value}\n" + value[1:-1].replace(", ", "\n")
    targets.samconfig(root, value)


@given(spoiled(hostile.SAMCONFIG["default"]))
def test_a_samconfig_with_something_wrong_anywhere(root: Path, document: Any) -> None:
    targets.samconfig(root, f"default = {as_toml(document)}\n")


@given(spoiled(hostile.TEMPLATE).map(as_yaml) | YAML | BYTES)
def test_any_template(root: Path, text: str | bytes) -> None:
    targets.template(root, text)


LINES = st.lists(
    st.sampled_from(
        """
        FROM a|FROM --platform=b a AS c|FROM ${X:-y}|ARG X=|ARG X="y" Z|COPY --link a b|COPY [1, 2]
        COPY ["a", "b"]|COPY ["a"|ADD <<EOF b|RUN --mount=type=bind,from=a b|RUN --mount= x|COPY
        COPY --from=a b c|COPY ** /|COPY [[[ b|# syntax=x|# comment|RUN \\|`|-r a.txt|-c|-r|!a|[a-
        \\|**/x|!|/|#|idna==1|-e .|--hash=x|a\0b|../..|-r requirements.txt|-r src|\x85|\u2028
        """.strip()
        .replace("\n", "|")
        .split("|")
    )
    | st.text(max_size=20)
).map("\n".join)


@given(LINES | BYTES, st.sampled_from(sorted(targets.READERS)))
def test_any_file_of_a_project(root: Path, text: str | bytes, name: str) -> None:
    targets.files(root, name, text)


@given(st.lists(st.sampled_from([*TEXTS, "--json", "--report", "deploy", "plan", "layers"])))
def test_any_arguments(root: Path, words: list[str]) -> None:
    clean = [word.replace("\0", "") for word in words if word != "--help"]
    targets.run(root, "deploy", "--no-such-option", *clean)
