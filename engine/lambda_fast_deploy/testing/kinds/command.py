"""Tests that a command exits with status 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lambda_fast_deploy.adapters.deadline import Deadline, OutOfTime
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.errors import BuildFailed, FunctionTestFailed, NotReady
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import (
    ListOf,
    TextShape,
)
from lambda_fast_deploy.testing.kinds.kind import Entry, KindOfTest

if TYPE_CHECKING:
    from lambda_fast_deploy.testing.target import Target

OUTPUT = 4000  # characters of a failing command's output


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTest(KindOfTest):
    """A program and its arguments. It runs once: its author decides about retries."""

    key: ClassVar = "command"
    keys: ClassVar = {
        "command": Key(
            ListOf(TextShape(r"[^\0]+", "an argument")),
            "program and arguments; passes with exit status 0. Its environment has FUNCTION_NAME, "
            "FUNCTION_VERSION, FUNCTION_ALIAS, FUNCTION_URL and AWS_REGION",
        ),
    }
    is_retried: ClassVar = False
    needs_url: ClassVar = True

    command: tuple[str, ...]

    @classmethod
    def read(cls, entry: Entry) -> CommandTest:
        if not entry.value["command"]:
            entry.problem("list at least a program", "command")
        return cls(command=tuple(entry.value["command"]), **entry.options)

    @property
    def invokes_function(self) -> bool:
        return False  # a command uses its own credentials and permissions

    def run(self, target: Target, deadline: Deadline) -> str:
        program, lines = self.command[0], list[str]()

        def beat() -> None:
            target.not_yet(f"{program} is running")
            if not deadline.left:
                raise OutOfTime(f"{program} did not finish within {self.within:g} s")

        try:
            run(
                self.command,
                what=program,
                environment=target.environment,
                on_line=lines.append,
                beat=beat,
                cwd=target.root,
            )
        except (BuildFailed, NotReady, FunctionTestFailed) as failure:
            output = target.hidden("\n".join(lines))[-OUTPUT:]
            raise FunctionTestFailed(
                failure.message, detail=output, remedy=failure.remedy
            ) from None
        return lines[-1] if lines else "passed"
