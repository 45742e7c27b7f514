"""GitHub's cache, as BuildKit is told of it: by variables that a runner hands over.

Sources: BuildKit README, "GitHub Actions cache"; its client takes the token for a JSON Web Token
(RFC 7519), which those of other runners are not.
"""

from __future__ import annotations

import base64
import json
import os
import time

_SPARE = 60.0  # seconds that a token must still be good for


def trouble() -> str:
    """Why the cache cannot be used, or nothing."""
    token = os.environ.get("ACTIONS_RUNTIME_TOKEN", "")
    urls = ("ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL")
    if not token or not any(os.environ.get(name) for name in urls):
        return "the runner did not hand over its variables"
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        ends = float(claims.get("exp", "inf"))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return "its token is no JSON Web Token"
    return "its token has expired" if ends < time.time() + _SPARE else ""


def is_known() -> bool:
    """Whether somebody means to use it: this is GitHub's runner, or there is a token."""
    is_runner = os.environ.get("GITHUB_ACTIONS") == "true"
    return is_runner or bool(os.environ.get("ACTIONS_RUNTIME_TOKEN"))
