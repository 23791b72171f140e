"""Which frames of a clip slow motion is drawn between, and when. Pure.

All in-betweens are drawn between *keys*. A frame that is not a key is never shown: it repeats the
drawing of a key, or lies on the camera's way from one key to the next.

- A drawing's first frame is a key, and the movement to the next drawing fills the whole hold. So a
  shot on threes moves as evenly as one on ones. A pan, zoom or roll over such drawings is even, so
  in-betweens from drawing to drawing carry the background along evenly too. If every frame were a
  key, the character would move only in the last frame of each hold, and stutter.
- A drawing held for longer than ``longest_moving_hold`` rests. It is a pose, and spreading the
  movement to the next drawing over all of it would turn a pause into a drift. The next drawing
  comes out of the pause within one step of the shot's cadence, as an animator would time it. While
  a camera moves over the resting drawing, every frame is a key until that step begins: the
  background moves, and the character is the same in all of them. Where the camera stops or starts
  within the hold, nothing moves in the rest of the hold.
- The last drawing of a shot does not move to another: it rests for as long as it is held. While the
  camera moves over it, every frame is a key.
- Under a shake every frame is a key, however short the hold: a shake is not even, and smoothing
  would remove it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from nakawari.xsheet.sheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet.sheet import Cadence, ExposureSheet, SheetDrawing

NEVER_RESTS = sys.maxsize  # frames; a ``longest_hold`` with which no drawing ever rests
DEFAULT_MOVEMENT = 2  # frames; the movement after a rest, in a shot without a cadence
DEFAULT_MOVEMENT_TIME = Fraction(1, 12)  # s; at least so long: two frames at 24 frames a second


@dataclass(frozen=True, kw_only=True)
class Key:
    """A frame between which and the next key slow motion is drawn."""

    frame: int
    moves_from: Fraction | int | None
    """The frame at which the movement to the next key begins; ``None``: never.

    It may begin while a frame is shown: 7.5 is the middle of the time for which frame 7 is shown.
    """

    begins_shot: bool = False  # True for the first key after a cut


def movement_frames(cadence: Cadence, fps: Fraction, longest: int | None = None) -> int:
    """Return over how many frames a drawing that rested moves to the next one.

    This is the shot's cadence if it has one. Else it is two frames, or at faster rates than 24 as
    many frames as last equally long. It never exceeds ``longest``, the longest hold that moves, by
    default ``longest_moving_hold``.
    """
    longest = longest or longest_moving_hold(fps)
    if isinstance(cadence, int):
        return min(cadence, longest)
    return min(max(DEFAULT_MOVEMENT, round(fps * DEFAULT_MOVEMENT_TIME)), longest)


def keys(sheet: ExposureSheet, longest_hold: int | None = None) -> Iterator[Key]:
    """Yield the keys of a clip in order; the first is frame 0, and every shot begins with one.

    A drawing held for more than ``longest_hold`` frames rests; ``None``: ``longest_moving_hold``.
    The frames are counted by ``Clock.hold``: where the frame rate varies, a single frame may last
    so long that it is a pause.
    """
    clock = sheet.clock
    shots = {shot.start: shot for shot in sheet.shots}
    cuts = set(sheet.cuts)
    timing = _Timing(sheet)
    rate, longest, movement = sheet.fps, 1, 1
    for drawing, following in pairwise([*sheet.drawings, None]):
        assert drawing is not None
        if drawing.start in shots:
            shot = shots[drawing.start]
            rate = clock.rate(shot.start, shot.end + 1)
            longest = longest_hold or longest_moving_hold(rate)
            movement = movement_frames(shot.cadence, rate, longest)
        leaves: Fraction | int | None = None
        if following is not None and following.start not in cuts:
            rests = clock.hold(drawing.start, drawing.end, rate) > longest
            leaves = timing.back(drawing.end, movement, rate) if rests else drawing.start
        frames = [drawing.start, *timing.camera_keys(drawing, leaves)]
        for frame, next_frame in pairwise(frames):
            # The frames between the two are at rest, or are repeats of pulldown.
            yield Key(
                frame=frame,
                moves_from=max(timing.back(next_frame, 1, rate), frame),
                begins_shot=frame in cuts,
            )
        yield Key(
            frame=frames[-1],
            moves_from=None if leaves is None else max(frames[-1], leaves),
            begins_shot=frames[-1] in cuts,
        )


class _Timing:
    """A sheet's camera and clock, frame by frame."""

    def __init__(self, sheet: ExposureSheet) -> None:
        self._clock = sheet.clock
        self._moving = bytearray(sheet.frames + 1)
        self._shaking = bytearray(sheet.frames + 1)
        for move in sheet.camera:
            # One frame more, since the last step of a move may lead to ``end`` or away from it. A
            # key too many changes nothing where the camera is at rest.
            span = slice(move.start, move.end + 2)
            marks = self._shaking if move.kind == "shake" else self._moving
            marks[span] = b"\x01" * len(marks[span])

    def _repeats(self, frame: int) -> bool:
        return self._clock.pulldown is not None and self._clock.pulldown.repeats(frame)

    def back(self, frame: int, count: int, rate: Fraction) -> Fraction | int:
        """Return the frame that is ``count`` frames of ``rate`` before ``frame``, 0 at the least.

        Repeats of pulldown are not counted. Where the frame rate varies, it is the frame shown
        ``count / rate`` seconds earlier, which may be a fraction, as in ``Key.moves_from``.
        """
        if self._clock.times is not None:
            return self._clock.frame_at(self._clock.time(frame) - count / rate)
        while count > 0 and frame > 0:
            frame -= 1
            count -= not self._repeats(frame)
        return frame

    def camera_keys(self, drawing: SheetDrawing, leaves: Fraction | int | None) -> Iterator[int]:
        """Yield the frames after a drawing's first that are keys because the camera moves.

        Args:
            drawing: the drawing.
            leaves: the frame at which the movement to the next drawing begins: the drawing's first
                if it does not rest. ``None`` if no movement to a next drawing follows.
        """
        for frame in range(drawing.start + 1, drawing.end):
            at_rest = leaves is None or frame <= leaves
            if self._repeats(frame):
                continue
            if self._shaking[frame] or (self._moving[frame] and at_rest):
                yield frame
