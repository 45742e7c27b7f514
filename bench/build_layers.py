"""Builds the layers of a lambda-deploy.yml and publishes none; a program of its own.

``python -m bench.build_layers``, in the directory of that file.
"""

from __future__ import annotations

import os
from pathlib import Path

from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.models import Event, Layer
from lambda_fast_deploy.packaging.layers.layer_build import build_layer


def layers(directory: Path) -> list[Layer]:
    """The layers that a directory's lambda-deploy.yml describes."""
    region = frozenset({os.environ["AWS_REGION"]})
    environ = {**os.environ, "LAMBDA_ROLE": os.environ["LAB_ROLE_ARN"]}
    settings = load(GivenInputs({}), environ, Event(), directory, lambda: region)
    return [layer for layer in settings.layers.values() if isinstance(layer, Layer)]


if __name__ == "__main__":
    for layer in layers(Path.cwd()):
        build_layer(layer)
