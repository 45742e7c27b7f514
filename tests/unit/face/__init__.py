"""Tests of engine/face."""
