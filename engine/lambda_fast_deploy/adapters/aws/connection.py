"""The SDK's session: clients, credentials, regions, and the time by AWS's clock.

botocore itself makes the clients; without boto3 on top, an unchanged deploy takes a tenth less
time. Endpoints, credentials and the CA bundle come from the standard AWS environment
variables.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import botocore.config
import botocore.exceptions as boto
import botocore.loaders
import botocore.session
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from lambda_fast_deploy.adapters.aws.api_errors import explain, explained
from lambda_fast_deploy.errors import NotReady

# botocore's retries cover throttling, 5xx and broken connections. After a throttled call, the mode
# "adaptive" limits the rate of all threads together: two hundred functions need more calls than
# Lambda's quotas allow, and would use up all attempts.
READ_TIMEOUT = 70.0  # seconds for an answer, in addition to a function's own time
_CONFIG = botocore.config.Config(
    connect_timeout=5,
    read_timeout=READ_TIMEOUT,
    retries={"mode": "adaptive", "total_max_attempts": 5},
    max_pool_connections=20,
    user_agent_extra="lambda-fast-deploy",
)

# A connection is silent during a long invocation, and some gateways then close it (Lambda API,
# "Invoke": let the client keep long connections alive).
_ONCE = botocore.config.Config(
    retries={"mode": "standard", "total_max_attempts": 1}, tcp_keepalive=True
)

_CORRECT = "Correct AWS_ENDPOINT_URL, or AWS_CREDENTIAL_EXPIRATION, in the environment."


class Connection:
    """One set of credentials; clients are created on first use and shared by threads.

    ``ends`` is when the credentials expire, if the configuration says so.
    """

    def __init__(self) -> None:
        self.ends: datetime | None = None
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, bool, float], Any] = {}
        self._dated = "", 0.0  # the Date of AWS's last answer, and when it arrived (monotonic)
        try:
            self._session = botocore.session.Session()
        except boto.BotoCoreError as error:
            raise explain(error, "session", "this machine") from None
        self._session.lazy_register_component("data_loader", lambda: _loader(self._session))

    def client(
        self, service: str, region: str, *, once: bool = False, timeout: float = READ_TIMEOUT
    ) -> Any:
        """A client; creating clients is not thread-safe, using them is.

        A client for calls made ``once`` does not retry. ``timeout`` is the limit for an answer, in
        seconds.

        Raises:
            NotReady: the endpoint or the expiration of the credentials in the environment is
                malformed.
        """
        with self._lock:
            key = (service, region, once, timeout)
            if key not in self._clients:
                config = _CONFIG.merge(_ONCE) if once else _CONFIG
                config = config.merge(botocore.config.Config(read_timeout=timeout))
                try:
                    client = self._session.create_client(service, region_name=region, config=config)
                except ValueError as error:
                    says = f"cannot create an AWS client for {service} in {region}: {error}"
                    raise NotReady(says, remedy=_CORRECT) from None
                self._clients[key] = client
            return self._clients[key]

    def regions(self) -> frozenset[str]:
        """The regions of Lambda that the installed botocore knows."""
        return frozenset(
            name
            for partition in self._session.get_available_partitions()
            for name in self._session.get_available_regions("lambda", partition)
        )

    # ------------------------------------------------------------ credentials

    def signed(
        self,
        region: str,
        service: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> dict[str, str]:
        """Headers of a request, signed with these credentials (Signature Version 4)."""
        request = AWSRequest(method=method, url=url, headers=dict(headers), data=body or None)
        credentials = self._session.get_credentials()
        with explained(region, f"{service} request"):
            if credentials is None:
                raise boto.NoCredentialsError
            SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(request)
        return dict(request.headers)

    def expiry(self) -> float | None:
        """Seconds until the credentials expire; ``None`` if they do not, or are renewed.

        Only credentials from environment variables can have a known expiration without a renewal
        (botocore: ``EnvProvider``, AWS_CREDENTIAL_EXPIRATION). They expire by AWS's clock.
        """
        end = self.ends or getattr(self._credentials(), "_expiry_time", None)
        if end is None or not self._is_from_environment():
            return None
        return float((end - self.now()).total_seconds())

    def ends_untold(self) -> bool:
        """Whether the credentials expire at an unknown time."""
        has_token = bool(getattr(self._credentials(), "token", None))
        return has_token and self._is_from_environment() and self.expiry() is None

    def _is_from_environment(self) -> bool:
        return getattr(self._credentials(), "method", "") == "env"

    def _credentials(self) -> Any:
        with explained("this machine", "credentials"):
            return self._session.get_credentials()

    # ------------------------------------------------------------ AWS's clock

    def clock_error(self, region: str) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's, accurate to a second or two.

        The request is unsigned, so that neither credentials nor the clock matter: AWS refuses it
            with
        a Date header; ``None`` if a proxy removes or breaks that.

        Raises:
            NotReady: the region's Lambda API cannot be reached.
        """
        unsigned = _CONFIG.merge(botocore.config.Config(signature_version=UNSIGNED))
        with self._lock, explained(region, "lambda:GetAccountSettings"):
            client = self._session.create_client("lambda", region_name=region, config=unsigned)
        with explained(region, "lambda:GetAccountSettings"):
            try:
                answer = client.get_account_settings()
            except boto.ClientError as refusal:
                answer = refusal.response
        date = _parsed(_date_of(answer))
        return time.time() - date.timestamp() if date else None

    def now(self) -> datetime:
        """The time by AWS's clock at its last answer, accurate to a second or two.

        This machine's clock can be minutes off, which AWS accepts; it is used if a proxy removes or
        breaks the Date header.
        """
        header, received = self._dated
        date = _parsed(header)
        if date is None:
            return datetime.now(UTC)
        return date + timedelta(seconds=time.monotonic() - received)

    def _learn_time(self, answer: Any) -> None:
        self._dated = _date_of(answer), time.monotonic()

    @property
    def _has_answered(self) -> bool:
        """Whether AWS has answered yet."""
        return bool(self._dated[0])


def _loader(session: botocore.session.Session) -> botocore.loaders.Loader:
    """What reads the models of the APIs.

    botocore's own looks for each kind of model into the folders of all services, at 2700 files: a
    tenth of a deploy without changes.
    """
    loader = botocore.loaders.create_loader(session.get_config_variable("data_path"))
    folders = filter(Path.is_dir, map(Path, loader.search_paths))
    names = [entry.name for folder in folders for entry in folder.iterdir()]
    loader.list_available_services = lambda _: names
    return loader


def _date_of(answer: Any) -> str:
    """The Date header of an answer, or ``""``."""
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))


def _parsed(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return None
