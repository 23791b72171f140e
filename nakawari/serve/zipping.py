"""A folder as a ZIP file, made while it is sent: it is neither in memory nor on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

CHUNK = 2**20  # bytes of a file that are read at once


class _Pipe(RawIOBase):
    """Takes what is written, and hands it on."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        """Say that it can be written to, and that there is no way back in it."""
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        """Take some bytes."""
        self._written += content
        return len(content)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        content = bytes(self._written)
        self._written.clear()
        return content


def zipped(folder: Path) -> Iterator[bytes]:
    """Yield the bytes of a ZIP file that has the folder with its files in it.

    They are stored as they are: pictures are compressed already.
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
