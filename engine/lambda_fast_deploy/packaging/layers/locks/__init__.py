"""Locks of tools that uv does not read: what they settle for one runtime."""
