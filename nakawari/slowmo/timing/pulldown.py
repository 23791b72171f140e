"""Pulldown is undone: each film frame gets the time at which the film would show it.

24 film frames a second fill 30 frames of video if every fourth one is shown twice. If such a video
were slowed down as it is, the movement would halt five or six times a second. So each film frame
gets the time it has in the film, and the movement is as even as it was drawn.
"""

from __future__ import annotations

from fractions import Fraction

from nakawari.xsheet.sheet.sheet import ExposureSheet


class SourceClock:
    """Gives each frame of a clip, in order, the time of what it shows [s].

    This is the frame's own time, also where the frame rate varies. But where the sheet has pulldown
    and the video's rate is constant, it is the time of its film frame. Times never decrease.
    """

    def __init__(self, sheet: ExposureSheet) -> None:
        self._pulldown = sheet.pulldown
        self._fps = sheet.fps
        self._latest = Fraction(0)

    def time(self, frame: int, start: Fraction) -> Fraction:
        """Return the time of what a frame shows.

        Args:
            frame: its number.
            start: its own time [s], which is 0 for the first frame.
        """
        if self._pulldown is not None and start == frame / self._fps:
            start = self._pulldown.film_position(frame) / self._fps
        self._latest = max(self._latest, start)
        return self._latest
