"""Content addresses: the files of an artifact, its deterministic bytes, and its fingerprint."""
