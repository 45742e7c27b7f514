"""Readers for locks that uv does not read: the packages of a lock for one runtime."""
