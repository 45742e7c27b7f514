"""What a run reads of the SDK's models."""

from __future__ import annotations

import os
from pathlib import Path

import botocore.loaders
import pytest

from lambda_fast_deploy.adapters.aws.connection import Connection
from tests.unit.make import REGION


def test_clients_read_the_folders_of_their_own_services_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = Connection()
    found: list[Path] = []
    listed = os.listdir

    def listdir(folder: str) -> list[str]:
        found.append(Path(folder))
        return listed(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    connection.client("lambda", REGION)
    connection.client("s3", REGION)
    data = Path(botocore.loaders.Loader.BUILTIN_DATA_PATH)
    assert {folder for folder in found if data in folder.parents} == {data / "lambda", data / "s3"}
    assert REGION in connection.regions()
