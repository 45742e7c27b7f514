"""What reads input, each with what must be true of it whatever it is given.

The property tests and the coverage-guided runs (``make fuzz``) call the same functions.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from lambda_fast_deploy import __main__ as program
from lambda_fast_deploy.adapters.aws.bucket import Bucket
from lambda_fast_deploy.adapters.aws.session import Aws
from lambda_fast_deploy.config.aws_services import services_of
from lambda_fast_deploy.config.event import flags_in, mistyped, read_event
from lambda_fast_deploy.config.handler import problem_with
from lambda_fast_deploy.config.inputs import GivenInputs
from lambda_fast_deploy.config.loader import load
from lambda_fast_deploy.config.samconfig import read_samconfig
from lambda_fast_deploy.config.toml import parse_toml
from lambda_fast_deploy.errors import Invalid, Problem
from lambda_fast_deploy.fingerprints.file_tree import code_files
from lambda_fast_deploy.fingerprints.images.build_context import content
from lambda_fast_deploy.fingerprints.images.builder_features import links_copies, needs_buildkit
from lambda_fast_deploy.fingerprints.images.dockerfile import read
from lambda_fast_deploy.fingerprints.images.upstream_images import upstreams
from lambda_fast_deploy.fingerprints.layers.local_packages import local_packages
from lambda_fast_deploy.fingerprints.layers.requirements import requirements
from lambda_fast_deploy.models import Event, Settings
from lambda_fast_deploy.models.runtime import Runtime
from lambda_fast_deploy.planning.test_selection import reason_to_skip
from lambda_fast_deploy.stacks.image_requests import images_of
from lambda_fast_deploy.stacks.local_artifacts import parts_of
from lambda_fast_deploy.stacks.package import package, text_of
from lambda_fast_deploy.stacks.parameters import parameters_of
from lambda_fast_deploy.stacks.resources import Resources
from lambda_fast_deploy.stacks.template import read_template

TRIED: Counter[str] = Counter()
LONGEST = 5.0  # seconds of the processor that any case may take, however busy the machine is
ENVIRON = {
    "AWS_REGION": "eu-west-1",
    "GITHUB_SHA": "a" * 40,
    "ROLE": "arn:aws:iam::123456789012:role/lambda",
    "PASSWORD": "correct-horse-battery",
    "EMPTY": "",
    "ODD": "a\x1b[31mb\n::error::c\u202ed\udcff",
}
FILES = {
    "src/app.py": "import boto3\nboto3.client('s3')\ndef handler(event, context): return {}\n",
    "requirements.txt": "idna==3.10\n",
    "package.json": '{"dependencies": {"left": "1"}}',
    "package-lock.json": "{}",
    "Dockerfile.lambda.base": "FROM scratch\n",
    "Dockerfile.lambda": "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY --link src /var/task\n",
    "template.yaml": "Resources: {A: {Type: 'AWS::S3::Bucket'}}\n",
}
_REGIONS = Aws().regions()


def write_project(root: Path) -> None:
    """The files that a configuration can speak of."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@contextmanager
def _case(what: str) -> Iterator[None]:
    TRIED[what] += 1
    begun = time.process_time()
    yield
    assert time.process_time() - begun < LONGEST


def _is_explained(error: Invalid) -> None:
    assert error.exit_code == 2
    assert error.problems
    for problem in error.problems:
        assert problem.message.strip()
        assert problem.place.source
        assert "Traceback" not in problem.message
        assert len(str(problem)) - len(str(problem.place)) < 1100
        if problem.place.source.endswith((".yml", ".yaml")):
            whole = ("does not", "cannot", "is larger")  # than what is read
            assert problem.place.line >= 1 or problem.message.startswith(whole)


def _loaded(root: Path, given: GivenInputs) -> bool:
    try:
        settings = load(given, ENVIRON, Event(), root, lambda: _REGIONS)
    except Invalid as error:
        _is_explained(error)
        return False
    assert isinstance(settings, Settings)
    for _, function in settings.targets:
        for test in function.tests:
            reason_to_skip(test, settings.event, changed=True)
    return True


def configuration(root: Path, text: str | bytes) -> bool:
    """Read a text as ``lambda-deploy.yml``; whether it is a valid one."""
    with _case("configurations"):
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        (root / "lambda-deploy.yml").write_bytes(data)
        return _loaded(root, GivenInputs({}))


def inputs(root: Path, values: Mapping[str, str]) -> bool:
    """Read inputs of a workflow's step; whether they are valid."""
    with _case("inputs"):
        return _loaded(root, GivenInputs({}, values))


def run(root: Path, *arguments: str) -> None:
    """The whole program, on input that is known to be wrong."""
    with _case("runs"):
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(root),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch.dict(os.environ, {k: v for k, v in ENVIRON.items() if k != "ODD"}, clear=True),
            patch.object(sys, "argv", ["lambda-fast-deploy", *arguments]),
        ):
            try:
                code: object = program.main()
            except SystemExit as over:  # argparse's
                code = over.code
        assert code == 2, err.getvalue()
        assert "Traceback" not in err.getvalue() + out.getvalue()
        assert "error: " in err.getvalue()
        assert "\x1b" not in err.getvalue()
        assert ENVIRON["PASSWORD"] not in err.getvalue() + out.getvalue()


def event(root: Path, payload: bytes, environ: Mapping[str, str]) -> None:
    """Read an event."""
    with _case("events"):
        file = root / "event.json"
        file.write_bytes(payload)
        found = read_event({**environ, "GITHUB_EVENT_PATH": str(file)}, root)
        assert isinstance(found, Event)
        assert all(isinstance(getattr(found, name), str) for name in ("commit", "before"))
        assert isinstance(mistyped(found, ["smoke"]), list)


def message(text: str) -> frozenset[str]:
    """Read the flags of a commit message."""
    with _case("messages"):
        found = flags_in(text)
        assert all(flag == flag.lower() and f"[{flag}]" in text.lower() for flag in found)
        return found


def samconfig(root: Path, text: str | bytes) -> None:
    """Read a ``samconfig.toml``."""
    with _case("samconfigs"):
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        (root / "samconfig.toml").write_bytes(data)
        problems: list[Problem] = []
        found = read_samconfig(root, "", problems)
        if problems:
            _is_explained(Invalid(problems))
        assert isinstance(found.stack_name, str)
        (root / "samconfig.toml").unlink()


STACK_FILE = """
stack: {template: template.yaml, name: shop, alarms: {errors: 0, duration: 80%}, log-retention: 30}
artifacts: {bucket: zips}
"""


def template(root: Path, text: str | bytes) -> None:
    """Read a template, and find out what must be built of it."""
    with _case("templates"):
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        (root / "template.yaml").write_bytes(data)
        (root / "lambda-deploy.yml").write_text(STACK_FILE)
        stack = load(GivenInputs({}), ENVIRON, Event(), root, lambda: _REGIONS).stack
        assert stack is not None
        try:
            found = read_template(stack.template)
            resources = Resources(found, stack.parameters)
            parts_of(resources), images_of(resources, stack)
            parameters_of(found, stack, None)
            bucket = Bucket(Aws(), "eu-west-1", "zips")  # which is not asked
            text_of(package(stack, resources, (), bucket, {}).body)
        except Invalid as error:
            _is_explained(error)


def code(root: Path, text: str | bytes) -> None:
    """Read a module for its handler, and for the services that it makes clients of."""
    with _case("modules"):
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        (root / "src" / "app.py").write_bytes(data)
        try:
            assert isinstance(problem_with(root / "src", "app.handler", Runtime("python3.13")), str)
            named, unknown = services_of(root / "src")
            assert all(isinstance(name, str) for name in named)
            assert all(line > 0 for _, line in unknown)
        except Invalid as error:
            _is_explained(error)
        finally:
            (root / "src" / "app.py").write_text(FILES["src/app.py"])


def lock(root: Path, text: str) -> None:
    """Read what tools write in TOML and JSON: a lock, and a package.json."""
    with _case("locks"):
        for read in (parse_toml, lambda text, path: _manifest(root, text)):
            try:
                read(text, root / "poetry.lock")
            except Invalid as error:
                _is_explained(error)


def _manifest(root: Path, text: str) -> None:
    (root / "node").mkdir(exist_ok=True)
    (root / "node" / "package.json").write_text(text)
    (root / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources: {A: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: node}}}"
    )
    parts_of(Resources(read_template(root / "template.yaml"), {}))


def files(root: Path, name: str, text: str | bytes) -> None:
    """Read a Dockerfile, requirements or an ignore file."""
    with _case("files"):
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        before = FILES.get(name)
        (root / name).write_bytes(data)
        try:
            for read in READERS[name]:
                try:
                    read(root, name)
                except Invalid as error:
                    _is_explained(error)
        finally:
            (root / name).write_text(before) if before else (root / name).unlink()


def _dockerfile(root: Path, name: str) -> None:
    text = (root / name).read_text(encoding="utf-8", errors="replace")
    needs_buildkit(read(text), {}), links_copies(read(text)), upstreams(text, {})


def _as_toml(root: Path, name: str) -> None:
    """Read the same text as a project's and as its lock's."""
    for which in ("pyproject.toml", "uv.lock"):
        (root / which).write_bytes((root / name).read_bytes())
        try:
            local_packages(root / "pyproject.toml")
        finally:
            (root / "uv.lock").unlink(missing_ok=True)
    (root / "pyproject.toml").unlink()


READERS: dict[str, tuple[Callable[[Path, str], object], ...]] = {
    "Dockerfile.lambda": (_dockerfile, lambda root, name: content(root, root / name, {})),
    "requirements.txt": (
        lambda root, name: requirements(root / name),
        lambda root, name: local_packages(root / name),
        lambda root, name: _as_toml(root, name),
    ),
    ".dockerignore": (lambda root, _: content(root, root / "Dockerfile.lambda", {}),),
    "src/.lambdaignore": (lambda root, _: code_files(root / "src"),),
}
