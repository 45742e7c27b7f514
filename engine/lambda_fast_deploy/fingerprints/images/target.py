"""The part of a Dockerfile that builds one of its stages, the target of the build.

What follows the target is left out, so that it neither counts for the image nor is built: a stage
can only use stages before it (Dockerfile reference, "FROM").
"""

from __future__ import annotations

from pathlib import Path

from lambda_fast_deploy.adapters.files import read_text
from lambda_fast_deploy.errors import Invalid, Place, Problem
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.schema.yaml_lines import nearest


def text_of(path: Path, target: str) -> str:
    """The text of a Dockerfile, to the end of a stage; all of it without a target.

    Raises:
        Invalid: the Dockerfile has no such stage, or its stages are not certain.
    """
    text = read_text(path)
    if not target:
        return text
    dockerfile = read(text)
    if not dockerfile.is_certain:
        says = "has a syntax whose stages are not known; put the target in a separate Dockerfile"
        raise Invalid([Problem(says, Place(str(path)))])
    numbers = dockerfile.stages_of(target)
    if not numbers:
        names = [stage.name for stage in dockerfile.stages if stage.name]
        says = f"has no stage {target!r}{nearest(target, names)}"
        raise Invalid([Problem(says, Place(str(path)))])
    following = dockerfile.stages[max(numbers) + 1 :]
    if not following:
        return text
    lines = text.split("\n")[: following[0].begins.line - 1]
    return "\n".join([*lines, ""])
