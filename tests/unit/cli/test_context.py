"""Where a command may be started."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_fast_deploy.cli.context import _check_workspace
from lambda_fast_deploy.errors import Invalid


def test_a_working_directory_that_a_link_leads_away_is_refused(tmp_path: Path) -> None:
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    (workspace / "service").mkdir(parents=True)
    elsewhere.mkdir()
    (workspace / "led-away").symlink_to(elsewhere)
    environ = {"GITHUB_WORKSPACE": str(workspace)}
    for inside in (workspace, workspace / "service"):
        _check_workspace(inside, environ)
    for outside in (workspace / "led-away", elsewhere, tmp_path):
        with pytest.raises(Invalid, match="working-directory: is outside the workspace"):
            _check_workspace(outside, environ)
        _check_workspace(outside, {})
