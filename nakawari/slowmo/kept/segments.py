"""Drawn frames are kept beside the output until it is whole, so that a killed run can go on.

An encoder that is killed cannot go on where it was. So it is not the output that is kept, but the
pictures that it is made of: without loss, in short segments. A run that goes on hands them to the
encoder again, which takes moments, and draws only the others. So its output is the same, bit for
bit, as that of a run that was never killed, whatever the codec, and segments may end anywhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.video.pictures.lossless import LosslessPacker, unpacked
from nakawari.video.pictures.picture import Picture
from nakawari.whole import hidden_name, lock, lock_folder, write_whole
from nakawari.wording import count

SEGMENT_SECONDS = 10.0
"""Seconds of work after which a segment is finished: a killed run loses no more than that."""
SEGMENT_BYTES = 32_000_000
"""Size [bytes] at which a segment is finished earlier, because it is packed in memory."""
MADE_FROM = "job.json"
NAME = re.compile(r"(\d{9})-(\d{9})-([0-9a-f]{8})\.mkv")


class UnwantedError(Exception):
    """Ends a run whose output nobody wants any more: the frames that it drew are removed."""


class _Segment(NamedTuple):
    """Consecutive output frames in one file."""

    path: Path
    first: int
    end: int  # one after the last

    @property
    def is_whole(self) -> bool:
        """Whether the file is as it was written: a power cut may leave any content in it."""
        found = NAME.fullmatch(self.path.name)
        return found is not None and found[3] == _checksum(self.path.read_bytes())


def kept_folder(output: Path) -> Path:
    """Return the folder of the frames that are kept of an unfinished output."""
    return output.with_name(f"{hidden_name(output)}.kept")


def compared_folder(output: Path) -> Path:
    """Return the folder of the pictures by which takes of an unfinished output were compared."""
    return output.with_name(f"{hidden_name(output)}.compared")


def kept_frames(output: Path) -> int:
    """Return how many frames of an unfinished output are kept."""
    segments = _segments(kept_folder(output))
    return segments[-1].end if segments else 0


class KeptFrames:
    """The frames of one output that an earlier run drew, and those that this run adds.

    Use it as a context manager around the writing of the output. If the block ends normally, all
    kept frames are removed, because the output is there. They are also removed if it ends by
    ``UnwantedError``, or by Ctrl-C unless ``resume`` was asked for. If it ends by another error,
    the frames are kept; without ``resume`` only if at least one segment was finished.

    Raises ``UserError`` if another run is at work on the output. Unless ``overwrite``, it is also
    raised if there are kept frames and ``resume`` was not asked for, or if they were made from
    something else.

    Args:
        output: the file that is made.
        made_from: everything on which the look of the frames depends, as texts by name.
        resume: go on with the frames of an earlier run.
        overwrite: remove frames that cannot be used.
        tell: is given a line for frames that are used, removed or kept.
    """

    def __init__(
        self,
        output: Path,
        made_from: Mapping[str, str],
        *,
        resume: bool = False,
        overwrite: bool = False,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._output = output
        self._made_from = dict(made_from)
        self._resume = resume
        self._tell = tell
        self._folder = kept_folder(output)
        self._descriptor: int | None = None
        self._segments: list[_Segment] = []
        self._packer = LosslessPacker()
        self._packing_since: float | None = None
        if self._folder.is_dir():
            self._lock()
            try:
                self._take_over(overwrite)
            except BaseException:
                self._unlock()
                raise
        self._available = self._segments[-1].end if self._segments else 0
        self._pictures = self._stored()
        self._taken = 0  # of the available frames
        self._added = 0

    def take(self, number: int) -> list[Picture] | None:
        """Return the next ``number`` frames of the output; ``None`` if not all of them are kept."""
        if self._taken + number > self._available:
            self._available = 0  # from here on all is drawn, even frames of this call that are kept
            return None
        self._taken += number
        return list(islice(self._pictures, number))

    def add(self, picture: Picture) -> None:
        """Keep the next frame of the output; one that is kept already is passed over."""
        self._added += 1
        if self._segments and self._added <= self._segments[-1].end:
            return
        if self._packing_since is None:
            self._packing_since = time.monotonic()
        self._packer.add(picture)
        is_due = time.monotonic() - self._packing_since >= SEGMENT_SECONDS
        if is_due or self._packer.size >= SEGMENT_BYTES:
            self._finish_segment()

    def __enter__(self) -> KeptFrames:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        is_stopped = kind is not None and not issubclass(kind, Exception)
        is_over = kind is None or issubclass(kind, UnwantedError)
        try:
            if is_over or (is_stopped and not self._resume):
                self._remove()
                shutil.rmtree(compared_folder(self._output), ignore_errors=True)
                return
            if self._resume or self._segments:
                with suppress(OSError):  # such as a full disk; the user already learns why it ended
                    self._finish_segment()
            if self._segments:
                self._tell(
                    f"{count(self._segments[-1].end, 'frame')} of {self._output} are kept; the "
                    "same command with --resume goes on from there"
                )
        finally:
            self._unlock()

    def _stored(self) -> Iterator[Picture]:
        for segment in self._segments[:]:
            yield from unpacked(segment.path)

    def _take_over(self, overwrite: bool) -> None:
        """Use the frames that an earlier run left, or remove them."""
        segments = list(takewhile(lambda found: found.is_whole, _segments(self._folder)))
        frames = segments[-1].end if segments else 0
        if frames:
            differing = self._differing()
            if not overwrite:
                _refuse(self._output, frames, differing if self._resume else None)
            if self._resume and not differing:
                self._keep_only(segments)
                self._tell(f"{count(frames, 'frame')} of an earlier run are used")
                return
            self._tell(f"{count(frames, 'frame')} that an earlier run had kept are removed")
        self._remove()

    def _keep_only(self, segments: list[_Segment]) -> None:
        self._segments = segments
        used = {segment.path for segment in segments}
        for path in self._folder.iterdir():
            if path not in used and path.name != MADE_FROM:
                path.unlink()

    def _differing(self) -> list[str]:
        """Return the names of what was different when the kept frames were made."""
        try:
            theirs = json.loads((self._folder / MADE_FROM).read_text())
        except (OSError, ValueError, RecursionError):
            theirs = {}
        if not isinstance(theirs, dict):
            theirs = {}
        names = dict.fromkeys([*self._made_from, *theirs])
        found = [name for name in names if self._made_from.get(name) != theirs.get(name)]
        # Another part of the same source is read from other bytes.
        return [name for name in found if name != "source" or "part" not in found]

    def _finish_segment(self) -> None:
        if self._packer.frames == 0:
            return
        if self._descriptor is None:
            self._begin_folder()
        packer, self._packer, self._packing_since = self._packer, LosslessPacker(), None
        frames, content = packer.frames, packer.finish()
        first = self._segments[-1].end if self._segments else 0
        end = first + frames
        path = self._folder / f"{first:09d}-{end:09d}-{_checksum(content)}.mkv"
        write_whole(path, content, to_disk=True)
        self._segments.append(_Segment(path, first, end))

    def _begin_folder(self) -> None:
        self._folder.mkdir(exist_ok=True)
        self._lock()
        made_from = json.dumps(self._made_from, indent=1).encode()
        write_whole(self._folder / MADE_FROM, made_from, to_disk=True)

    def _lock(self) -> None:
        self._descriptor = lock_folder(self._folder, self._output)

    def _unlock(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _remove(self) -> None:
        self._segments = []
        if self._descriptor is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._unlock()


def check_kept(output: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise ``UserError`` if frames are kept that are neither to be used nor to be removed."""
    frames = kept_frames(output)
    if frames and not resume and not overwrite:
        _refuse(output, frames, None)


def kept_bytes(output: Path) -> int:
    """Return how many bytes everything that is kept of an unfinished output takes on the disk."""
    found = [segment.path for segment in _segments(kept_folder(output))]
    with suppress(OSError):
        found += compared_folder(output).iterdir()
    sizes = 0
    for path in found:
        with suppress(OSError):  # a run that has just ended may have removed it
            sizes += path.stat().st_size
    return sizes


def remove_kept(output: Path) -> None:
    """Remove everything kept of an unfinished output, unless a living run is at work on it."""
    for folder in (kept_folder(output), compared_folder(output)):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                if lock(descriptor) is not False:
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _refuse(output: Path, frames: int, differing: list[str] | None) -> None:
    """Raise ``UserError`` for frames that are kept, unless ``differing`` is empty.

    ``None``: going on with them was not asked for.
    """
    kept = f"{count(frames, 'frame')} of {output} are kept from a run that was cut off"
    if differing is None:
        raise UserError(f"{kept}; go on from there with --resume, or begin anew with --overwrite")
    if differing:
        raise UserError(
            f"{kept}, and that had another {', another '.join(differing)}; resume with what it "
            "had, or begin anew with --overwrite"
        )


def _segments(folder: Path) -> list[_Segment]:
    """Return the consecutive segments from the first frame on, up to the first gap."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []
    segments: list[_Segment] = []
    for name in names:
        found = NAME.fullmatch(name)
        end = segments[-1].end if segments else 0
        if found is not None and int(found[1]) == end:
            segments.append(_Segment(folder / name, end, int(found[2])))
    return segments


def _checksum(content: bytes) -> str:
    return f"{zlib.crc32(content):08x}"
