"""How long a job still takes, estimated from its speed in the last minute."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LOOKS_BACK = 60.0
"""Seconds of the past from which the speed is measured.

Not all of the past counts, because frames kept by an earlier run pass quickly and say nothing about
the rest. With a longer time, a pan that was slow to draw would distort the estimate long after its
end. With a shorter one, a large frame, which takes ten seconds on a CPU, would make it jump.
"""


class _Mark(NamedTuple):
    seconds: float
    frames: int


class TimeLeft:
    """Estimates the time left of one stage of a job, from reports of its progress."""

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()

    def seconds_left(self, now: float, done: int, expected: int | None) -> float | None:
        """Return how long the rest takes [s], 0 or more; ``None`` while that is not known.

        Args:
            now: the time [s] on a clock that does not go back.
            done: number of frames done, which never decreases.
            expected: frames of the whole stage; ``None`` if the input does not say.
        """
        self._marks.append(_Mark(now, done))
        while len(self._marks) > 2 and self._marks[1].seconds <= now - LOOKS_BACK:
            self._marks.popleft()
        first = self._marks[0]
        if expected is None or done <= first.frames or now <= first.seconds:
            return None
        return max(0, expected - done) * (now - first.seconds) / (done - first.frames)
