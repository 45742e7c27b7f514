"""A document is checked once, and a mistake in one place hides none in another."""

from __future__ import annotations

from pathlib import Path

from lambda_fast_deploy.config.validation import ValidatedDocument
from lambda_fast_deploy.errors import Problem
from lambda_fast_deploy.schema.records import Key, RecordShape
from lambda_fast_deploy.schema.shapes import IntegerShape, MapOf
from lambda_fast_deploy.schema.yaml_lines import YamlNode, parse


class Counting(IntegerShape):
    """Counts how often it is asked."""

    asked = 0

    def check(self, node: YamlNode, problems: list[Problem]) -> int:
        Counting.asked += 1
        return IntegerShape.check(self, node, problems)


SIZE = Key(Counting(1, 9, "boxes"), "size")
GRAMMAR = RecordShape(
    {
        "boxes": Key(MapOf(RecordShape({"size": SIZE})), "boxes"),
        "shelf": Key(RecordShape({"size": SIZE}), "shelf"),
    }
)


def validated(text: str) -> ValidatedDocument:
    problems: list[Problem] = []
    document = parse(text, "f.yml", {}, problems)
    assert document is not None
    return ValidatedDocument(document, GRAMMAR, Path(), problems)


def test_each_value_is_checked_once() -> None:
    Counting.asked = 0
    document = validated("boxes: {a: {size: 1}, b: {size: 99}}\nshelf: {size: 3}\n")
    assert document.sound("boxes") == [("a", {"size": 1})]
    assert document.names("boxes") == ["a", "b"]
    assert document.value("shelf", None) == {"size": 3}
    assert Counting.asked == 3
    assert [str(problem) for problem in document.problems] == [
        "f.yml:1: size: expected 1 to 9 boxes, got '99'"
    ]


def test_an_unknown_key_leaves_the_rest_of_its_entry_to_be_looked_at() -> None:
    document = validated("boxes: {a: {sise: 1, size: 2}}\nshelf: {x: 1}\nrack: 1\n")
    assert document.sound("boxes") == [("a", {"size": 2})]
    assert document.value("shelf", None) == {}
    assert len(document.problems) == 3


def test_what_is_no_mapping_has_no_values() -> None:
    document = validated("- boxes\n")
    assert (document.values, document.names("boxes"), document.sound("boxes")) == ({}, [], [])
    assert document.value("shelf", 7) == 7
    assert len(document.problems) == 1
