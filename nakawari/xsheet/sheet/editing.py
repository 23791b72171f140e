"""Corrections of a sheet by a person, as pure functions: drawings, cuts and takes.

A correction names the frames at which a drawing begins from now on, or no longer begins. It names
cuts and takes in the same way. A correction that is made twice is therefore undone, and successive
corrections combine into one. A take is chosen for two pictures: a correction that changes where
these pictures are removes the take.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.xsheet.sheet.sheet import ExposureSheet, SheetDrawing, Take
from nakawari.xsheet.sheet.shots import split_into_shots


class Correction(NamedTuple):
    """What is changed in a sheet."""

    drawings: frozenset[int] = frozenset()  # frames at which a drawing begins now, or no longer
    cuts: frozenset[int] = frozenset()  # frames at which there is a cut now, or no longer
    takes: frozenset[Take] = frozenset()  # takes that are chosen now, or no longer

    def then(self, later: Correction) -> Correction:
        """Return one correction that does the same as this one and then a later one."""
        return Correction(
            self.drawings ^ later.drawings, self.cuts ^ later.cuts, self.takes ^ later.takes
        )


def together(corrections: Iterable[Correction]) -> Correction:
    """Return one correction that does the same as several, one after another."""
    return reduce(Correction.then, corrections, Correction())


def corrected(sheet: ExposureSheet, correction: Correction) -> ExposureSheet:
    """Return the corrected sheet; drawings that a person has set have a confidence of 1.

    Raises ``UserError`` if a cut would be left at which no drawing begins, or if a drawing or a cut
    is to change at frame 0 or outside the clip.
    """
    starts = {drawing.start for drawing in sheet.drawings} ^ correction.drawings
    cuts = set(sheet.cuts) ^ correction.cuts
    changed = correction.drawings | correction.cuts
    if any(not 0 < frame < sheet.frames for frame in changed):
        raise UserError(
            f"drawings and cuts can be changed at frames 1 to {sheet.frames - 1}; choose one"
        )
    if not cuts <= starts:
        raise UserError(
            f"a cut at frame {min(cuts - starts)} needs a drawing that begins there; "
            "remove the cut as well"
        )
    before = {(drawing.start, drawing.end): drawing for drawing in sheet.drawings}
    drawings = tuple(
        before.get((start, end)) or SheetDrawing(start=start, hold=end - start)
        for start, end in pairwise([*sorted(starts), sheet.frames])
    )
    drawings = tuple(
        replace(drawing, confidence=1.0) if drawing.start in changed else drawing
        for drawing in drawings
    )
    shots = split_into_shots(drawings, sorted(cuts), sheet.clock, known=sheet.shots)
    takes = frozenset(sheet.takes) ^ correction.takes
    return replace(
        sheet,
        drawings=drawings,
        shots=shots,
        takes=tuple(sorted(takes, key=lambda take: take.start)),
    )


def moved(sheet: ExposureSheet, start: int, to: int) -> Correction:
    """Return the correction by which the drawing that begins at ``start`` begins at ``to``.

    A cut at ``start`` moves with it. Raises ``UserError`` if no drawing, or the first one, begins
    at ``start``. Raises it also if ``to`` is not between the drawing before and the one after.
    """
    number = _number(sheet, start)
    low = sheet.drawings[number - 1].start + 1
    high = sheet.drawings[number].end - 1
    if not low <= to <= high:
        raise UserError(
            f"the drawing at frame {start} can begin at frames {low} to {high}, not at {to}; "
            "merge drawings to go farther"
        )
    ends = frozenset({start}) ^ {to}
    return _without_void(sheet, ends, ends if start in sheet.cuts else frozenset())


def merged(sheet: ExposureSheet, start: int) -> Correction:
    """Return the correction that makes a drawing one with the drawing before it.

    A cut between the two is removed. Raises ``UserError`` if no drawing, or the first one, begins
    at ``start``.
    """
    _number(sheet, start)
    return _without_void(sheet, frozenset({start}), frozenset({start} & set(sheet.cuts)))


def split(sheet: ExposureSheet, frame: int) -> Correction:
    """Return the correction by which a drawing begins at ``frame``; ``UserError`` if one does."""
    if frame == 0 or _begins(sheet, frame):
        raise UserError(f"a drawing begins at frame {frame} already; choose a frame that holds one")
    return _without_void(sheet, frozenset({frame}))


def cut_toggled(sheet: ExposureSheet, frame: int) -> Correction:
    """Return the correction that adds a cut at ``frame``, or removes the one there.

    A cut also begins a drawing where none began. That drawing stays if the cut is removed.
    """
    begins = frozenset() if _begins(sheet, frame) else frozenset({frame})
    return _without_void(sheet, begins, frozenset({frame}))


def chosen(sheet: ExposureSheet, start: int, following: int, seed: int | None) -> Correction:
    """Return the correction that chooses a seed for the in-betweens from one frame to another.

    ``None`` removes the choice. Takes that were chosen earlier between the two frames are removed.
    Raises ``UserError`` if the frames are not two of the clip in order, with no cut between them.
    """
    if not 0 <= start < following < sheet.frames:
        raise UserError(
            f"in-betweens lead from one frame to a later one, 0 to {sheet.frames - 1}, not from "
            f"{start} to {following}"
        )
    if any(start < cut <= following for cut in sheet.cuts):
        raise UserError(f"there is a cut between the frames {start} and {following}")
    takes = {take for take in sheet.takes if take.start < following and take.next > start}
    if seed is not None:
        takes ^= {Take(start=start, next=following, seed=seed)}
    return Correction(takes=frozenset(takes))


def _without_void(
    sheet: ExposureSheet, drawings: frozenset[int], cuts: frozenset[int] = frozenset()
) -> Correction:
    """Return a correction that also removes the takes of the pictures that it changes."""
    changed = drawings | cuts
    void = {t for t in sheet.takes if any(t.start <= frame <= t.next for frame in changed)}
    return Correction(drawings, cuts, frozenset(void))


def part_of(sheet: ExposureSheet, first: int, end: int) -> ExposureSheet:
    """Return the sheet of the frames from ``first`` to before ``end``, counted from ``first``.

    A drawing that is already shown when the part begins starts at the part's first frame.

    Raises:
        ValueError: if the part has no frame of the clip.
    """
    if not 0 <= first < end <= sheet.frames:
        raise ValueError(f"frames {first} to {end} are no part of {sheet.frames}")
    begun = max(bisect_right(sheet.drawings, first, key=lambda drawing: drawing.start) - 1, 0)
    after = bisect_left(sheet.drawings, end, key=lambda drawing: drawing.start)
    kept = sheet.drawings[begun:after]
    starts = [max(drawing.start - first, 0) for drawing in kept]
    drawings = tuple(
        SheetDrawing(start=start, hold=following - start, confidence=drawing.confidence)
        for drawing, (start, following) in zip(kept, pairwise([*starts, end - first]), strict=True)
    )
    camera = tuple(
        replace(move, start=max(move.start - first, 0), end=min(move.end, end - 1) - first)
        for move in sheet.camera
        if move.start < end and move.end >= first
    )
    takes = tuple(
        replace(take, start=take.start - first, next=take.next - first)
        for take in sheet.takes
        if take.start >= first and take.next < end
    )
    pulldown = sheet.pulldown
    if pulldown is not None:
        pulldown = replace(pulldown, phase=(pulldown.phase - first) % pulldown.cycle)
    times = sheet.times
    if times is not None:
        times = tuple(time - times[first] for time in times[first : end + 1])
    part = replace(
        sheet,
        frames=end - first,
        drawings=drawings,
        camera=camera,
        pulldown=pulldown,
        times=times,
        takes=takes,
    )
    cuts = [cut - first for cut in sheet.cuts if first < cut < end]
    return replace(part, shots=split_into_shots(drawings, cuts, part.clock))


def _begins(sheet: ExposureSheet, frame: int) -> bool:
    number = bisect_left(sheet.drawings, frame, key=lambda drawing: drawing.start)
    return number < len(sheet.drawings) and sheet.drawings[number].start == frame


def _number(sheet: ExposureSheet, start: int) -> int:
    """Return which drawing begins at ``start``, counted from 0.

    Raises ``UserError`` if none begins there, or if it is the first.
    """
    if start == 0:
        raise UserError("the first drawing begins at frame 0, and stays there; choose a later one")
    if not _begins(sheet, start):
        raise UserError(f"no drawing begins at frame {start}; choose where one does")
    return bisect_left(sheet.drawings, start, key=lambda drawing: drawing.start)
