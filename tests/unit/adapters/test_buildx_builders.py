"""The builder of buildx, by a ``docker`` that notes how it was called and plays its answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lambda_fast_deploy.adapters import buildx_builders
from lambda_fast_deploy.adapters.buildx import Buildx
from lambda_fast_deploy.adapters.buildx_builders import IMAGES, OWN, BuildxBuilder, chosen
from lambda_fast_deploy.adapters.docker_engine import Docker
from lambda_fast_deploy.errors import BuildFailed, Cancelled

# Plays buildx with a folder for its state: a file for each builder, which holds its image.
DOCKER = """\
#!/bin/sh
echo "$@" >> "$STATE/calls"
case "$2 $3" in
"inspect --bootstrap")
    image=$(cat "$STATE/builders/$4") || { echo "ERROR: no builder \\"$4\\" found"; exit 1; }
    for refused in $(cat "$STATE/refused"); do
        case "$image" in $refused*)
            echo "#1 [internal] booting buildkit"
            echo "ERROR: Error response from daemon: toomanyrequests: $refused limits pulls"
            exit 1 ;;
        esac
    done
    touch "$STATE/started" ;;
"inspect "*) printf 'Name: default\\nDriver: docker\\nNodes:\\n' ;;
"create "*)
    name=${3#--name=}
    [ -e "$STATE/builders/$name" ] && { echo "ERROR: existing instance for \\"$name\\""; exit 1; }
    echo "${5#--driver-opt=image=}" > "$STATE/builders/$name" ;;
"rm "*) rm "$STATE/builders/$3" ;;
"ls "*) cat "$STATE/list" ;;
esac
"""
CREATE = f"buildx create --name={OWN} --driver=docker-container --driver-opt=image="
START = f"buildx inspect --bootstrap {OWN}"
REMOVE = f"buildx rm {OWN}"
HUB, MIRROR = IMAGES


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of a machine's buildx, behind the ``docker`` on PATH."""
    folder = tmp_path / "state"
    (folder / "builders").mkdir(parents=True)
    for name in ("calls", "refused", "list"):
        (folder / name).touch()
    program = tmp_path / "bin/docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("STATE", str(folder))
    monkeypatch.delenv("BUILDX_BUILDER", raising=False)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    return folder


def engine(*, containerd: bool = False) -> Docker:
    """A Docker engine with one of the two image stores."""
    return cast(Docker, SimpleNamespace(has_containerd_store=containerd))


def calls(state: Path) -> list[str]:
    return (state / "calls").read_text().splitlines()


def refuse(state: Path, *hosts: str) -> None:
    (state / "refused").write_text(" ".join(hosts))


def nothing() -> None:
    """A beat that cancels nothing."""


def test_the_builder_is_created_by_exactly_these_commands(state: Path) -> None:
    buildx_builders.start(nothing)
    assert calls(state) == [CREATE + HUB, START]
    assert HUB == (
        "docker.io/moby/buildkit:v0.32.2@sha256:"
        "28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8"
    )
    assert MIRROR.partition("/")[2] == HUB.partition("/")[2]


def test_a_builder_of_an_earlier_run_is_started_again(state: Path) -> None:
    (state / "builders" / OWN).write_text(HUB)
    buildx_builders.start(nothing)
    assert calls(state) == [CREATE + HUB, START]
    assert (state / "started").exists()


def test_a_mirror_has_the_image_if_docker_hub_limits_pulls(state: Path) -> None:
    refuse(state, "docker.io")
    buildx_builders.start(nothing)
    assert calls(state) == [CREATE + HUB, START, REMOVE, CREATE + MIRROR, START]


def test_the_engine_builds_if_no_place_has_the_image(state: Path) -> None:
    refuse(state, "docker.io", "mirror.gcr.io")
    buildx = Buildx(engine(), "", print)
    assert buildx.builder == BuildxBuilder(OWN, "docker-container", True, instead_of="default")
    buildx.start(nothing)
    assert buildx.builder == BuildxBuilder("default", "docker", exports=False)
    assert buildx.builder_trouble == (
        f"Builder {OWN} cannot be started: "
        "Error response from daemon: toomanyrequests: docker.io limits pulls"
    )
    one_round = [CREATE + HUB, START, REMOVE, CREATE + MIRROR, START, REMOVE]
    begun = len(calls(state))
    assert calls(state)[-12:] == one_round * 2
    buildx.start(nothing)
    assert len(calls(state)) == begun  # it is not tried again


def test_two_builds_start_it_once(state: Path) -> None:
    buildx = Buildx(engine(), "", print)
    buildx.begin(nothing)
    buildx.start(nothing)
    assert buildx.builder == BuildxBuilder(OWN, "docker-container", exports=True)
    assert calls(state).count(START) == 1


def test_a_cancelled_run_does_not_start_it(state: Path) -> None:
    (state / "builders" / OWN).write_text(HUB)
    program = Path(os.environ["PATH"].partition(os.pathsep)[0], "docker")
    program.write_text(DOCKER.replace("    image=", "    sleep 60; image="))

    def beat() -> None:
        raise Cancelled("the run was cancelled")

    with pytest.raises(Cancelled):
        buildx_builders.start(beat)
    assert not (state / "started").exists()


def test_what_buildx_cannot_do_is_the_cause(state: Path) -> None:
    program = Path(os.environ["PATH"].partition(os.pathsep)[0], "docker")
    program.write_text("#!/bin/sh\necho 'ERROR: failed to find driver'; exit 1\n")
    with pytest.raises(BuildFailed, match="cannot be started: failed to find driver"):
        buildx_builders.start(nothing)


def listed(name: str, driver: str, status: str) -> str:
    return json.dumps({"Name": name, "Driver": driver, "Nodes": [{"Status": status}]})


ENGINE = listed("default", "docker", "running")


@pytest.mark.parametrize(
    ("named", "containerd", "others", "expected"),
    [
        ("", False, "", OWN),
        ("", True, "", "default"),  # it can write caches
        ("default", False, "", "default"),  # the user's choice
        ("", False, listed("ci", "docker-container", "running"), "ci"),
        ("", False, listed("ci", "docker-container", "inactive"), OWN),
        ("", True, listed("k8s", "kubernetes", "running"), "k8s"),
    ],
)
def test_a_builder_is_created_only_if_none_can_write_caches(
    state: Path, named: str, containerd: bool, others: str, expected: str
) -> None:
    (state / "list").write_text("\n".join(filter(None, (ENGINE, others))))
    builder = chosen(named, engine(containerd=containerd))
    assert builder
    assert builder.name == expected
    assert bool(builder.instead_of) is (expected == OWN)
    assert not any("create" in call for call in calls(state))  # before a build needs it


def test_a_builder_set_by_its_variable_is_the_users_choice(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILDX_BUILDER", "default")
    (state / "list").write_text(listed("ci", "docker-container", "running"))
    assert chosen("", engine()) == BuildxBuilder("default", "docker", exports=False)
