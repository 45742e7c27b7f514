"""Tests of engine/verify."""
