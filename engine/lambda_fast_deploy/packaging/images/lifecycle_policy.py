"""Lifecycle policies of repositories: no rule may expire an image that a function uses.

ECR does not know which images functions use. Every deployed image keeps a separate tag, so a
rule for untagged images is safe, and every other rule is reported. Source: ECR user guide,
"Lifecycle policy properties".
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any

# Failed and interrupted pushes leave untagged images, and each export of a cache orphans some.
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


SAFE = f"Set a policy for untagged images only: {POLICY}"


def warning(repository: str, function: str, policy: str, tags: tuple[str, ...]) -> str:
    """A warning about a policy for images of a function that have these tags, or ``""``."""
    rules = threats(policy, tags) if policy else []
    if not rules:
        return ""
    return (
        f"Repository {repository} can lose images that versions of {function} use: its lifecycle "
        f"policy selects them by {', '.join(rules)}."
    )


def threats(policy: str, tags: tuple[str, ...]) -> list[str]:
    """The rules of a policy that could expire an image with these tags, in words."""
    rules = []
    for rule in json.loads(policy).get("rules", []):
        if _selects(rule.get("selection", {}), tags):
            name = f"rule {rule.get('rulePriority', '?')}"
            description = rule.get("description", "")
            rules.append(f"{name} ({description})" if description else name)
    return rules


def _selects(selection: dict[str, Any], tags: tuple[str, ...]) -> bool:
    status = selection.get("tagStatus")
    if status == "untagged":
        return not tags
    if status == "any":
        return True
    prefixes = selection.get("tagPrefixList", [])
    patterns = selection.get("tagPatternList", [])
    # A rule selects an image if each of its prefixes or patterns matches a tag of the image.
    return all(any(tag.startswith(prefix) for tag in tags) for prefix in prefixes) and all(
        any(fnmatch.fnmatchcase(tag, pattern) for tag in tags) for pattern in patterns
    )
