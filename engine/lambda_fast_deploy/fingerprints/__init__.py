"""Content addresses: which files make a thing, its deterministic bytes, its fingerprint."""
