"""Runs the tests of functions: on a new version before it has traffic, and on the live version."""
