"""The environment of this run, and the part of it that tools get."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from lambda_fast_deploy.masking import says_secret

VARIABLES: Mapping[str, str] = os.environ

_PLAIN = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ"),
        *("TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("NODE_EXTRA_CA_CERTS", "NETRC"),
    }
)
_PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"})
# Settings of uv, pip and npm, with the passwords of their indexes.
_SETTINGS = re.compile(
    r"LC_|UV_(?!PUBLISH_)|PIP_|POETRY_HTTP_BASIC_|npm_config_|YARN_NPM_|YARN_REGISTRY",
    re.IGNORECASE,
)


# Credentials of AWS and GitHub, and files by which a step gives values to later steps.
_OF_OTHERS = re.compile(
    r"AWS_|ACTIONS_|INPUT_|GITHUB_TOKEN$|GH_TOKEN$"
    r"|GITHUB_(ENV|OUTPUT|PATH|STATE|STEP_SUMMARY)$"
)


def for_builds(*more: str) -> dict[str, str]:
    """The environment of a user's own build command, without credentials of AWS and GitHub.

    Variables with the name of a secret are left out, too.

    Args:
        more: the names of variables that it gets in any case.
    """
    return {
        name: value
        for name, value in VARIABLES.items()
        if name in more or not (_OF_OTHERS.match(name) or says_secret(name))
    }


def for_tools(*more: str) -> dict[str, str]:
    """The environment of uv, pip and npm, and of all processes that these start.

    They run code of others: a build backend is a program, and an installer connects to any host in
    its settings. So AWS credentials, GitHub tokens and inputs of the action are left out.

    Args:
        more: the names of additional variables.
    """
    return {
        name: value
        for name, value in VARIABLES.items()
        if name in _PLAIN or name.upper() in _PROXIES or name in more or _SETTINGS.match(name)
    }
