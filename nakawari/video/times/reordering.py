"""Frames put back into the order of their time stamps, where damage brought them out of it.

After a lost keyframe, a decoder may give out frames in the wrong order: 238, 254, 239, 255. Each
would be a jump ahead or a step back, although nothing is wrong with its stamp.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av

AHEAD = 2  # frames that are held back
MAX_STEP = Fraction(3, 2)  # frames; only a frame this soon after the last one is brought forward


class InOrder:
    """Gives out frames one by one, those first that directly follow the last one.

    Only a frame that follows at once is brought forward. A single stamp that is wrong leaves its
    own place free, and therefore moves no frame. Nor do the stamps of joined recordings.

    Args:
        following: returns the next frame that was decoded; ``None`` at the end.
        stamp: returns a frame's time [s]; ``None`` if it has none.
        rate: frames a second.
        ahead: frames that are held back; 0 where frames are stored in the order of display.
    """

    def __init__(
        self,
        following: Callable[[], av.VideoFrame | None],
        stamp: Callable[[av.VideoFrame], Fraction | None],
        rate: Fraction,
        ahead: int = AHEAD,
    ) -> None:
        self._following = following
        self._stamp = stamp
        self._ahead = ahead
        self._step = MAX_STEP / rate
        self._held: list[av.VideoFrame] = []
        self._last: Fraction | None = None  # stamp of the last frame that was given out

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next frame; ``None`` at the end."""
        while len(self._held) <= self._ahead and (frame := self._following()) is not None:
            self._held.append(frame)
        if not self._held:
            return None
        frame = self._held.pop(self._next_place())
        self._last = self._stamp(frame)
        return frame

    def clear(self) -> None:
        """Forget the frames that are held, as after a seek."""
        self._held.clear()
        self._last = None

    def _next_place(self) -> int:
        stamps = [self._stamp(frame) for frame in self._held]
        first, last = stamps[0], self._last
        if first is None or last is None:
            return 0
        soon = [
            (stamp, place)
            for place, stamp in enumerate(stamps)
            if stamp is not None and last < stamp <= last + self._step and stamp < first
        ]
        return min(soon)[1] if soon else 0
