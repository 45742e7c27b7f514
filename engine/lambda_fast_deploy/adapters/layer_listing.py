"""The entries of a layer in a registry."""

from __future__ import annotations

import io
import tarfile
import zlib
from typing import IO, cast

from lambda_fast_deploy.adapters import zstd
from lambda_fast_deploy.errors import Refused
from lambda_fast_deploy.models.image_layers import EntryKind, Layer, LayerEntry

_ENTRIES = 1_000_000
_KINDS: dict[bytes, EntryKind] = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link"}


def entries_of(content: bytes, media_type: str) -> Layer:
    """The entries of a layer.

    Args:
        content: the layer, as the registry has it.
        media_type: its media type.

    Raises:
        Refused: it is damaged, or this machine cannot read its compression.
    """
    entries: dict[str, LayerEntry] = {}
    is_zstd = media_type.endswith("zstd")
    if is_zstd and not zstd.is_available():
        raise Refused("a layer is compressed with zstd, which this machine has no library for")
    raw = zstd.ZstdReader(content) if is_zstd else io.BytesIO(content)
    mode = "r|gz" if media_type.endswith("gzip") else "r|"
    try:
        with raw, tarfile.open(fileobj=cast(IO[bytes], raw), mode=mode) as tar:  # type: ignore[call-overload]
            for info in tar:
                if len(entries) == _ENTRIES:
                    raise Refused(f"a layer has more than {_ENTRIES:,} entries")
                kind = _KINDS.get(info.type, "file")
                path = info.name.strip("/").removeprefix("./")
                entries[path] = LayerEntry(kind, (info.uid, info.gid), info.mode)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise Refused(f"a layer cannot be read: {error}") from None
    return entries
