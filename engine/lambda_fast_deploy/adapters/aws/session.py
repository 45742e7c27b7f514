"""The only door to AWS's SDK: clients, and every error in words for the person who must act.

Clients are made by botocore itself, which boto3 is a cover of: that spares an unchanged deploy a
tenth of its time. boto3 is there for what it adds, uploads in parts.

Endpoints, credentials and the CA bundle come from the standard AWS environment variables.
"""

from __future__ import annotations

import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import botocore.config
import botocore.exceptions as boto
import botocore.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody

from lambda_fast_deploy import units
from lambda_fast_deploy.adapters import retry
from lambda_fast_deploy.adapters.aws.api_changes import change
from lambda_fast_deploy.adapters.aws.api_errors import explain
from lambda_fast_deploy.adapters.aws.read_only_calls import is_read
from lambda_fast_deploy.adapters.aws.responses import checked, not_understood
from lambda_fast_deploy.errors import (
    DeployError,
    DeployFailed,
    NotReady,
    Refused,
    Unavailable,
    Unreachable,
    passes,
)

# botocore's retries cover throttling, 5xx and broken connections. Once AWS has throttled a call,
# the mode "adaptive" lets all threads together ask no faster than is answered: two hundred
# functions want more calls than Lambda's quotas allow, and would use up all attempts.
READ_TIMEOUT = 70.0  # seconds that an answer may take, but for a function's own
_CONFIG = botocore.config.Config(
    connect_timeout=5,
    read_timeout=READ_TIMEOUT,
    retries={"mode": "adaptive", "total_max_attempts": 5},
    max_pool_connections=20,
    user_agent_extra="lambda-fast-deploy",
)

# What lasts minutes is silent for minutes, which some gateways take for the end (Lambda API,
# "Invoke": let the client keep long connections alive).
_ONCE = botocore.config.Config(
    retries={"mode": "standard", "total_max_attempts": 1}, tcp_keepalive=True
)

PART = 8 * units.MIB  # bytes of each part of an upload that is not smaller

PATIENCE = 60.0  # seconds; botocore itself tries for less than one

_CORRECT = "Correct AWS_ENDPOINT_URL, or AWS_CREDENTIAL_EXPIRATION, in the environment."

# What botocore says of credentials that were told of their end once that has come, and what is so.
_OVER = "still expired"
_ENDED = "they have ended (AWS_CREDENTIAL_EXPIRATION)"

# What botocore's parsers raise: they take the shape of an answer for granted.
_UNREADABLE = (ResponseParserError, AttributeError, LookupError, TypeError, ValueError)


def _date_of(answer: Any) -> str:
    """The Date header of an answer, if it has one."""
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))


def _parsed(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return None


class Aws:
    """One set of credentials; clients are made when first needed and shared by threads.

    ``changes`` is what has been changed by it, for people, in the order in which that was done.
    ``ends`` is when the credentials end, where the run was told. ``patience`` is for how many
    seconds a call is made again while AWS, which had answered before, does not, or fails itself.
    """

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.ends: datetime | None = None
        self.patience = PATIENCE
        self._lock = threading.Lock()
        self._only_reads = False
        self._clients: dict[tuple[str, str, bool, float], Any] = {}
        self._asking = threading.Lock()
        self._dated = "", 0.0  # the Date of AWS's last answer, and when that came (monotonic)
        self._account = ""
        try:
            self._session = botocore.session.Session()
        except boto.BotoCoreError as error:
            raise explain(error, "session", "this machine") from None

    def only_read(self) -> None:
        """Refuse every call that is no read from now on, whoever makes it."""
        self._only_reads = True

    def _check(self, operation: str) -> None:
        if self._only_reads and not is_read(operation):
            raise DeployFailed(
                f"{operation} is not called: this run only reads",
                remedy="This is a fault of lambda-fast-deploy; please report it with this line.",
            )

    def client(
        self, service: str, region: str, *, once: bool = False, timeout: float = READ_TIMEOUT
    ) -> Any:
        """A client; creating clients is not thread-safe, using them is.

        One for calls that must be made ``once`` does not try again by itself. ``timeout`` is how
        many seconds it waits for an answer.
        """
        with self._lock:
            key = (service, region, once, timeout)
            if key not in self._clients:
                config = _CONFIG.merge(_ONCE) if once else _CONFIG
                config = config.merge(botocore.config.Config(read_timeout=timeout))
                try:
                    made = self._session.create_client(service, region_name=region, config=config)
                except ValueError as error:
                    says = f"no client of AWS can be made for {service} in {region}: {error}"
                    raise NotReady(says, remedy=_CORRECT) from None
                self._clients[key] = made
            return self._clients[key]

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

        A call that makes something anew each time is to be made ``once``: when an answer is lost,
        it could have been made already. What an answer streams is bytes in what is returned.

        Raises:
            NotPermitted: IAM does not allow it.
            NotReady: credentials, clock or network.
            NotUnderstood: what was answered is not of the API's shape.
            Unanswered: there was no answer within ``timeout`` seconds.
            NotFound: it does not exist.
            Conflict: changed by somebody else, or an update is in progress.
            Refused: any other error of AWS.
        """
        self._check(operation)
        name = f"{service}:{''.join(word.title() for word in operation.split('_'))}"

        def ask() -> Any:
            with self.explained(region, name):
                client = self.client(service, region, once=once, timeout=timeout)
                return self._answer(client, operation, parameters, f"{name} in {region}")

        with self._noted(change(operation, parameters, region)):
            try:
                return ask()
            except DeployError as error:
                if once or not passes(error) or not self._dated[0]:  # it was never reached at all
                    raise
            try:
                return retry.patiently(ask, lambda: self.patience)
            except Refused as refusal:
                refusal.repeated = True
                raise

    def _answer(self, client: Any, operation: str, parameters: Mapping[str, Any], what: str) -> Any:
        """The answer to a call, as its API's model says it must be."""
        model = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[operation]
        )
        try:
            answer = getattr(client, operation)(**parameters)
            self._dated = _date_of(answer), time.monotonic()
        except _UNREADABLE as error:
            raise not_understood(what, " ".join(str(error).split())[:200]) from None
        answer = checked(answer, model, what)
        streams = {k: v.read() for k, v in answer.items() if isinstance(v, StreamingBody)}
        answer.update(streams)
        return answer

    def account(self, region: str) -> str:
        """The account that the credentials are of, asked once (API: ``GetCallerIdentity``).

        Raises:
            NotReady: there are no credentials, or AWS refuses them.
        """
        with self._asking:
            if not self._account:
                self._account = str(self.call(region, "sts", "get_caller_identity")["Account"])
            return self._account

    @contextlib.contextmanager
    def _noted(self, change: str) -> Iterator[None]:
        """Note a change once it is made, or when nobody knows whether it was."""
        try:
            yield
        except (Unreachable, Unavailable, KeyboardInterrupt):
            if change:
                self.changes.append(f"{change} (perhaps: AWS did not tell)")
            raise
        if change:
            self.changes.append(change)

    @contextlib.contextmanager
    def explained(self, region: str, operation: str) -> Iterator[None]:
        """Errors of AWS's SDK in this project's words; ``operation`` is ``service:Operation``."""
        try:
            yield
        except (boto.BotoCoreError, boto.ClientError, boto.HTTPClientError) as error:
            raise explain(error, operation, region) from None
        except RuntimeError as error:
            if _OVER not in str(error):
                raise
            ended = boto.CredentialRetrievalError(provider="the environment", error_msg=_ENDED)
            raise explain(ended, operation, region) from None

    def upload(
        self,
        region: str,
        bucket: str,
        owner: str,
        key: str,
        content: bytes,
        tell: Callable[[int], None],
    ) -> None:
        """Upload in parts, several at a time; ``tell`` takes the bytes of each piece."""
        from boto3.s3.transfer import (
            ProgressCallbackInvoker,
            TransferConfig,
            create_transfer_manager,
        )

        self._check("put_object")
        client, told = self.client("s3", region), [ProgressCallbackInvoker(tell)]
        config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART)
        checked = {"ChecksumAlgorithm": "SHA256", "ExpectedBucketOwner": owner}
        with (
            self._noted(change("put_object", {"Bucket": bucket, "Key": key}, region)),
            self.explained(region, "s3:PutObject"),
            create_transfer_manager(client, config) as manager,
        ):
            manager.upload(io.BytesIO(content), bucket, key, checked, told).result()

    def signed(
        self,
        region: str,
        service: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, str]:
        """Headers of a request that carries this identity's signature (Signature Version 4)."""
        asked = AWSRequest(method=method, url=url, headers=dict(headers), data=body or None)
        credentials = self._session.get_credentials()
        with self.explained(region, f"{service} request"):
            if credentials is None:
                raise boto.NoCredentialsError
            SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(asked)
        return dict(asked.headers)

    def clock_error(self, region: str) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's, to a second or two.

        A question without a signature is asked, so that neither credentials nor the clock matter:
        AWS refuses it, with a Date header; ``None`` if a proxy takes that away, or spoils it.

        Raises:
            NotReady: the region's Lambda API cannot be reached.
        """
        asked = botocore.config.Config(signature_version=UNSIGNED)
        with self._lock, self.explained(region, "lambda:GetAccountSettings"):
            client = self._session.create_client(
                "lambda", region_name=region, config=_CONFIG.merge(asked)
            )
        with self.explained(region, "lambda:GetAccountSettings"):
            try:
                answer = client.get_account_settings()
            except boto.ClientError as refusal:
                answer = refusal.response
        date = _parsed(_date_of(answer))
        return time.time() - date.timestamp() if date else None

    def now(self) -> datetime:
        """The time by AWS's clock, to a second or two, as its last answer told it.

        This machine's can be minutes off, which AWS accepts; it counts where a proxy takes the Date
        header away, or spoils it.
        """
        told, came = self._dated
        date = _parsed(told)
        return date + timedelta(seconds=time.monotonic() - came) if date else datetime.now(UTC)

    def expiry(self) -> float | None:
        """Seconds that the credentials are still valid; ``None`` where nothing ends or it renews.

        Only those from environment variables can be told of their end and yet not renew themselves
        (botocore: ``EnvProvider``, AWS_CREDENTIAL_EXPIRATION). They end by AWS's clock.
        """
        end = self.ends or getattr(self._found(), "_expiry_time", None)
        if end is None or not self._is_from_environment():
            return None
        return float((end - self.now()).total_seconds())

    def ends_untold(self) -> bool:
        """Whether the credentials end, and nobody has told when."""
        has_token = bool(getattr(self._found(), "token", None))
        return has_token and self._is_from_environment() and self.expiry() is None

    def _is_from_environment(self) -> bool:
        return getattr(self._found(), "method", "") == "env"

    def _found(self) -> Any:
        with self.explained("this machine", "credentials"):
            return self._session.get_credentials()

    def regions(self) -> frozenset[str]:
        """The regions that Lambda has, as the installed botocore knows them."""
        return frozenset(
            name
            for partition in self._session.get_available_partitions()
            for name in self._session.get_available_regions("lambda", partition)
        )
