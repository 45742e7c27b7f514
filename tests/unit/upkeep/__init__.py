"""Tests of engine/upkeep."""
