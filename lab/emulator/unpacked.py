"""How Lambda unpacks zips: links stay links.

Told by users of pnpm (issue 6259 of pnpm/pnpm, issue 2045 of microsoft/rushstack), whose
``zip --symlinks`` Lambda runs; MiniStack writes a file with the link's target in it.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path


class Unpacked(zipfile.ZipFile):
    """A zip that is unpacked with its links."""

    def extractall(
        self,
        path: str | os.PathLike[str] | None = None,
        members: Iterable[str | zipfile.ZipInfo] | None = None,
        pwd: bytes | None = None,
    ) -> None:
        super().extractall(path, members, pwd)
        for info in self.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                file = Path(path or ".", info.filename)
                target = file.read_text(encoding="utf-8")
                file.unlink()
                file.symlink_to(target)
