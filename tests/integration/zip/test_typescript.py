"""The example in TypeScript: its own bundler runs once, and a second machine builds nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

from tests.support import Project


def test_the_example_in_typescript_is_built_only_if_it_changed(
    example: Callable[[str], Project], name: str, aws: Any
) -> None:
    project = example("typescript")
    assert project.run("plan").changes == []
    first = project.deploy()
    assert first.code == 0
    assert first.log.count("npm ci") == 2  # begun, and done
    event = json.dumps({"orders": [{"price": 5, "count": 2}, {"price": 1, "count": 1}]})

    def total() -> int:
        answer = aws.invoke(FunctionName=name, Qualifier="live", Payload=event.encode())
        return int(json.load(answer["Payload"])["total"])

    assert total() == 11
    for folder in ("dist", "node_modules"):  # another machine
        shutil.rmtree(project.root / folder)
    second = project.deploy()
    assert second.changes == []
    assert "npm ci" not in second.log

    project.edit("src/orders.ts", "order.price * order.count", "order.count")
    failed = project.deploy()
    assert failed.code == 1  # its test expects another total
    assert total() == 11
    project.edit("src/orders.ts", "order.count, 0", "'a', 0")
    wrong = project.deploy()
    assert wrong.code == 1
    assert "src/orders.ts" in wrong.log  # the compiler's own words
    assert wrong.changes == []
