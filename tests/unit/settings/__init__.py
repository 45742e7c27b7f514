"""Tests of engine/settings."""
