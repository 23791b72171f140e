"""Frames and seconds: when the frames of a clip are shown, and for how long its drawings are held.

In most clips the rate is constant, and a hold is a number of frames. There are two exceptions. A
video may repeat frames of the film (pulldown), and these repeats are not counted. Or it may leave
out the frames that repeat a drawing (a variable frame rate), so that one frame may be a pause of
two seconds. Holds are then counted in frames of the rate at which most frames follow one another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from nakawari.video.times.timestamps import is_constant, rate_of_gaps

if TYPE_CHECKING:
    from nakawari.video.reader import SourceFrame

TIME_DIGITS = 6  # decimals of a second
VARIES = "the frame rate varies: holds and lengths go by the frames' own times"


@dataclass(frozen=True, kw_only=True)
class Pulldown:
    """Film frames that are repeated to fill a faster video.

    Of each ``cycle`` video frames, ``film`` show a new film frame. From 24 to 30 frames a second,
    five video frames show four film frames, the first of them twice. From 24 to 60, they show two
    film frames, the first three times and the second twice. ``phase`` says where such a cycle
    begins: it is the number, modulo ``cycle``, of the video frame that first repeats the cycle's
    first film frame.
    """

    cycle: int
    phase: int
    film: int = 4

    def film_frame(self, frame: int) -> int:
        """Return the number of the film frame that a video frame shows; video frame 0 shows 0."""
        return self._begun(frame) - self._begun(0)

    def _begun(self, frame: int) -> int:
        return (frame - self.phase + 1) * self.film // self.cycle

    def repeats(self, frame: int) -> bool:
        """Return whether a video frame only repeats the film frame before it."""
        return self._begun(frame) == self._begun(frame - 1)

    def film_position(self, frame: int) -> Fraction:
        """Return where in the film a video frame belongs [video frames].

        One film frame of the cycle appears when it should, and the others appear too early by less
        than one video frame. All are moved so that the clip's first frame is at 0. If that frame is
        a repeat, its film frame began before the clip, and is cut short to begin at 0. A repeat
        stays at its own place, between its film frame and the next, because a sheet may have a cut
        there. Positions grow with the frame.
        """
        zero = Fraction(0)
        return max(self._even(frame) - max(self._even(0), zero), zero)

    def _even(self, frame: int) -> Fraction:
        if self.repeats(frame):
            return Fraction(frame)
        apart = Fraction(self.cycle, self.film)
        # This is the largest of ceil(n * apart) - n * apart, as film frames take every remainder.
        early = 1 - Fraction(1, apart.denominator)
        return self.phase - 1 + self._begun(frame) * apart + early

    def film_hold(self, start: int, end: int) -> int:
        """Return for how many film frames the video frames from ``start`` to before ``end`` last.

        The result is at least 1.
        """
        return max(self.film_frame(end) - self.film_frame(start), 1)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When a clip's frames are shown.

    ``times`` [s] is given where the frame rate varies. It says when each frame begins, the first
    at 0, and when the last one ends. There is no pulldown then, and ``fps`` is the rate at which
    most frames follow one another.
    """

    fps: Fraction  # nominal frames a second
    pulldown: Pulldown | None = None
    times: tuple[Fraction, ...] | None = None

    def time(self, frame: int) -> Fraction:
        """Return when a frame begins [s]; for the frame after the last, when the clip ends."""
        return frame / self.fps if self.times is None else self.times[frame]

    def frame_at(self, time: Fraction) -> Fraction:
        """Return the frame shown at a time [s], with a fraction: 7.5 is halfway through frame 7."""
        time = max(time, Fraction(0))
        if self.times is None:
            return time * self.fps
        frame = min(bisect_right(self.times, time) - 1, len(self.times) - 2)
        start, end = self.times[frame : frame + 2]
        return frame + (time - start) / (end - start)

    def rate(self, start: int, end: int) -> Fraction:
        """Return the frames a second in which holds from ``start`` to before ``end`` are counted.

        With pulldown, it is the film's rate; where the rate varies, it is the rate of this span.
        """
        if self.pulldown is not None:
            return self.fps * Fraction(self.pulldown.film, self.pulldown.cycle)
        if self.times is None:
            return self.fps
        gaps = [after - before for before, after in pairwise(self.times[start : end + 1])]
        return rate_of_gaps(gaps, self.fps)

    def hold(self, start: int, end: int, rate: Fraction) -> int:
        """Return for how many frames a drawing is held, as cadence counts them; at least 1.

        Args:
            start: its first frame.
            end: the frame after its last.
            rate: the rate of its shot, as ``rate`` returns it [frames a second].
        """
        if self.pulldown is not None:
            return self.pulldown.film_hold(start, end)
        if self.times is None:
            return end - start
        return max(round((self.times[end] - self.times[start]) * rate), 1)


class FrameTimes:
    """Notes the times of a clip's frames as they are read."""

    def __init__(self) -> None:
        self._times: list[Fraction] = []
        self._end = Fraction(0)

    def noting(self, frames: Iterable[SourceFrame]) -> Iterator[SourceFrame]:
        """Yield the frames unchanged, and note when each is shown."""
        for frame in frames:
            self._times.append(frame.start)
            self._end = frame.end
            yield frame

    def clock(self, stated: Fraction) -> Clock:
        """Return the clock of the frames noted.

        Args:
            stated: the rate that the clip declares [frames a second].
        """
        if is_constant(self._times, stated):
            return Clock(fps=stated)
        gaps = [after - before for before, after in pairwise(self._times)]
        times = tuple(round(time, TIME_DIGITS) for time in [*self._times, self._end])
        return Clock(fps=rate_of_gaps(gaps, stated), times=times)
