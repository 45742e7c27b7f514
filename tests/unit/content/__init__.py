"""Tests of engine/content."""
