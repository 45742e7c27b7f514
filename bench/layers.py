"""Building the layer of examples/zip-layers, against pip, uv and the SAM CLI.

Each is a shell script, which the results show as it is run.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

from bench import build_layers
from bench.rounds import FEW, OURS, Against, Way, measure, table
from bench.subject import RUNTIME
from bench.tools import listing, shell
from lab.layout import REPOSITORY
from lambda_fast_deploy.packaging.layers.wheels import platform_of

EXAMPLE = REPOSITORY / "examples/zip-layers"
TEMPLATE = f"""\
Transform: AWS::Serverless-2016-10-31
Resources:
  Dependencies:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: {RUNTIME}}}
    Properties: {{ContentUri: ., CompatibleRuntimes: [{RUNTIME}]}}
"""
ENGINE = "$PYTHON -m bench.build_layers"
PIP = """\
pip install --quiet --target python --python-version {version} --platform {tag}_{machine} \\
  --only-binary=:all: --no-warn-conflicts --requirement requirements.txt
zip -qr layer.zip python"""
UV = """\
uv pip install --quiet --no-config --target python --python-version {version} \\
  --python-platform {machine}-{tag} --only-binary=:all: --requirements requirements.txt"""
SAM = "sam build"


def _build(script: str, *, is_cold: bool = False) -> float:
    """Seconds of a script in a copy of the example; uv's cache is empty when it is cold."""
    with tempfile.TemporaryDirectory() as name:
        example, cache = Path(name, "example"), Path(name, "cache")
        shutil.copytree(EXAMPLE, example)
        (example / "template.yaml").write_text(TEMPLATE)
        return shell(script, example, **({"UV_CACHE_DIR": str(cache)} if is_cold else {}))


def section() -> list[str]:
    """Measure; the section of the results."""
    (layer,) = build_layers.layers(EXAMPLE)
    machine, _, tag = platform_of(layer.runtime, layer.architecture).partition("-")
    version = layer.runtime.removeprefix("python")
    pip, uv = (each.format(version=version, machine=machine, tag=tag) for each in (PIP, UV))
    zipped = f"{uv}\nzip -qr layer.zip python"
    warm = measure(
        Way(OURS, partial(_build, ENGINE)),
        Way("pip and zip", partial(_build, pip), FEW),
        Way("uv and zip", partial(_build, zipped), FEW),
        Way(SAM, partial(_build, SAM), FEW),
    )
    cold = measure(
        Way(OURS, partial(_build, ENGINE, is_cold=True)),
        Way("uv alone", partial(_build, uv, is_cold=True), FEW),
    )
    return [
        "## Layers",
        "",
        "The layer contains the dependencies of "
        "[zip-layers](../examples/zip-layers/requirements.txt). lambda-fast-deploy imports every "
        "module, compiles and zips; pip compiles too; uv only installs. Goals: 5 times as fast as"
        " pip and zip with warm caches, and at most 1.3 times the time of uv with an empty cache."
        " For the latter, `UV_CACHE_DIR` is a new folder each time.",
        "",
        *table(
            "caches warm",
            warm,
            [Against("pip and zip", 1 / 5), Against("uv and zip"), Against(SAM)],
        ),
        "",
        *table("cache empty", cold, [Against("uv alone", 1.3)]),
        "",
        *listing(
            {OURS: ENGINE, "pip and zip": pip, "uv alone": uv, "uv and zip": zipped, SAM: SAM}
        ),
    ]
