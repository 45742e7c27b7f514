"""What runs that are under way say of themselves in AWS, so that others know whose something is.

Each names the run (``RunLog.run``). A mark that stays is of a run that was killed.
"""

from __future__ import annotations

from lambda_fast_deploy.state import Mark

# The beginnings of an alias's description; the first is also that of the tag for tests
UNDER_TEST = "under test by run "  # its last test has not passed yet
DELETING = "being deleted by run "  # it was made by a run that has failed
PUTTING_BACK = "being put back by run "  # where it leads to is right, its URL is being taken away
WITH_URL = "with a URL"  # in it: the run that moved the alias wants the URL to be there

# Tags of a function
CREATED_BY = "lambda-fast-deploy:created-by"  # as long as its first release is not over
TESTED = "lambda-fast-deploy:tested"  # what of $LATEST has passed its tests, where users call that

# The alias that is there while one run decides about something that others may stand on. It leads
# to $LATEST, and nobody calls it.
LOCK = "lambda-fast-deploy-lock"

CHANGE_SET = "lambda-fast-deploy-"  # how the names of a run's change sets begin

MARKS = (
    Mark(
        "release under way",
        f"beginning of the alias's description: `{UNDER_TEST}…`, `{DELETING}…`, `{PUTTING_BACK}…`",
        "which run it is, and the version to go back to",
    ),
    Mark(
        "function that a run creates",
        f"tag `{CREATED_BY}` of the function, until its first release is over",
        "which run may delete it again",
    ),
    Mark(
        "function that users call without an alias",
        f"tag `{TESTED}` of the function",
        "which code and configuration of `$LATEST` have passed their tests",
    ),
    Mark(
        "decision that only one run may make",
        f"alias `{LOCK}` of the function, for seconds",
        "which run makes it",
    ),
    Mark(
        "proposed change of a stack",
        f"change set `{CHANGE_SET}<random>`",
        "nothing; it is removed if it is not carried out",
    ),
)


def under_test_by(run: str) -> str:
    """The beginning of an alias's description, or the tag for tests, while a run tests."""
    return f"{UNDER_TEST}{run}"


def deleted_by(run: str) -> str:
    """The description of an alias that its run, which has failed, deletes."""
    return f"{DELETING}{run}"
