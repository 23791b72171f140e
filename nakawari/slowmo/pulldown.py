"""Pulldown undone: when the frames of a film would be shown, had none been repeated.

24 film frames a second fill 30 frames of video by showing every fourth one twice. Slowed down as
it is, the movement would halt five or six times a second. So each film frame gets the time it has
in the film, and the movement is as even as it was drawn.
"""

from __future__ import annotations

from fractions import Fraction

from nakawari.xsheet.sheet.sheet import ExposureSheet


class SourceClock:
    """Gives the frames of a clip, in order, the time of what they show [s].

    That is their own time, whatever it is (the frame rate may vary); but where the sheet has
    pulldown and the video's rate is constant, it is their film frame's. Times never go back.
    """

    def __init__(self, sheet: ExposureSheet) -> None:
        self._pulldown = sheet.pulldown
        self._fps = sheet.fps
        self._latest = Fraction(0)

    def time(self, frame: int, start: Fraction) -> Fraction:
        """Return the time of what a frame shows.

        Args:
            frame: its number.
            start: its own time [s]; the first frame's is 0.
        """
        if self._pulldown is not None and start == frame / self._fps:
            start = self._pulldown.film_position(frame) / self._fps
        self._latest = max(self._latest, start)
        return self._latest
