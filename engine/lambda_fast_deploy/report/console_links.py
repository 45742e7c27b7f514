"""Links to the AWS console."""

from __future__ import annotations

from urllib.parse import quote

from lambda_fast_deploy.models import FunctionOutcome
from lambda_fast_deploy.report.markdown import link

_HOSTS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}


def _address(delivery: FunctionOutcome, service: str, fragment: str) -> str:
    partition = next((p for p in _HOSTS if delivery.region.startswith(f"{p}-")), "")
    host = _HOSTS.get(partition) or f"{delivery.region}.console.aws.amazon.com"
    return f"https://{host}/{service}/home?region={delivery.region}#{fragment}"


def console(delivery: FunctionOutcome) -> str:
    """A link to the function or stack; empty if it does not exist."""
    if not delivery.arn:
        return ""
    if delivery.is_stack:
        where = f"/stacks/stackinfo?stackId={quote(delivery.arn, safe='')}"
        return link(_address(delivery, "cloudformation", where), "console")
    version = f"/versions/{delivery.version}" if delivery.version.isdecimal() else ""
    return link(_address(delivery, "lambda", f"/functions/{delivery.function}{version}"), "console")


def log(delivery: FunctionOutcome) -> str:
    """A link to the function's log; empty if it has none."""
    if not delivery.arn or delivery.is_stack:
        return ""
    # The console writes a name in an address percent-encoded twice, with $ in place of %.
    group = quote(quote(f"/aws/lambda/{delivery.function}", safe=""), safe="").replace("%", "$")
    return link(_address(delivery, "cloudwatch", f"logsV2:log-groups/log-group/{group}"), "log")
