"""Pulldown undone: when the frames of a film would be shown, had none been repeated.

24 film frames a second fill 30 frames of video by showing every fourth one twice. Slowed down as
it is, the movement would halt five or six times a second. So each film frame gets the time it has
in the film, and the movement is as even as it was drawn.
"""

from __future__ import annotations

from fractions import Fraction

from nakawari.xsheet.clock import Pulldown
from nakawari.xsheet.sheet import ExposureSheet


def repeats(pulldown: Pulldown | None, frame: int) -> bool:
    """Return whether a frame of the video only repeats the film frame before it."""
    return pulldown is not None and frame % pulldown.cycle == pulldown.phase


def film_position(pulldown: Pulldown, frame: int) -> Fraction:
    """Return where in the film a video frame belongs [video frames].

    The film frame that first appears right after a repeat appears when it should, those after it
    too early by less than one video frame. All are moved so that the clip's first frame is at 0;
    if that frame is a repeat it begins before the clip does, and is cut short to begin at 0. A
    repeat stays at its own place, between its film frame and the next (a sheet may have a cut
    there). Positions grow with the frame.
    """
    zero = Fraction(0)
    return max(_in_cycle(pulldown, frame) - max(_in_cycle(pulldown, 0), zero), zero)


def _in_cycle(pulldown: Pulldown, frame: int) -> Fraction:
    cycle = pulldown.cycle
    since_repeat = (frame - pulldown.phase - 1) % cycle
    longer = Fraction(cycle, cycle - 1)  # a film frame's time in video frames
    return frame - since_repeat + min(since_repeat * longer, Fraction(cycle - 1))


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
            start = film_position(self._pulldown, frame) / self._fps
        self._latest = max(self._latest, start)
        return self._latest
