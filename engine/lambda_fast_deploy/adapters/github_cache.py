"""GitHub's cache for BuildKit, which reads its address from the runner's variables.

Sources: BuildKit README, "GitHub Actions cache"; its client expects a JSON Web Token (RFC 7519),
which the tokens of other runners are not.
"""

from __future__ import annotations

import base64
import json
import os
import time

_SPARE = 60.0  # seconds that a token must still be valid


def trouble() -> str:
    """Why the cache cannot be used, or ``""``."""
    token = os.environ.get("ACTIONS_RUNTIME_TOKEN", "")
    urls = ("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL")
    if not token or not any(os.environ.get(name) for name in urls):
        return "the runner did not provide its variables"
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        ends = float(claims.get("exp", "inf"))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return "its token is not a JSON Web Token"
    return "its token has expired" if ends < time.time() + _SPARE else ""


def is_known() -> bool:
    """Whether its use is expected: this is GitHub's runner, or there is a token."""
    is_runner = os.environ.get("GITHUB_ACTIONS") == "true"
    return is_runner or bool(os.environ.get("ACTIONS_RUNTIME_TOKEN"))
