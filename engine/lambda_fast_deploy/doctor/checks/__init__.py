"""The checks before a deploy, by subject. All checks are read-only."""
