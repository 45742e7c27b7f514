"""What is too deep, too long or without end comes to an end, and is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from lambda_fast_deploy.adapters.files import TEXT
from lambda_fast_deploy.config.aws_services import services_of
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from tests.input import targets

DEEP = 100_000
PARTS = "a." * DEEP
TOML = (
    *("a = " + "[" * DEEP, "a = " + "{b = " * DEEP, "a = " + "[" * DEEP + "]" * DEEP),
    *(f"{PARTS}b = 1", f"[{PARTS}b]", f"[[{PARTS}b]]", f"a = {{{PARTS}b = 1}}"),
    *(f'"a".{PARTS}b = 1', "'a' . " * DEEP + "b = 1", f"a = '{PARTS}'"),
    "".join(f"[{'a.' * 90}b{n}]\n" for n in range(2000)),
    *(f"[default.deploy.parameters]\ntags.{PARTS}b = 1", '"' * DEEP, "a" * TEXT, "." * TEXT),
)
JSON = ("[" * DEEP, '{"a":' * DEEP, "[" * DEEP + "]" * DEEP, '{"dependencies":' + "[" * DEEP)
MERGED = (f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 99))
YAML = (
    *("[" * DEEP, "{a: " * DEEP, "- " * DEEP, "? " * DEEP, "&a " * DEEP, "!a " * DEEP, "*a" * DEEP),
    *("\n".join(" " * n + "a:" for n in range(1400)), "a: |\n" + " \n" * DEEP),
    "a0: &a0 {b: c}\n" + "".join(MERGED),
)
PYTHON = {
    "attributes": "a = b" + ".c" * DEEP,
    "attributes of a client": "a = b" + ".c" * 900 + ".client(y)",
    "calls": "a" + "()" * DEEP,
    "calls of a client": "session" + "()" * 900 + ".client(y)",
    "subscripts": "a" + "[0]" * DEEP,
    "brackets": "a = " + "(" * DEEP,
    "lists": "a = " + "[" * DEEP,
    "signs": "a = " + "-" * DEEP + "1",
    "sums": "a = " + "1+" * DEEP + "1",
    "powers": "a = " + "1**" * DEEP + "1",
    "lambdas": "a = " + "lambda:" * DEEP + "1",
    "conditions": "a = " + "1 if 1 else " * 50_000 + "1",
    "branches": "if a: pass\n" + "elif a: pass\n" * 50_000,
    "blocks": "".join(" " * n + "if a:\n" for n in range(1000)),
    "formats": "f'{f\"{1}\"}' " * 5000,
    "digits": "a = " + "9" * DEEP,
}


@pytest.mark.parametrize("number", range(len(YAML)))
def test_deep_yaml(tmp_path: Path, number: int) -> None:
    targets.write_project(tmp_path)
    targets.configuration(tmp_path, YAML[number])
    targets.template(tmp_path, YAML[number])


@pytest.mark.parametrize("number", range(len(TOML)))
def test_deep_toml(tmp_path: Path, number: int) -> None:
    targets.write_project(tmp_path)
    targets.samconfig(tmp_path, TOML[number])
    targets.lock(tmp_path, TOML[number])


@pytest.mark.parametrize("number", range(len(JSON)))
def test_deep_json(tmp_path: Path, number: int) -> None:
    targets.write_project(tmp_path)
    targets.event(tmp_path, JSON[number].encode(), {"GITHUB_EVENT_NAME": "pull_request"})
    targets.inputs(tmp_path, {"function": "f", "code": "src", "health-payload": JSON[number]})
    targets.lock(tmp_path, JSON[number])
    targets.files(tmp_path, "Dockerfile.lambda", f"COPY {JSON[number]} /x")


@pytest.mark.parametrize("name", PYTHON)
def test_deep_python(tmp_path: Path, name: str) -> None:
    targets.write_project(tmp_path)
    targets.code(tmp_path, PYTHON[name])


def test_a_module_too_large_to_be_parsed_is_said(tmp_path: Path) -> None:
    targets.write_project(tmp_path)
    targets.code(tmp_path, b"#" * (TEXT + 1))


@pytest.mark.parametrize("name", ["lambda-deploy.yml", "template.yaml", "samconfig.toml"])
def test_a_large_file_is_not_parsed(tmp_path: Path, name: str) -> None:
    targets.write_project(tmp_path)
    large = "x: [" + "1," * 8_000_000 + "1]\n"
    if name == "samconfig.toml":
        targets.samconfig(tmp_path, large)
    else:
        (targets.template if name == "template.yaml" else targets.configuration)(tmp_path, large)


@pytest.mark.parametrize("name", ["Dockerfile.lambda", "src/.lambdaignore", ".dockerignore"])
def test_a_large_file_of_lines_is_not_read(tmp_path: Path, name: str) -> None:
    targets.write_project(tmp_path)
    targets.files(tmp_path, name, f"{'x' * 63}\n" * (TEXT // 64 + 1))


def test_requirements_that_include_each_other_are_read_once_each(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for number in range(40):
        following = f"r{number + 1}.txt"
        lines = [f"p{number}", f"-r {following}", f"-r d/../{following}", f"-c {following}"]
        (tmp_path / f"r{number}.txt").write_text("\n".join(lines))
    (tmp_path / "r40.txt").write_text("-r d/../r0.txt\nlast\n")
    expected = [*(f"p{n}" for n in range(40)), "last"]
    found = requirements(tmp_path / "r0.txt")
    assert found == sorted(itertools.chain(expected, (f"-c {each}" for each in expected)))


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("boto3.client(x)", True),
        ("boto3.Session().client(x)", True),
        ("self.session.client(x)", True),
        ("get_session().client(x)", True),
        ("boto3.session.Session(region_name='a').client(x)", False),
        ("redis.client(x)", False),
        ("sessions['a'].client(x)", False),
    ],
)
def test_whose_client_it_is_is_seen_by_the_last_name(
    tmp_path: Path, call: str, known: bool
) -> None:
    (tmp_path / "app.py").write_text(f"a = {call}\n")
    named, unknown = services_of(tmp_path)
    assert (named, unknown) == (set(), [(tmp_path / "app.py", 1)] if known else [])
