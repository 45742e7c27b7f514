"""Dependency layers."""
