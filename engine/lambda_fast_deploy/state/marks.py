"""What runs that are under way say of themselves in AWS, so that others know whose something is.

Each names the run (``RunLog.run``). A mark that stays is of a run that was killed.
"""

from __future__ import annotations

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
