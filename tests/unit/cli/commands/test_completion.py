"""Scripts by which shells complete what is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lambda_fast_deploy.cli.commands import COMMANDS
from lambda_fast_deploy.cli.commands.completion import SHELLS


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The completion script of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        made = subprocess.run(
            [sys.executable, "-m", "lambda_fast_deploy", "completion", shell],
            capture_output=True,
            check=True,
        )
        (folder / shell).write_bytes(made.stdout)
    return {shell: folder / shell for shell in SHELLS}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sta", "status"),
        ("deploy --mem", "--memory"),
        ("layers rollb", "rollback"),
        ("layers prune --dry", "--dry-run"),
        ("deploy --config lambda-d", "lambda-deploy.yml"),
        ("completion z", "zsh"),
    ],
)
def test_bash_completes_commands_options_and_files(
    typed: str, offered: str, scripts: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "lambda-deploy.yml").touch()
    script = """
        source "$1"; shift
        COMP_WORDS=(lambda-fast-deploy "$@"); COMP_CWORD=$#
        COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}
        $(complete -p lambda-fast-deploy | grep -o -- '-F [^ ]*' | cut -c4-)
        echo "${COMPREPLY[*]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(scripts["bash"]), *typed.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{offered}\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_has_a_script_that_knows_the_commands(
    shell: str, scripts: dict[str, Path]
) -> None:
    text = scripts[shell].read_text()
    assert all(name in text for name in COMMANDS)
    assert "--health-payload" in text or "health-payload" in text
