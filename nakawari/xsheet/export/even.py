"""A sheet on frames of one length, for formats that count frames and know no times.

At a constant rate these are the clip's own frames. Where the rate varies, one of the clip's frames
may be a pause of two seconds. The drawings are then put on frames of a rate at which each still has
a frame of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from nakawari.xsheet.sheet.sheet import ExposureSheet

MAX_RATE = 1000  # frames a second; no program that reads these formats goes faster


@dataclass(frozen=True, kw_only=True)
class EvenSheet:
    """When the drawings of a clip are shown, in frames that all last equally long."""

    rate: Fraction  # frames a second
    starts: tuple[int, ...]  # the first frame of each drawing; they grow
    end: int  # the frame after the last

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The first frame of each drawing, and the one after its last."""
        return list(pairwise([*self.starts, self.end]))


def even_sheet(sheet: ExposureSheet) -> EvenSheet:
    """Return the sheet on even frames.

    Where the rate varies, every drawing starts on the frame nearest to its time. Two drawings
    closer than a frame of ``MAX_RATE`` are put on successive frames, so that none is lost.
    """
    starts = [drawing.start for drawing in sheet.drawings]
    if sheet.times is None:
        return EvenSheet(rate=sheet.fps, starts=tuple(starts), end=sheet.frames)
    times = [sheet.times[start] for start in starts] + [sheet.times[-1]]
    rate = _rate_that_parts(times, sheet.fps)
    *even, end = _apart(round(time * rate) for time in times)
    return EvenSheet(rate=rate, starts=tuple(even), end=end)


def _rate_that_parts(times: list[Fraction], fps: Fraction) -> Fraction:
    """Return the lowest multiple of a rate at which no two times fall on one frame."""
    for multiple in range(1, max(int(MAX_RATE / fps), 1) + 1):
        rate = fps * multiple
        frames = [round(time * rate) for time in times]
        if all(before < after for before, after in pairwise(frames)):
            break
    return rate


def _apart(frames: Iterable[int]) -> list[int]:
    """Return the frames, each put later if it would not come after the one before."""
    apart: list[int] = []
    for frame in frames:
        apart.append(max(frame, apart[-1] + 1) if apart else frame)
    return apart
