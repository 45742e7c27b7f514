"""Checks that the packages of a Node.js layer load, if this machine has the target's Node."""

from __future__ import annotations

import json
import platform
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lambda_fast_deploy.adapters.environment import for_tools
from lambda_fast_deploy.adapters.process import output_of, output_within
from lambda_fast_deploy.models import Layer

TIMEOUT = 120  # seconds
_SHOWN = 5
_CPU = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

# Next to node_modules, so that names resolve as in a handler. Packages without an entry point, such
# as types or programs, are skipped.
_SCRIPT = """
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const [report, ...names] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const failed = {};
for (const name of names) {
  const folder = new URL(`node_modules/${name}/`, import.meta.url);
  const about = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  if (!about.main && !about.exports && !existsSync(new URL('index.js', folder))) continue;
  try {
    await import(name);
  } catch (error) {
    try {
      require(name);
    } catch (other) {
      if (other.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') continue;
      failed[name] = String((error && error.message) || error).split('\\n')[0];
    }
  }
}
writeFileSync(report, JSON.stringify(failed));
process.exit(0);
"""


def why_not(layer: Layer) -> str:
    """Why the packages of a layer cannot be tested on this machine, or ``""``."""
    if _CPU.get(platform.machine()) != layer.architecture:
        return f"this machine is {platform.machine()}"
    says = output_of(["node", "--version"], Path("/"), 30, for_tools()) or ""
    if not says.startswith(f"v{layer.runtime.version}."):
        return f"there is no {layer.runtime} on this machine"
    return ""


def notes(layer: Layer, root: Path, names: Iterable[str]) -> list[str]:
    """Notes about packages that cannot be loaded.

    Args:
        layer: the layer of the packages.
        root: the folder that has ``node_modules``.
        names: the packages in it.
    """
    if reason := why_not(layer):
        return [f"Layer {layer.name} was not tested by loading its packages: {reason}."]
    failed = failures(root, sorted(names))
    messages = [
        f"Package {name} of layer {layer.name} cannot be loaded: {why}"
        for name, why in list(failed.items())[:_SHOWN]
    ]
    if len(failed) > _SHOWN:
        messages.append(
            f"{len(failed) - _SHOWN} more packages of layer {layer.name} cannot be loaded."
        )
    return messages


def failures(root: Path, names: list[str]) -> dict[str, str]:
    """The packages that cannot be loaded, and why. The process gets no credentials of this run."""
    script = root / "load_packages.mjs"
    script.write_text(_SCRIPT, encoding="utf-8")
    with tempfile.TemporaryDirectory() as nowhere:
        report = Path(nowhere, "report.json")
        try:
            output_within(
                ["node", str(script), str(report), *names],
                Path(nowhere),
                TIMEOUT,
                {"HOME": nowhere, "PATH": for_tools()["PATH"]},
            )
            result: dict[str, str] = json.loads(report.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            return dict.fromkeys(names, f"Node.js ended: {type(error).__name__}")
        finally:
            script.unlink()
    return {name: why.replace(f"{root}/", "") for name, why in result.items()}
