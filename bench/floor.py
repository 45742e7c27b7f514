"""The floor: the least that boto3 can do for a code-only deploy; a program of its own.

``python -m bench.floor FUNCTION DIRECTORY``: zip, one GetFunction, compare; that is all when
nothing changed. Else update the code and ask every 0.1 s until the update is in effect. No
version, no alias, no test.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import time
import zipfile
from pathlib import Path

import boto3


def main(function: str, directory: str) -> None:
    """Deploy the directory's files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path in sorted(Path(directory).rglob("*.py")):
            info = zipfile.ZipInfo(path.relative_to(directory).as_posix(), (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            zipped.writestr(info, path.read_bytes())
    content = buffer.getvalue()
    client = boto3.client("lambda")
    found = client.get_function(FunctionName=function)["Configuration"]
    if found["CodeSha256"] == base64.b64encode(hashlib.sha256(content).digest()).decode():
        return
    client.update_function_code(FunctionName=function, ZipFile=content)
    while True:
        found = client.get_function_configuration(FunctionName=function)
        if found["LastUpdateStatus"] != "InProgress":
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
