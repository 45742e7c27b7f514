"""Calls of AWS's APIs, with every error in words for the person who must act.

boto3 is used only for what it adds to botocore: uploads in parts.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.paginate import Paginator
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.api_changes import change
from lambda_fast_deploy.adapters.aws.api_errors import explained
from lambda_fast_deploy.adapters.aws.connection import READ_TIMEOUT, Connection
from lambda_fast_deploy.adapters.aws.read_only_calls import is_read
from lambda_fast_deploy.adapters.aws.responses import checked, not_understood
from lambda_fast_deploy.errors import (
    DeployError,
    DeployFailed,
    Refused,
    Unavailable,
    Unreachable,
    passes,
)

PART = 8 * units.MIB  # bytes of each part of a larger upload

PATIENCE = 60.0  # seconds; botocore's own retries end after less than one

# Exceptions of botocore's parsers, which assume the shape of an answer.
_UNREADABLE = (ResponseParserError, AttributeError, LookupError, TypeError, ValueError)


class Aws(Connection):
    """Calls with one set of credentials.

    ``changes`` are the changes made with them, for people, in order. ``patience`` is for how many
    seconds a call is repeated while AWS, after it has answered once, does not answer or fails.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[str] = []
        self.patience = PATIENCE
        self._only_reads = False
        self._asking = threading.Lock()
        self._account = ""

    def only_read(self) -> None:
        """Refuse every call that does not only read, from now on and for all callers."""
        self._only_reads = True

    def _check(self, operation: str) -> None:
        if self._only_reads and not is_read(operation):
            raise DeployFailed(
                f"{operation} is not called: this run only reads",
                remedy="This is a bug in lambda-fast-deploy. Please report it with this line.",
            )

    def call(
        self,
        region: str,
        service: str,
        operation: str,
        *,
        once: bool = False,
        timeout: float = READ_TIMEOUT,
        **parameters: Any,
    ) -> Any:
        """Make one API call, ``operation`` in boto3's spelling (``get_function``).

        A call that creates something new each time must be made ``once``: after a lost answer, it
        may already have succeeded. A stream in the answer is returned as bytes.

        Raises:
            NotPermitted: IAM does not allow it.
            NotReady: credentials, clock or network.
            NotUnderstood: the answer does not have the API's shape.
            AnswerTimeout: there was no answer within ``timeout`` seconds.
            NotFound: the resource does not exist.
            Conflict: it was changed outside this run, or an update is in progress.
            Refused: any other error of AWS.
        """
        self._check(operation)
        name = f"{service}:{_in_api(operation)}"

        def ask() -> Any:
            with explained(region, name):
                client = self.client(service, region, once=once, timeout=timeout)
                return self._answer(client, operation, parameters, f"{name} in {region}")

        with self._noted(change(operation, parameters, region)):
            try:
                return ask()
            except DeployError as error:
                if once or not passes(error) or not self._has_answered:
                    raise
            try:
                return retry.patiently(ask, lambda: self.patience)
            except Refused as refusal:
                refusal.repeated = True
                raise

    def _answer(self, client: Any, operation: str, parameters: Mapping[str, Any], what: str) -> Any:
        """The answer to a call, checked against its API's model."""
        model = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[operation]
        )
        try:
            answer = getattr(client, operation)(**parameters)
            self._learn_time(answer)
        except _UNREADABLE as error:
            raise not_understood(what, " ".join(str(error).split())[:200]) from None
        answer = checked(answer, model, what)
        streams = {k: v.read() for k, v in answer.items() if isinstance(v, StreamingBody)}
        answer.update(streams)
        return answer

    def pages(
        self,
        region: str,
        service: str,
        operation: str,
        call: Callable[..., Any] | None = None,
        **parameters: Any,
    ) -> Iterator[Any]:
        """The pages of an answer; each is requested when it is read.

        Args:
            region: the region.
            service: the API.
            operation: in boto3's spelling; botocore knows how to request its pages.
            call: makes a call of the operation with parameters; by default ``self.call``.
            parameters: of the first call.

        Raises:
            DeployError: as in ``call``.
        """
        name = _in_api(operation)
        paginator = Paginator(
            call or partial(self.call, region, service, operation),
            self._session.get_paginator_model(service).get_paginator(name),
            self.client(service, region).meta.service_model.operation_model(name),
        )
        with explained(region, f"{service}:{name}"):
            yield from paginator.paginate(**parameters)

    def account(self, region: str) -> str:
        """The account of the credentials, requested once (API: ``GetCallerIdentity``).

        Raises:
            NotReady: there are no credentials, or AWS refuses them.
        """
        with self._asking:
            if not self._account:
                self._account = str(self.call(region, "sts", "get_caller_identity")["Account"])
            return self._account

    @contextlib.contextmanager
    def _noted(self, change: str) -> Iterator[None]:
        """Record a change after it is made, or if it is unknown whether it was."""
        try:
            yield
        except (Unreachable, Unavailable, KeyboardInterrupt):
            if change:
                self.changes.append(f"{change} (perhaps: AWS did not confirm it)")
            raise
        if change:
            self.changes.append(change)

    def upload(
        self,
        region: str,
        bucket: str,
        owner: str,
        key: str,
        content: bytes,
        tell: Callable[[int], None],
    ) -> None:
        """Upload in parts, several in parallel; ``tell`` receives the bytes of each piece."""
        from boto3.s3.transfer import (
            ProgressCallbackInvoker,
            TransferConfig,
            create_transfer_manager,
        )

        self._check("put_object")
        client, callbacks = self.client("s3", region), [ProgressCallbackInvoker(tell)]
        config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
        arguments = {"ChecksumAlgorithm": "SHA256", "ExpectedBucketOwner": owner}
        with (
            self._noted(change("put_object", {"Bucket": bucket, "Key": key}, region)),
            explained(region, "s3:PutObject"),
            create_transfer_manager(client, config) as manager,
        ):
            manager.upload(io.BytesIO(content), bucket, key, arguments, callbacks).result()


def _in_api(operation: str) -> str:
    """An operation as its API spells it: ``GetFunction``."""
    return "".join(word.title() for word in operation.split("_"))
