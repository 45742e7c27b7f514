"""Layers of a folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from lambda_fast_deploy.models import FolderLayer
from lambda_fast_deploy.packaging.layers.folder import build_folder


def test_a_link_into_another_layer_stays_one(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/tool").write_text("tool")
    (tmp_path / "bin/other").symlink_to("/opt/lib/other")
    part = build_folder(FolderLayer("tools", tmp_path)).parts["tools"]
    assert part.sizes == {"bin": 4}
    with zipfile.ZipFile(io.BytesIO(part.archive.content)) as zipped:
        assert zipped.read("bin/other") == b"/opt/lib/other"
