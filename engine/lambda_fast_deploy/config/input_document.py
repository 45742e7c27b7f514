"""Converts the inputs for one function, or for a stack, to the equivalent lambda-deploy.yml.

The result is checked and read like the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lambda_fast_deploy.config.inputs import INPUTS, LINES, PAIRS, GivenInputs
from lambda_fast_deploy.errors import Place, Problem
from lambda_fast_deploy.schema.yaml_lines import (
    YamlNode,
    nodes_of,
    substitute,
    substitute_name,
    values_in,
    variables_in,
)
from lambda_fast_deploy.schema.yaml_nodes import DEPTH


def pairs_of(text: str) -> dict[str, str]:
    """The values of an input such as ``environment`` by their names, without substitution."""
    lines = (line.strip().partition("=") for line in text.splitlines())
    return {
        name.strip(): value if name == name.rstrip() else value.lstrip()
        for name, sign, value in lines
        if sign
    }


def _pairs(
    text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]
) -> dict[str, YamlNode]:
    variables: dict[str, YamlNode] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        if not sign:
            problems.append(Problem(f"expected NAME=value on each line, got {name!r}", place))
        # Substituted after the split, so that a value of several lines adds no variables.
        if name != name.rstrip():
            value = value.lstrip()  # A = 1
        names = variables_in(value)
        value = substitute(value, place, environ, problems)
        variables[name.strip()] = YamlNode(value, place, value, names=names)
    return variables


def _value(
    name: str, text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]
) -> YamlNode:
    if name in PAIRS:
        return YamlNode(_pairs(text, place, environ, problems), place)
    if name in LINES:
        lines = filter(None, map(str.strip, text.splitlines()))
        return YamlNode([_text(line, place, environ, problems) for line in lines], place)
    if name == "health-payload":
        return _event(text, place, environ, problems)
    return _text(text, place, environ, problems)


def _text(text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]) -> YamlNode:
    before, names = len(problems), variables_in(text)
    text = substitute(text.strip(), place, environ, problems)
    if len(problems) > before:
        return YamlNode(text, place, text, is_set=False)
    return YamlNode(text, place, text, names=names)


def _event(
    text: str, place: Place, environ: Mapping[str, str], problems: list[Problem]
) -> YamlNode:
    node = _text(text, place, environ, problems)
    if not node.is_set:
        return node
    try:
        return nodes_of(json.loads(node.text), place)
    except ValueError as error:
        problems.append(Problem(f"not valid JSON: {error}", place))
    except RecursionError:
        problems.append(Problem(f"nested more than {DEPTH} levels deep", place))
    return node


def _put(root: YamlNode, path: list[str], value: YamlNode) -> None:
    node = root
    for key in path[:-1]:
        node = node.value.setdefault(key, YamlNode({}, value.place))
    node.value[path[-1]] = value


def of_template(given: GivenInputs) -> YamlNode:
    """The document for the input template."""
    path, where = given["template"].strip(), given.place("template")
    return YamlNode({"stack": YamlNode({"template": YamlNode(path, where, path)}, where)}, where)


def single_function(
    given: GivenInputs, environ: Mapping[str, str], problems: list[Problem]
) -> YamlNode:
    """The document for the inputs of one function."""
    written, where = given["function"].strip(), given.place("function")
    function = substitute_name(written, where, environ, problems)
    root: YamlNode = YamlNode({}, where)
    _put(root, ["functions", function], YamlNode({}, where, key_values=values_in(written, environ)))
    for item in INPUTS:
        if item.path and given.get(item.name, "").strip():
            place = given.place(item.name)
            path = [
                part.replace("F", function, 1) if part[0] == "F" else part
                for part in item.path.split(".")
            ]
            _put(root, path, _value(item.name, given[item.name], place, environ, problems))
    _complete(root, function, given, problems)
    return root


def _complete(root: YamlNode, function: str, given: GivenInputs, problems: list[Problem]) -> None:
    """Add the references of the function to its base, layer and tests."""
    entry: dict[str, Any] = root.value["functions"].value[function].value

    def text(value: str, place: Place) -> YamlNode:
        return YamlNode(value, place, value)

    if not {"zip", "image"} & entry.keys():
        code, dockerfile = given.called("code"), given.called("dockerfile")
        message = f"requires {code} (for a zip) or {dockerfile} (for an image)"
        problems.append(Problem(message, root.place))
        entry["image"] = YamlNode({}, root.place)
    if {"zip", "image"} <= entry.keys():
        problems.append(
            Problem("set the inputs of a zip or of an image, not both", entry["image"].place)
        )
        del entry["image"]
    if bases := root.value.get("bases"):
        base = bases.value[function]
        base.value.setdefault("repository", text(f"{function.lower()}-base", base.place))
        if "image" in entry:
            entry["image"].value["base"] = text(function, base.place)
            if secrets := entry["image"].value.get("build-secrets"):
                base.value["build-secrets"] = secrets
        if "architecture" in entry:
            base.value["architecture"] = entry["architecture"]
    if layers := root.value.get("layers"):
        name, layer = next(iter(layers.value.items()))
        if "zip" in entry:
            by_arn = entry["zip"].value.get("layers", YamlNode([], layer.place))
            listed = [text(name, layer.place), *by_arn.value]
            entry["zip"].value["layers"] = YamlNode(listed, layer.place)
            if runtime := entry["zip"].value.get("runtime"):
                layer.value["runtime"] = runtime
        if "architecture" in entry:
            layer.value["architecture"] = entry["architecture"]
    if tests := root.value.get("tests"):
        health = tests.value["health"].value if "health" in tests.value else {}
        if {"http", "invoke"} <= health.keys():
            problems.append(
                Problem("set health-path or health-payload, not both", health["invoke"].place)
            )
            del health["invoke"]
        entry["tests"] = YamlNode(
            [text(name, test.place) for name, test in tests.value.items()], tests.place
        )
