"""GIF whose pictures do not say how long they are shown, so that FFmpeg finds them nevertheless.

FFmpeg takes whatever follows a graphic control extension for one picture. Where pictures have none,
as in files older than GIF89a, it sees only the first of them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

CONTAINER = "gif"
_EXTENSION, _IMAGE = 0x21, 0x2C  # the first bytes of a block
_CONTROL = 0xF9  # the second byte of a graphic control extension
# A control extension that states no time; FFmpeg, as browsers, shows such a picture for 0.1 s.
_NO_DELAY = b"\x21\xf9\x04\0\0\0\0\0"


class GifPictures(NamedTuple):
    """How many pictures a GIF has, and what is missing in them."""

    number: int
    timeless: int  # pictures that state no time
    bare: list[int]  # where the pictures begin that have no control extension [byte]


def gif_pictures(path: Path) -> GifPictures:
    """Return what a GIF says of its pictures; those after damage between pictures are left out."""
    number, timeless, bare = 0, 0, list[int]()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        delay: int | None = None
        for block in _blocks(content):
            if content[block] == _EXTENSION:
                if content[block + 1] == _CONTROL:
                    delay = int.from_bytes(content[block + 4 : block + 6], "little")
                continue
            number += 1
            timeless += not delay
            if delay is None:
                bare.append(block)
            delay = None
    return GifPictures(number, timeless, bare)


def _blocks(content: mmap.mmap) -> Iterator[int]:
    """Yield where each extension and picture begins, up to the end or to what is neither."""
    place = 13 + _table_size(content[10]) if len(content) > 10 else len(content)
    try:
        while content[place] in (_EXTENSION, _IMAGE):
            begin = place
            if content[begin] == _EXTENSION:
                place += 2
            else:
                place += 11 + _table_size(content[begin + 9])
            while size := content[place]:
                place += 1 + size
            place += 1
            yield begin
    except IndexError:  # the end is missing
        return


def _table_size(flags: int) -> int:
    """Return the bytes of the table of colours that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def with_controls(path: Path, pictures: GifPictures) -> IO[bytes]:
    """Return a GIF in which each picture has a control extension, as a file without a name."""
    file = TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    with path.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as old:
        place = 0
        for begin in pictures.bare:
            file.write(old[place:begin])
            file.write(_NO_DELAY)
            place = begin
        file.write(old[place:])
    file.seek(0)
    return file
