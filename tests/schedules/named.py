"""Schedules that once went wrong, by what went wrong."""

from __future__ import annotations

NAMED = {
    "the loser of two first deploys takes back the winner's version": "first-good first-good A3",
    "a live function is deleted": "first-bad first-good A4",
    "a run that created nothing deletes the function": "first-good first-bad same A2",
    "a version is deleted while another run tests it": "code-bad code-good same A3",
    "a success of $LATEST is taken back": "latest-bad latest-good same A2",
    "an undo writes over another run's code": "latest-bad latest-good A3",
    "what was set by hand during a test is dropped": "configuration-bad hand-good A3",
    "what was deleted already is reported as left": "first-bad first-bad A3",
    "rollback writes $LATEST after another deploy": "rollback-good code-good A3",
    "a version under test is taken for proved": "code-late code-good same A5",
    "a layer version that a run reuses is pruned": "code-good prune-good A1",
    "a new alias is deleted after another run has moved it": "first-late first-good aliases A9",
    "a lock is taken from a run that lives": "first-bad configuration-good aliases A5",
    "the code of a run that failed stays in $LATEST": "code-good code-bad A2",
    "an undo takes the code of a run that goes on": "code-good code-late A4",
    "a function is deleted under the run that had created it": "first-good canary-late A5",
    "rollback drops what was set by hand": "rollback-good hand-good A2",
    "an alias is deleted that a rollback was testing": "rollback-late code-late A3",
    "the tag of a creation stays": "first-late latest-good same A2",
    "a stack that another run has tested is taken back": "stack-bad stack-good same A6",
    "a canary meets a release": "canary-good code-good A5",
    "old versions are deleted under a rollback": "clean-good rollback-good A4",
    "an undo goes back to another run's upload that failed": "code-late latest-bad A9",
    "another run deploys while one marks its code as tested": ("latest-good configuration-late A5"),
    "an undo that was held up writes over what has been tested": "code-late latest-good A9",
    "of two that failed nobody knows what users had": "latest-bad latest-bad A3 B3",
    "an undo restores tags of a function that is gone": "latest-bad first-good A1 B3",
    "the tag of a creation stays after a takeover that failed": "first-good first-good A5 B2",
    "a rollback does not say that its version was deleted": "clean-good rollback-good A1 B1",
    "each of two runs fails because the other one does": "configuration-good canary-good A2 B2",
    "a rollback goes back to what another one has given up": "rollback-late rollback-good A4 B3",
    "of two that failed none deletes what the second had taken over": "latest-bad first-late A1 B5",
    "a state of a stack that another run takes back is called unchanged": (
        "stack-bad stack-bad same A2 B7"
    ),
    "a state that has passed is taken back with the one on top of it": "stack-good stack-bad A5 B3",
    "a state passes when the next one is live already": "stack-good stack-bad A6 B5",
    "a rollback writes code over that of a version that goes live": (
        "rollback-good configuration-good A3 B3"
    ),
    "an undo restores a setting under a run that goes on": "configuration-bad canary-good A4 B4",
    "an undo of $LATEST restores code under a canary": "latest-bad canary-good same A5 B4",
    "an undo restores code under a run that has published it": "clean-late clean-good same A9 B2",
}
