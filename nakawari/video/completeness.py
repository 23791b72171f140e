"""Whether a file is complete: a demuxer stops without an error where a truncated file ends."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from nakawari.errors import UserError

# Containers whose header says how long the clip is; others only estimate it from what is there.
DECLARING_FORMATS = {"mov", "matroska", "avi", "flv"}
# Those that count from the first time stamp. Matroska counts from 0, wherever the clip begins.
COUNTS_FROM_FIRST = {"mov"}
TOLERANCE = Fraction(1, 2)  # s; headers round, and a last frame's duration is often left out


def check_size(container: InputContainer, path: Path) -> None:
    """Raise ``UserError`` if the index points past the end of the file (MP4, MOV)."""
    if "mov" not in container.format.name.split(","):
        return
    size = path.stat().st_size
    for stream in container.streams:
        entries = stream.index_entries
        if len(entries) == 0:
            continue
        last = entries[len(entries) - 1]
        if last.pos + last.size > size:
            raise UserError(
                f"{path} is truncated: its index needs {last.pos + last.size} bytes, the file has "
                f"{size}; copy or download it again"
            )


def check_length(container: InputContainer, path: Path, reached: Fraction) -> None:
    """Raise ``UserError`` if the streams ended well before the declared duration.

    Args:
        container: the input, read to its end.
        path: its name, for the message.
        reached: where the longest stream ended, on the container's clock [s]. All streams count,
            because the declared duration covers subtitles and data too.
    """
    names = set(container.format.name.split(","))
    if not DECLARING_FORMATS & names or not container.duration:
        return
    start = Fraction(0)
    if COUNTS_FROM_FIRST & names:
        start = Fraction(container.start_time or 0, av.time_base)
    declared = start + Fraction(container.duration, av.time_base)
    if reached + TOLERANCE < declared:
        raise UserError(
            f"{path} is truncated: it ends after {float(reached - start):.2f} s of "
            f"{float(declared - start):.2f} s; copy or download it again"
        )
