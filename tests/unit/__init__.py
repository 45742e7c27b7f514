"""Tests without a network, AWS or Docker; the rooms are those of engine/."""
