"""The checks of ``doctor``: whether this machine and the account are ready for a deploy."""
