"""Help that can be read, and a line with a remedy for every word that is wrong."""

from __future__ import annotations

import re

import pytest

from lambda_fast_deploy import __main__
from lambda_fast_deploy.cli.commands import GROUPS
from lambda_fast_deploy.cli.options import inputs_of
from lambda_fast_deploy.cli.parser import Parser, parser
from lambda_fast_deploy.config.inputs import INPUTS
from lambda_fast_deploy.errors import Invalid


def commands(of: Parser) -> dict[str, Parser]:
    """Every command below one, however deep, by its words."""
    found: dict[str, Parser] = {}
    for action in of._actions:
        if isinstance(action.choices, dict):
            for name, inner in action.choices.items():
                found[name] = inner
                found |= {f"{name} {rest}": each for rest, each in commands(inner).items()}
    return found


COMMANDS = commands(parser())


def test_every_command_is_in_one_group_of_the_help() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(name for name in COMMANDS if " " not in name)
    page = parser().format_help()
    assert all(re.search(rf"^  {name} ", page, re.MULTILINE) for name in grouped)
    assert max(map(len, page.splitlines())) < 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_examples_that_are_not_broken_and_work(name: str) -> None:
    page = COMMANDS[name].format_help()
    head, _, examples = page.partition("\nexample")
    assert f"usage: lambda-fast-deploy {name} " in head
    assert max(map(len, page.splitlines())) <= 80
    typed = re.sub(r" \\\n +", " ", examples.partition(":\n")[2]).splitlines()
    assert 1 <= len(typed) <= 3
    for line in typed:
        words = re.sub(r" [>|].*", "", line).split()
        assert words[: 1 + len(name.split())] == ["lambda-fast-deploy", *name.split()]
        assert parser().read(words[1:]).command == words[1]


SWITCHES = "--code-only, --dry-run, --change-set take no value"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("deplyo", "lambda-fast-deploy: unknown COMMAND 'deplyo'; did you mean 'deploy'?"),
        ("layers lst", "lambda-fast-deploy layers: unknown WHAT 'lst'; did you mean 'list'?"),
        ("deploy --regoin=x", "option --regoin: does not exist; did you mean --region?"),
        ("deploy --regoin x", "option --regoin: does not exist; did you mean --region?"),
        ("plan --only x", "option --only: does not exist; see lambda-fast-deploy plan --help"),
        ("deploy --mem 256", "option --mem: does not exist; did you mean --memory?"),
        ("plan -v", "option -v: does not exist; see lambda-fast-deploy plan --help"),
        ("--dry-run deploy", "option --dry-run: must follow the command"),
        ("doctor orders", "argument orders: is not expected; see lambda-fast-deploy doctor --help"),
        ("deploy --dry-run=true", "option --dry-run: takes no value"),
        ("deploy --dry-run true", "argument true: is not expected: " + SWITCHES),
        ("deploy --memory", "lambda-fast-deploy deploy: argument --memory: expected one argument"),
        (
            "completion csh",
            "lambda-fast-deploy completion: unknown SHELL 'csh'; did you mean 'zsh'?",
        ),
        ("deploy --memory=", "option --memory: is empty; give it a value, or leave it out"),
        ("rollback --to x", "option --to: expected previous or the number of a version, got 'x'"),
    ],
)
def test_a_wrong_word_is_told_in_one_line_with_the_nearest(
    typed: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["lambda-fast-deploy", *typed.split(" ")])
    assert __main__.main() == 2
    assert capsys.readouterr() == ("", f"error: {says}\n")


def test_all_options_that_do_not_exist_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        parser().read(["deploy", "--regoin", "x", "--memroy=1"])
    assert [p.place.source for p in caught.value.problems] == ["option --memroy", "option --regoin"]


def test_without_a_command_the_help_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["lambda-fast-deploy"])
    assert __main__.main() == 2
    assert capsys.readouterr() == ("", parser().format_help())


def test_every_input_of_the_action_is_an_option_of_deploy() -> None:
    options = {option for action in COMMANDS["deploy"]._actions for option in action.option_strings}
    others = {"rollback", "functions"}  # a command, and its arguments
    assert {f"--{item.name}" for item in INPUTS if item.name not in others} <= options


@pytest.mark.parametrize(
    ("typed", "functions"),
    [
        ("deploy", None),
        ("deploy orders bills", "orders\nbills"),
        ("plan --region eu-west-1 orders", "orders"),
    ],
)
def test_functions_are_named_by_arguments(typed: str, functions: str | None) -> None:
    assert inputs_of(parser().read(typed.split())).get("functions") == functions
