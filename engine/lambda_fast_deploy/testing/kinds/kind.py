"""What a kind of test is made of, and the keys that several kinds have."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lambda_fast_deploy.errors import Place
from lambda_fast_deploy.models import Condition, FunctionTest, Remark
from lambda_fast_deploy.schema.records import Key
from lambda_fast_deploy.schema.shapes import (
    AnyValue,
    ChoiceShape,
    MapOf,
    QuantityShape,
)

if TYPE_CHECKING:
    from lambda_fast_deploy.adapters.clients import Clients
    from lambda_fast_deploy.adapters.deadline import Deadline
    from lambda_fast_deploy.testing.target import Target

EVENT = Key(
    ChoiceShape(("http", "rest", "alb")),
    "event that a request before traffic becomes: that of a function URL or HTTP API (http), of a "
    "REST API (rest), or of a load balancer (alb)",
    otherwise="http, or rest in a stack whose only APIs are REST APIs",
)
JSON = Key(MapOf(AnyValue()), "expected JSON fields; db.connected is field connected in db")
FASTER_THAN = Key(QuantityShape("duration"), "longest time of a response")


@dataclass(frozen=True, slots=True)
class Entry:
    """A test as the configuration has it; its values have the right shapes.

    ``options`` are those that every kind has: name, when and within. ``problem`` takes what is
    wrong and the path of a value, and ``at`` is the place of a value in the file.
    """

    value: Mapping[str, Any]
    options: Mapping[str, Any]
    problem: Callable[..., None]
    at: Callable[..., Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfTest(FunctionTest):
    """The base of each kind; ``FunctionTest`` has what a kind can say besides.

    ``key`` of the configuration says the kind. ``keys`` are all that it takes, that one included;
    the values of ``secret_keys`` are masked wherever they show. ``default_when`` is when it runs
    if the configuration does not say.
    """

    key: ClassVar[str]
    keys: ClassVar[Mapping[str, Key]]
    secret_keys: ClassVar[tuple[str, ...]] = ()
    default_when: ClassVar[tuple[Condition, ...]] = ()

    @classmethod
    @abstractmethod
    def read(cls, entry: Entry) -> FunctionTest:
        """A test of this kind; what is wrong with it goes to the entry's problems."""

    def check(self, region: str, clients: Clients) -> Remark | None:
        """Look whether AWS has what the test needs; only reads.

        Raises:
            NotReady: something is missing.
        """
        del region, clients
        return None

    @abstractmethod
    def run(self, target: Target, deadline: Deadline) -> str:
        """Run it once, and say in a few words what it saw.

        Raises:
            FunctionTestFailed, Unavailable, Unreachable: it did not pass.
        """
