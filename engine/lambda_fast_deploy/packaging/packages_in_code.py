"""The zip of code with the packages of its requirements next to it, as pip install --target."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile

from lambda_fast_deploy.models import Archive

_COMPILED = re.compile(r"(.*/)?(?:__pycache__/([^/.]+)\.[^/]*|([^/.]+))\.pyc")  # PEP 3147


def with_packages(installed: bytes, own: Archive, prefix: str = "") -> Archive:
    """One zip of installed packages and of own files, which take precedence.

    Args:
        installed: the zip of a layer with the packages, below python/ or nodejs/.
        own: the zip of the own files.
        prefix: added in front of the name of each file of a package.
    """
    entries: dict[str, tuple[zipfile.ZipInfo, bytes]] = {}
    with zipfile.ZipFile(io.BytesIO(installed)) as zipped:
        for info in zipped.infolist():
            name = prefix + info.filename.partition("/")[2]
            entries[name] = (info, zipped.read(info))
    with zipfile.ZipFile(io.BytesIO(own.content)) as zipped:
        names = set(zipped.namelist())
        # Otherwise Python would run the bytecode of an installed module in place of the own module.
        entries = {name: each for name, each in entries.items() if _module(name) not in names}
        for info in zipped.infolist():
            entries[info.filename] = (info, zipped.read(info))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name in sorted(entries):
            info, data = entries[name]
            copy = zipfile.ZipInfo(name, info.date_time)
            copy.create_system, copy.external_attr = info.create_system, info.external_attr
            copy.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(copy, data)
    content = buffer.getvalue()
    sha256 = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return Archive(content, sha256, sum(len(data) for _, data in entries.values()))


def _module(compiled: str) -> str:
    """The source of a compiled file of this name; empty for another file."""
    if match := _COMPILED.fullmatch(compiled):
        return f"{match[1] or ''}{match[2] or match[3]}.py"
    return ""
