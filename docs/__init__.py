"""Generators of the documentation that describes the code."""
