"""Tests of functions: of a new version before it has traffic, and once it is live."""
