"""The marks of runs in progress, which show other runs who owns a resource.

Each has the id of the run (``RunLog.run``). A mark that remains is from a run that was killed.
"""

from __future__ import annotations

from collections.abc import Mapping

from lambda_fast_deploy.state import Mark

# Prefixes of an alias's description; the first is also the prefix of the tag for tests
UNDER_TEST = "under test by run "  # the last test has not passed yet
DELETING = "being deleted by run "  # created by a run that has failed
PUTTING_BACK = "being put back by run "  # it points to the previous version, its URL remains
WITH_URL = "with a URL"  # in the description: the run that updated the alias needs the URL

ALARMS = "lambda-fast-deploy/"  # prefix of the names of a function's alarms, followed by its name

# Tags of a function
CREATED_BY = "lambda-fast-deploy:created-by"  # until its first release is complete
CONFIGURATION = "lambda-fast-deploy:configuration"  # repository and file that deployed it last
TESTED = "lambda-fast-deploy:tested"  # the tested state of $LATEST, without an alias
BUILT = "lambda-fast-deploy:built"  # the sources of code that a command builds

# The alias that exists while one run makes a decision that other runs may depend on. It points to
# $LATEST, and has no callers.
LOCK = "lambda-fast-deploy-lock"

CHANGE_SET = "lambda-fast-deploy-"  # prefix of the names of a run's change sets

MARKS = (
    Mark(
        "release under way",
        f"beginning of the alias's description: `{UNDER_TEST}…`, `{DELETING}…`, `{PUTTING_BACK}…`",
        "the run, and the version that a rollback restores",
    ),
    Mark(
        "function that a run creates",
        f"tag `{CREATED_BY}` of the function, until its first release is over",
        "the run that may delete it",
    ),
    Mark(
        "function of a configuration",
        f"tag `{CONFIGURATION}` of the function, as `owner/repository:path of the file`, "
        "with the variables in names of functions",
        "functions that the configuration no longer has are shown by `status`",
    ),
    Mark(
        "function without an alias",
        f"tag `{TESTED}` of the function",
        "the code and configuration of `$LATEST` that have passed their tests",
    ),
    Mark(
        "function whose code a command builds",
        f"tag `{BUILT}` of the function",
        "fingerprint of the sources, and the CodeSha256 of what was built from them",
    ),
    Mark(
        "decision that only one run may make",
        f"alias `{LOCK}` of the function, for seconds",
        "the run that makes it",
    ),
    Mark(
        "proposed change of a stack",
        f"change set `{CHANGE_SET}<random>`",
        "temporary; deleted if it is not executed",
    ),
)


def built(fingerprint: str, sha256: str) -> str:
    """The value of the tag of code that a command has built."""
    return f"{fingerprint} {sha256}"


def built_from(tags: Mapping[str, str], fingerprint: str) -> str:
    """The CodeSha256 of what was built from the sources with a fingerprint; ``""`` if unknown."""
    sources, _, sha256 = tags.get(BUILT, "").partition(" ")
    return sha256 if sources == fingerprint else ""


def under_test_by(run: str) -> str:
    """The prefix of an alias's description, or the tag for tests, while a run tests."""
    return f"{UNDER_TEST}{run}"


def deleted_by(run: str) -> str:
    """The description of an alias that its run deletes after an error."""
    return f"{DELETING}{run}"
