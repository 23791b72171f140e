"""A folder that is watched: a file in it is reported once it has stopped growing."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SETTLED_SECONDS = 3.0
"""Seconds for which a file must not change before it is taken for whole.

A program that copies a file writes to it several times a second. If it pauses for longer, the file
is taken too early, fails as truncated, and is reported again once it has grown.
"""
UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")
"""Endings that browsers and copying programs give to files that are not whole yet."""


class _Look(NamedTuple):
    """The state of a file when it was looked at; another state means another content."""

    size: int  # bytes
    changed: int  # ns, its time of modification
    file: int  # the inode: it differs if the file was replaced


class _Seen(NamedTuple):
    look: _Look
    since: float  # s on the clock, when this state was first seen
    is_told: bool  # whether the file was reported in this state


class FolderWatch:
    """Finds new files in a folder whenever ``look`` is called; it does not look into sub-folders.

    Hidden files are ignored, and so are files that a browser is still writing and everything that
    is not a regular file.

    Args:
        folder: the folder that is watched.
        settled: seconds for which a file must not change, 0 or more.
        clock: returns the time [s] on a clock that does not go back.
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
        """Return the files that have stopped changing, sorted by name, each once for every change.

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
            except OSError:  # it was just removed, or is a broken link
                continue
            if stat.S_ISREG(found.st_mode):
                looks[entry.name] = _Look(found.st_size, found.st_mtime_ns, found.st_ino)
    return looks
