"""What zips raise that are damaged, or that Python cannot unpack."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

# Python's zipfile documents only the first; the others come from its decompressors, from offsets
# outside of the file, from methods and versions that it does not have, and from empty names.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    IndexError,
)
