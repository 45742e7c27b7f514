"""A code change of an image, against one of a zip of the same files, and against a builder.

Each side publishes a version, points the alias at it and invokes it once.
"""

from __future__ import annotations

import io
import os
import secrets
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from bench.rounds import ROUNDS, seconds
from bench.tools import shell
from lab.layout import REPOSITORY
from lab.pace import UPDATE, paced

EXAMPLE = REPOSITORY / "examples/image-api"
CONFIG = """\
functions:
  {name}:
    {source}
    role: ${{LAMBDA_ROLE}}
    tests: [answers]
tests:
  answers:
    invoke: {{}}
"""
IMAGE = "image: {dockerfile: Dockerfile}"
ZIP = "zip: {code: src, handler: app.main.handler, runtime: python3.13}"
DOCKERFILE = """\
FROM {base}
COPY --link src/app /var/task/app
CMD ["app.main.handler"]
"""
HANDLER = "def handler(event, context):\n    return {'status': 'ok'}\n"


class Twin:
    """A function of some files, as a zip or as an image."""

    def __init__(self, folder: Path, source: str) -> None:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.root = folder / self.name
        self._api = boto3.client("lambda")
        code = self.root / "src/app"
        code.mkdir(parents=True)
        (code / "main.py").write_text(HANDLER)
        for number in range(20):
            (code / f"part_{number}.py").write_text(f"# {'x' * 80}\n" * 50)
        (self.root / "lambda-deploy.yml").write_text(CONFIG.format(name=self.name, source=source))
        dockerfile = DOCKERFILE.format(base=os.environ["LAB_PYTHON_IMAGE"])
        (self.root / "Dockerfile").write_text(dockerfile)

    def edit(self) -> None:
        """Change a line of code."""
        with (self.root / "src/app/main.py").open("a") as file:
            file.write(f"# {secrets.token_hex(8)}\n")

    def deploy(self, **environment: str) -> float:
        """Seconds of a deploy."""
        command = [sys.executable, "-m", "lambda_fast_deploy", "deploy"]
        variables = {**os.environ, "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"], **environment}
        return seconds(command, self.root, **variables)

    def after_edit(self, **environment: str) -> float:
        """Seconds of a deploy after a line of code has changed."""
        self.edit()
        return self.deploy(**environment)

    def bare(self, code: dict[str, Any]) -> float:
        """Seconds of an update to some code, the wait for it, and the first invocation."""
        begun = time.monotonic()
        self._api.update_function_code(FunctionName=self.name, **code)
        while self._api.get_function_configuration(FunctionName=self.name)["LastUpdateStatus"] == "InProgress":
            time.sleep(0.05)
        self._api.invoke(FunctionName=self.name)["Payload"].read()
        return time.monotonic() - begun

    @property
    def uri(self) -> str:
        return str(self._api.get_function(FunctionName=self.name)["Code"]["ResolvedImageUri"])

    def zipped(self) -> bytes:
        self.edit()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in sorted((self.root / "src").rglob("*.py")):
                archive.write(path, str(path.relative_to(self.root / "src")))
        return buffer.getvalue()
if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as f:
        image, zipped = Twin(Path(f), IMAGE), Twin(Path(f), ZIP)
        print("first", image.deploy(), zipped.deploy())
        for pace, update in ((0.0, UPDATE), (0.04, 2.0)):
            with paced(request=pace, update=update):
                rows = []
                image.after_edit(); zipped.after_edit()
                for _ in range(5):
                    a = image.after_edit(DOCKER_HOST="unix:///nowhere")
                    b = zipped.after_edit()
                    u1 = image.uri; image.deploy
                    # bare of the image: to the version before and back
                    image.edit(); image.deploy(); u2 = image.uri
                    image.bare({"ImageUri": u1})
                    c = image.bare({"ImageUri": u2})
                    d = zipped.bare({"ZipFile": zipped.zipped()})
                    zipped.deploy()
                    rows.append((a, b, c, d, (a - c) / (b - d)))
                    print(pace, *(f"{x:.2f}" for x in rows[-1]), flush=True)
                print("median", statistics.median(r[-1] for r in rows), "plain", statistics.median(r[0]/r[1] for r in rows))
