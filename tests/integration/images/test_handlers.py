"""One image with many handlers, and the stage of a Dockerfile."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import Project

pytestmark = pytest.mark.docker

DOCKERFILE = """\
FROM {base} AS runtime
COPY app/ ${{LAMBDA_TASK_ROOT}}/app/
FROM runtime AS test
COPY app/main.py ${{LAMBDA_TASK_ROOT}}/app/broken.py
RUN false
"""


def test_one_image_with_twelve_handlers_of_a_stage(tmp_path: Path, name: str, aws: Any) -> None:
    project = Project(tmp_path / "project")
    project.write("Dockerfile", DOCKERFILE.format(base=os.environ["LAB_PYTHON_IMAGE"]))
    functions = "".join(
        f"def handler{number}(event, context): return {number}\n" for number in range(12)
    )
    project.write("app/main.py", functions)
    head = f"""\
functions:
  {name}-0: &function
    image: &image
      dockerfile: Dockerfile
      repository: {name}
      target: runtime
      command: [app.main.handler0]
    role: {os.environ["LAB_ROLE_ARN"]}
"""
    others = "".join(
        f"  {name}-{number}:\n    <<: *function\n"
        f"    image: {{<<: *image, command: [app.main.handler{number}]}}\n"
        for number in range(1, 12)
    )
    project.write("lambda-deploy.yml", head + others)
    run = project.deploy()
    assert run.code == 0
    assert run.changes.count("CreateFunction") == 12
    works = [work for work in run.report["work"] if work["id"].startswith("image:")]
    assert len(works) == 12
    assert sum("for another function" not in work["detail"] for work in works) == 1
    assert len({each["image_uri"] for each in run.report["functions"]}) == 1
    second = project.deploy()
    assert second.changes == []
    for number in (0, 7):
        answer = aws.invoke(FunctionName=f"{name}-{number}", Qualifier="live", Payload=b"{}")
        assert json.load(answer["Payload"]) == number

    # Neither a handler nor a later stage changes the image.
    project.edit("lambda-deploy.yml", "[app.main.handler7]", "[app.main.handler8]")
    project.edit("Dockerfile", "RUN false", "RUN true")
    run = project.deploy()
    assert sorted(run.changes) == [
        "PublishVersion",
        "UpdateAlias",
        "UpdateFunctionConfiguration",
    ]
    answer = aws.invoke(FunctionName=f"{name}-7", Qualifier="live", Payload=b"{}")
    assert json.load(answer["Payload"]) == 8
