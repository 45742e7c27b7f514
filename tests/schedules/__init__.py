"""Schedules in place of luck: README.md."""
