"""Tests of engine/release."""
