"""The base class of the kinds of test, and the keys that several kinds have."""

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
    """A test in the configuration; its values have the right shapes.

    ``options`` are those of every kind: name, when and within. ``problem`` reports an error at the
    path of a value, and ``at`` returns the place of a value in the file.
    """

    value: Mapping[str, Any]
    options: Mapping[str, Any]
    problem: Callable[..., None]
    at: Callable[..., Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfTest(FunctionTest):
    """The base class of each kind; ``FunctionTest`` has the other methods that a kind can have.

    ``key`` of the configuration selects the kind. ``keys`` are all its keys, including that one;
    the log masks the values of ``secret_keys``. ``default_when`` applies if the configuration has
    no ``when``.
    """

    key: ClassVar[str]
    keys: ClassVar[Mapping[str, Key]]
    secret_keys: ClassVar[tuple[str, ...]] = ()
    default_when: ClassVar[tuple[Condition, ...]] = ()

    @classmethod
    @abstractmethod
    def read(cls, entry: Entry) -> FunctionTest:
        """A test of this kind; errors in it go to the entry's problems."""

    def check(self, region: str, clients: Clients) -> Remark | None:
        """Check that AWS has the resources that the test needs; only reads.

        Raises:
            NotReady: something is missing.
        """
        del region, clients
        return None

    @abstractmethod
    def run(self, target: Target, deadline: Deadline) -> str:
        """Run it once; returns a summary of the answer.

        Raises:
            FunctionTestFailed, Unavailable, Unreachable: it failed.
        """
