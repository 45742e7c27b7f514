"""Fingerprints: equal exactly when the files and options that make a thing are equal."""

from __future__ import annotations

import hashlib
import json

# Increased when a new version builds the same inputs differently.
_RECIPES = {"base": 2, "build": 1, "folder layer": 1, "image": 2, "layer": 1, "stem": 1}


def fingerprint_of(kind: str, **parts: object) -> str:
    """16 hex digits of a SHA-256, enough to distinguish all artifacts of a repository."""
    text = json.dumps({"recipe": f"{kind}/{_RECIPES[kind]}", **parts}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
