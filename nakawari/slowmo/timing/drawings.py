"""From the frames of a clip to the pictures and times that slow motion is drawn between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from nakawari.errors import UserError
from nakawari.slowmo.timing.keys import keys
from nakawari.slowmo.timing.pulldown import SourceClock
from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import SourceFrame
from nakawari.xsheet.sheet.sheet import ExposureSheet, SheetDrawing
from nakawari.xsheet.sheet.shots import split_into_shots


@dataclass(frozen=True, kw_only=True)
class KeyPicture:
    """The picture of a key, and the time until the next key."""

    frame: int  # of the clip
    picture: Picture
    start: Fraction  # s
    moves_from: Fraction | None  # s; when the movement to the next key begins; None: never
    end: Fraction  # s; when the next key starts, or the clip ends
    begins_shot: bool  # True for the first one after a cut


def group(
    frames: Iterable[SourceFrame], sheet: ExposureSheet, longest_hold: int | None = None
) -> Iterator[KeyPicture]:
    """Yield the key pictures in order, as the frames stream by; all other frames are dropped.

    The times of the key pictures cover the time of all frames without gap or overlap.
    ``longest_hold`` is as in ``keys``. Raises ``UserError``, at the end of the clip at the latest,
    if the sheet is for another number of frames.
    """
    ahead = keys(sheet, longest_hold)
    upcoming = next(ahead, None)
    key, begun = upcoming, None
    clock = SourceClock(sheet)
    count, end = 0, Fraction(0)
    for number, frame in enumerate(frames):
        time = clock.time(number, frame.start)
        if upcoming is not None and number == upcoming.frame:
            if begun is not None:
                yield replace(begun, end=time)
            key, upcoming = upcoming, next(ahead, None)
            begun = KeyPicture(
                frame=number,
                picture=frame.picture,
                start=time,
                moves_from=None,
                end=frame.end,
                begins_shot=key.begins_shot,
            )
        if begun is not None and key is not None and key.moves_from is not None:
            into = key.moves_from - number
            if 0 <= into < 1:
                begun = replace(begun, moves_from=time + into * (frame.end - frame.start))
        count, end = number + 1, frame.end
        if count > sheet.frames:
            break
    check_frames(sheet, count)
    if begun is not None:
        yield replace(begun, end=end)


def check_frames(sheet: ExposureSheet, count: int) -> None:
    """Raise ``UserError`` unless the sheet is for a clip of ``count`` frames."""
    if count != sheet.frames:
        has = f"{count}" if count < sheet.frames else "more"
        raise UserError(
            f"the exposure sheet is for {sheet.frames} frames, and the clip has {has}; "
            "give the sheet of this very clip, and of the same part of it"
        )


def every_frame(sheet: ExposureSheet) -> ExposureSheet:
    """Return the sheet with every frame as a drawing of its own (``--holds keep``).

    The cuts stay. The sheet's pulldown is removed, so it is not undone.
    """
    sheet = replace(sheet, pulldown=None)
    drawings = tuple(SheetDrawing(start=frame, hold=1) for frame in range(sheet.frames))
    return replace(
        sheet, drawings=drawings, shots=split_into_shots(drawings, sheet.cuts, sheet.clock)
    )
