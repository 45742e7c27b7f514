"""Runs the users' own build commands, each once for all functions, layers and regions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from lambda_fast_deploy.adapters.environment import VARIABLES, for_builds
from lambda_fast_deploy.adapters.files import is_directory
from lambda_fast_deploy.adapters.parallel import OncePerKey
from lambda_fast_deploy.adapters.process import run
from lambda_fast_deploy.config.code_sources import is_archive
from lambda_fast_deploy.errors import BuildFailed
from lambda_fast_deploy.fingerprints.fingerprints import still
from lambda_fast_deploy.models import (
    Action,
    Archive,
    BuildCommand,
    FolderLayer,
    Function,
    Layer,
    Step,
    ZipSource,
)
from lambda_fast_deploy.run_log import RunLog


class CommandBuilds:
    """The build commands of one run. One runs at a time: they write to the same checkout."""

    def __init__(self, run_log: RunLog) -> None:
        self._run_log = run_log
        self._lock = threading.Lock()
        self._done: OncePerKey[tuple[Path, tuple[str, ...], tuple[str, ...]], None] = OncePerKey()
        self._archives: OncePerKey[str, Archive] = OncePerKey()

    def archive(self, function: Function, step: Step, planned: str, *, fits: bool) -> Archive:
        """The zip of a function whose code is built, in any region.

        Args:
            function: the function.
            step: the step of its code, for the log.
            planned: the fingerprint of its sources and packages in the plan.
            fits: whether a zip of any size can be deployed.

        Raises:
            BuildFailed: the command failed, made nothing, or changed its own sources; or they
                have changed since the plan.
        """
        from lambda_fast_deploy.fingerprints.code import build_fingerprint, zip_of_code

        source = function.source
        assert isinstance(source, ZipSource)
        what = f"the code of {function.name}"

        def fingerprint() -> str:
            assert isinstance(source, ZipSource)
            return build_fingerprint(source, function.architecture)

        def built() -> Archive:
            assert isinstance(source, ZipSource)
            if source.build:
                self._run(source.build, what, source.code, step, planned, fingerprint)
            if source.packages is None:
                return zip_of_code(source, fits=fits)
            zipped = self._with_packages(source, source.packages, step)
            still(what, planned, fingerprint)
            return zipped

        return self._archives.get(function.name, built)[0]

    def _with_packages(self, source: ZipSource, packages: Layer, step: Step) -> Archive:
        from lambda_fast_deploy.fingerprints.code import zip_of_code
        from lambda_fast_deploy.packaging.layers.layer_build import build_layer
        from lambda_fast_deploy.packaging.packages_in_code import with_packages

        def tell(line: str) -> None:
            self._run_log.cancellation.check()
            self._run_log.progress(step.id, line, step.region)

        built = build_layer(packages, tell)
        for note in built.notes:
            self._run_log.note(note)
        installed = built.parts[packages.name].archive.content
        return with_packages(installed, zip_of_code(source))

    def layer(self, layer: FolderLayer, step: Step) -> None:
        """Build the folder of a layer, if it has a command.

        Raises:
            BuildFailed: as for ``archive``.
        """
        from lambda_fast_deploy.fingerprints.layers.fingerprint import of_layer

        if layer.build:
            what = f"layer {layer.name}"
            planned, outputs = step.fingerprint, (layer.code,)
            self._run(layer.build, what, outputs, step, planned, lambda: of_layer(layer))

    def _run(
        self,
        build: BuildCommand,
        what: str,
        outputs: tuple[Path, ...],
        step: Step,
        planned: str,
        fingerprint: Callable[[], str],
    ) -> None:
        def work() -> None:
            still(what, planned, fingerprint)
            name = f"build:{step.subject}"
            with self._run_log.work(name, Action.BUILD, " ".join(build.command), step.region):
                run(
                    build.command,
                    what=f"the build of {what}",
                    environment=for_builds(*build.variables),
                    on_line=lambda line: self._run_log.progress(name, line, step.region),
                    hidden=[value for each in build.variables if (value := VARIABLES.get(each))],
                    beat=self._run_log.cancellation.check,
                    cwd=build.root,
                )
            if fingerprint() != planned:
                raise BuildFailed(
                    f"the build of {what} changed its own sources, so that its next run would "
                    "differ",
                    remedy="Let the command write to other files, or name its sources under from.",
                )

        with self._lock:
            self._done.get((build.root, build.command, build.variables), work)
        for path in outputs:
            if not (is_directory(path) or is_archive(path)):
                raise BuildFailed(
                    f"the build of {what} made no {path.name!r}",
                    remedy=f"Correct code, or let the command write {path}.",
                )
