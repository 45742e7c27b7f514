"""The parts of the documentation that are generated from the code, each as Markdown.

A page shows one between ``<!-- NAME -->`` and ``<!-- /NAME -->``; the names are in ``SECTIONS``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from docs import action_yml
from lambda_fast_deploy.cli.parser import parser
from lambda_fast_deploy.config.event import FLAGS
from lambda_fast_deploy.config.inputs import INPUTS, GivenInputs
from lambda_fast_deploy.config.keys import ROOT as CONFIGURATION
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.errors import EXIT_CODES
from lambda_fast_deploy.iam.permissions import FEATURES
from lambda_fast_deploy.models import Event
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import (
    AnyValue,
    ChoiceShape,
    IntegerShape,
    KnownShape,
    ListOf,
    MapOf,
    OneOf,
    OrNull,
    PercentShape,
    QuantityShape,
    Shape,
    TextShape,
)
from lambda_fast_deploy.state.all_marks import MARKS

ROOT = Path(__file__).resolve().parent.parent

Rows = Iterable[tuple[str, ...]]


def table(head: tuple[str, ...], rows: Rows) -> str:
    """A Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    cells = ([cell.replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def sentence(text: str) -> str:
    """A text with a capital first letter and a full stop."""
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def code(text: str) -> str:
    """A text as inline code."""
    return f"`{text}`"


# ------------------------------------------------------------------ the action


@cache
def _action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return found


def inputs() -> str:
    """The inputs of action.yml."""
    rows = ((code(name), says) for name, (says, _) in action_yml.described().items())
    return table(("input", ""), rows)


def outputs() -> str:
    """The outputs of action.yml."""
    rows = ((code(name), item["description"]) for name, item in _action()["outputs"].items())
    return table(("output", ""), rows)


def flags() -> str:
    """The flags of commit messages."""
    rows = [(code(f"[{name}]"), says) for name, says in FLAGS.items()]
    rows.append((code("[any-word]"), "run the tests whose `when` names that flag"))
    return table(("in the commit message", ""), rows)


def exit_codes() -> str:
    """The meaning of each exit code."""
    return table(("exit code", ""), ((str(number), says) for number, says in EXIT_CODES.items()))


def state() -> str:
    """What deployments leave in AWS, from the modules that write and read it."""
    rows = ((each.carrier, each.format, each.meaning) for each in MARKS)
    return table(("what", "where", "says"), rows)


def permissions() -> str:
    """Every IAM action that a deployment can need, from the list that the policy is made of."""
    rows = (
        (code(each.action), feature.resource, each.why)
        for feature in FEATURES
        for each in feature.permissions
    )
    return table(("action", "on", "why"), rows)


EVENTS = (
    ("`push` of a branch", Event("push", branch="main")),
    ("`push` of a tag", Event("push", tag="v1.0.0")),
    ("`release`", Event("release", tag="v1.0.0")),
    (
        "`pull_request` and related events (`…_target`, `…_review`, …)",
        Event(unmerged="a pull request"),
    ),
    ("any other event at a ref `refs/pull/…`", Event("deployment", unmerged="a pull request")),
    ("`merge_group`, and any other event at a merge queue's ref", Event(unmerged="a merge queue")),
    ("`workflow_dispatch`, `schedule` and others", Event("workflow_dispatch", branch="main")),
    ("no event (a laptop)", Event()),
)


def events() -> str:
    """The result of each GitHub event, read from the settings of an example with that event."""
    region = "eu-west-1"
    environ = {"AWS_REGION": region, "LAMBDA_ROLE": f"arn:aws:iam::{0:012}:role/orders"}

    def result_of(event: Event) -> tuple[str, str]:
        example = ROOT / "examples" / "zip-layers"
        settings = load(GivenInputs({}), environ, event, example, lambda: frozenset({region}))
        if settings.plan_only:
            return "a plan", "none"
        return "a deployment", "all" if event.is_release else "those whose `when` holds"

    rows = ((name, *result_of(event)) for name, event in EVENTS)
    return table(("event", "result", "tests that run"), rows)


# ------------------------------------------------------------------ lambda-deploy.yml


def value_of(shape: Shape) -> str:
    """The values that a shape accepts, in a few words."""
    match shape:
        case ChoiceShape(words):
            return ", ".join(map(code, words))
        case IntegerShape(low, high, unit):
            return f"{low} to {high} {unit}"
        case QuantityShape(kind):
            return f"a {kind} such as {code('100 MB' if kind == 'size' else '30s')}"
        case PercentShape():
            return f"a percentage such as {code('10%')}"
        case TextShape(expected=expected) | KnownShape(expected=expected):
            return expected
        case ListOf(item):
            return f"a list, each {value_of(item)}"
        case MapOf(item, expected=expected):
            return f"{expected} → {value_of(item)}"
        case OneOf(plain, ListOf(item)) if plain == item:
            return f"{value_of(plain)}, or a list of them"
        case OneOf(plain, listed):
            return f"{value_of(plain)}, or {value_of(listed)}"
        case OrNull(text):
            return f"{value_of(text)}, or null"
        case AnyValue():
            return "anything"
        case RecordShape():
            return "keys, see below"
    raise TypeError(shape)


def _records(title: str, key: Key) -> Iterator[tuple[str, str, RecordShape]]:
    """Every record at or below a key, with its path and its meaning."""
    shape, says = key.shape, key.says
    if isinstance(shape, OneOf):
        shape = shape.listed if isinstance(shape.listed, RecordShape) else shape.plain
    if isinstance(shape, MapOf) and isinstance(shape.item, RecordShape):
        title, shape = f"{title}.NAME", shape.item
    if isinstance(shape, RecordShape):
        yield title, says, shape
        for name, inner in shape.keys.items():
            yield from _records(f"{title}.{name}".lstrip("."), inner)


def configuration() -> str:
    """Every key of lambda-deploy.yml, a table for each mapping."""
    parts = []
    for title, says, record in _records("", Key(CONFIGURATION, "the whole file")):
        rows = (
            (
                code(name) + (" (required)" if key.required else ""),
                value_of(key.shape),
                key.text,
            )
            for name, key in record.keys.items()
        )
        parts.append(f"### {code(title) if title else 'At the top'}\n\n{sentence(says)}")
        if record.one_of:
            parts[-1] += f" Exactly one of {', '.join(map(code, record.one_of))} is required."
        parts.append(table(("key", "value", "meaning"), rows))
    return "\n\n".join(parts)


# ------------------------------------------------------------------ commands


def _commands(
    name: str, found: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be typed, however deep."""
    deeper = [a for a in found._actions if isinstance(a, argparse._SubParsersAction)]
    for action in deeper:
        for word, inner in action.choices.items():
            yield from _commands(f"{name} {word}", inner)
    if not deeper:
        yield name, found


def _typed(action: argparse.Action) -> str:
    if action.option_strings:
        value = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
        return code(f"{action.option_strings[-1]}{value}")
    word = "|".join(map(str, action.choices)) if action.choices else str(action.metavar)
    return code(f"[{word}]" if action.nargs == "?" else word)


def commands() -> str:
    """Every command with its own options; options that are inputs are listed together."""
    names = [item.name for item in INPUTS]
    parts = []
    root = parser()
    help_of = {
        word: entry.help or ""
        for action in root._actions
        if isinstance(action, argparse._SubParsersAction)
        for word, entry in zip(action.choices, action._choices_actions, strict=True)
    }
    for name, command in _commands("", root):
        own, of_inputs = [], []
        for action in command._actions:
            option = action.option_strings[-1].removeprefix("--") if action.option_strings else ""
            if isinstance(action, argparse._HelpAction):
                continue
            if option in names:
                of_inputs.append(option)
            else:
                own.append((_typed(action), action.help or ""))
        says = command.description or sentence(help_of[name.split()[0]])
        part = f"### {code('lambda-fast-deploy' + name)}\n\n{says}"
        if len(of_inputs) > len(names) // 2:
            without = [code(each) for each in names if each not in of_inputs]
            part += f" All inputs except {', '.join(without)} are options."
        elif of_inputs:
            part += f" Of the inputs: {', '.join(code(f'--{each}') for each in of_inputs)}."
        parts.append(part)
        if own:
            parts.append(table(("option", ""), own))
    return "\n\n".join(parts)


SECTIONS: dict[str, Callable[[], str]] = {
    "inputs": inputs,
    "outputs": outputs,
    "flags": flags,
    "events": events,
    "state": state,
    "permissions": permissions,
    "exit-codes": exit_codes,
    "configuration": configuration,
    "commands": commands,
}
