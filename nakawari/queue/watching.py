"""A folder that is watched: its files are told once they have stopped growing."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SETTLED_SECONDS = 3.0
"""Seconds for which a file must not change before it is taken for whole.

What copies a file writes to it several times a second. One that pauses for longer is taken too
early, fails as truncated, and is told again once it has grown.
"""
UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")
"""Endings by which browsers and copying programs name what is not whole yet."""


class _Look(NamedTuple):
    """How a file was."""

    size: int  # bytes
    changed: int  # ns, its time of modification
    file: int  # the inode: a file that was replaced is another


class _Seen(NamedTuple):
    look: _Look
    since: float  # s on the clock
    is_told: bool


class FolderWatch:
    """Looks into a folder when it is asked to; folders within it are not looked into.

    Hidden files and those that a browser still writes are passed over, and so is what is no file.

    Args:
        folder: that is watched.
        settled: seconds for which a file must not change, 0 or more.
        clock: seconds, on a clock that does not go back.
    """

    def __init__(
        self,
        folder: Path,
        settled: float = SETTLED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._settled = settled
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def look(self) -> list[Path]:
        """Return the files that have come to rest, by name, each once for every content it had.

        Raises ``OSError`` if the folder cannot be read.
        """
        now = self._clock()
        looks = _looks(self._folder)
        settled = []
        seen = {}
        for name in sorted(looks):
            before = self._seen.get(name)
            if before is None or before.look != looks[name]:
                before = _Seen(looks[name], now, is_told=False)
            if not before.is_told and now - before.since >= self._settled:
                settled.append(self._folder / name)
                before = before._replace(is_told=True)
            seen[name] = before
        self._seen = seen
        return settled


def _looks(folder: Path) -> dict[str, _Look]:
    looks = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                continue
            try:
                found = entry.stat()
            except OSError:  # it has just gone, or leads nowhere
                continue
            if stat.S_ISREG(found.st_mode):
                looks[entry.name] = _Look(found.st_size, found.st_mtime_ns, found.st_ino)
    return looks
