"""Lifecycle policies of repositories: none may expire an image that a function still uses.

ECR does not know who uses an image. Every image that was deployed keeps a tag of its own, so a rule
for untagged images is safe, and a rule for any other is reported. Source: ECR user guide,
"Lifecycle policy properties".
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any

# What failed and interrupted pushes leave, and what each export of a cache orphans.
POLICY = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "description": "lambda-fast-deploy: images in use are always tagged",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 1,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)


SAFE = f"Give it a policy for untagged images only: {POLICY}"


def warning(repository: str, function: str, policy: str, tags: tuple[str, ...]) -> str:
    """What is wrong with a policy for images of a function that have these tags, or nothing."""
    rules = threats(policy, tags) if policy else []
    if not rules:
        return ""
    return (
        f"Repository {repository} can lose images that versions of {function} use: "
        f"{', '.join(rules)} of its lifecycle policy selects them."
    )


def threats(policy: str, tags: tuple[str, ...]) -> list[str]:
    """The rules of a policy that could expire an image with these tags, in words."""
    found = []
    for rule in json.loads(policy).get("rules", []):
        if _selects(rule.get("selection", {}), tags):
            name = f"rule {rule.get('rulePriority', '?')}"
            said = rule.get("description", "")
            found.append(f"{name} ({said})" if said else name)
    return found


def _selects(selection: dict[str, Any], tags: tuple[str, ...]) -> bool:
    status = selection.get("tagStatus")
    if status == "untagged":
        return not tags
    if status == "any":
        return True
    prefixes = selection.get("tagPrefixList", [])
    patterns = selection.get("tagPatternList", [])
    # A rule selects an image that has, for each of its prefixes or patterns, a tag that fits.
    return all(any(tag.startswith(prefix) for tag in tags) for prefix in prefixes) and all(
        any(fnmatch.fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns
    )
