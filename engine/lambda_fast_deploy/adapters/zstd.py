"""Zstandard by the library of this machine; Python has it from 3.14 on.

Linux distributions have it because their package managers use it. Source: zstd.h of zstd 1.4 and
later, ``ZSTD_decompressStream``.
"""

from __future__ import annotations

import ctypes
import io
from ctypes.util import find_library
from functools import lru_cache

from lambda_fast_deploy.errors import Refused

_NAMES = ("libzstd.so.1", "libzstd.1.dylib")


class _Buffer(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("at", ctypes.c_size_t),
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    for name in (*_NAMES, find_library("zstd")):
        try:
            library = ctypes.CDLL(name) if name else None
        except OSError:
            continue
        if library is not None:
            library.ZSTD_createDStream.restype = ctypes.c_void_p
            library.ZSTD_freeDStream.argtypes = (ctypes.c_void_p,)
            library.ZSTD_decompressStream.restype = ctypes.c_size_t
            library.ZSTD_decompressStream.argtypes = (
                ctypes.c_void_p,
                ctypes.POINTER(_Buffer),
                ctypes.POINTER(_Buffer),
            )
            library.ZSTD_isError.argtypes = (ctypes.c_size_t,)
            return library
    return None


def is_available() -> bool:
    """Whether this machine can read it."""
    return _library() is not None


class ZstdReader(io.RawIOBase):
    """The uncompressed bytes of a whole compressed text.

    Raises:
        Refused: on reading, if it is damaged.
    """

    def __init__(self, content: bytes) -> None:
        library = _library()
        assert library is not None
        self._library = library
        self._stream = ctypes.c_void_p(library.ZSTD_createDStream())
        self._content = ctypes.create_string_buffer(content, len(content))
        self._input = _Buffer(ctypes.addressof(self._content), len(content), 0)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; 0 at the end."""
        space = (ctypes.c_char * len(target)).from_buffer(target)
        out = _Buffer(ctypes.addressof(space), len(target), 0)
        while not out.at:
            rest = self._library.ZSTD_decompressStream(
                self._stream, ctypes.byref(out), ctypes.byref(self._input)
            )
            if self._library.ZSTD_isError(rest):
                raise Refused("a layer is damaged, or not in the format of zstd")
            if not out.at and self._input.at == self._input.size:
                break
        return int(out.at)

    def close(self) -> None:
        """Free its memory."""
        if not self.closed:
            self._library.ZSTD_freeDStream(self._stream)
        super().close()
