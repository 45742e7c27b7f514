"""Faults of every kind at every call, and runs that are killed: users never notice."""
