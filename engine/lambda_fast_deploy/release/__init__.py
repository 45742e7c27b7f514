"""Releases one function: configuration, code, version, alias. The undo of a change comes first."""
