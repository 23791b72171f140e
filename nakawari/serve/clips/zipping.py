"""A folder as a ZIP file that is made while it is sent: it is neither in memory nor on disk."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

CHUNK = 2**20  # bytes of a file that are read at once


class _Pipe(RawIOBase):
    """Collects the bytes that are written to it, until they are taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """Return ``True``: it can be written to, but it cannot seek."""
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        """Take some bytes."""
        self._written += content
        return len(content)

    def taken(self) -> bytes:
        """Return the bytes that were written since the last call."""
        content = bytes(self._written)
        self._written.clear()
        return content


def zipped(folder: Path) -> Iterator[bytes]:
    """Yield the bytes of a ZIP file that contains the folder with its files.

    The files are stored without compression, because pictures are compressed already.
    """
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_STORED) as archive:
        for file in sorted(folder.iterdir()):
            with (
                file.open("rb") as source,
                archive.open(f"{folder.name}/{file.name}", "w", force_zip64=True) as packed,
            ):
                while content := source.read(CHUNK):
                    packed.write(content)
                    yield pipe.taken()
    yield pipe.taken()
