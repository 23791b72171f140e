"""How long a job still takes, by how fast it was of late."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LOOKS_BACK = 60.0
"""Seconds that count: the frames kept by an earlier run pass quickly, and tell nothing of the rest.

Longer, and the end of a pan that is slow to draw would spoil the figure for long. Shorter, and
a large frame, which takes ten seconds on a CPU, would make it jump.
"""


class _Mark(NamedTuple):
    seconds: float
    frames: int


class TimeLeft:
    """Watches a stage of a job."""

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()

    def seconds_left(self, now: float, done: int, expected: int | None) -> float | None:
        """Return how long the rest takes [s], 0 or more; ``None`` while that is not known.

        Args:
            now: seconds on a clock that does not go back.
            done: frames done, which do not become fewer.
            expected: frames of the whole stage; ``None`` if the input does not say.
        """
        self._marks.append(_Mark(now, done))
        while len(self._marks) > 2 and self._marks[1].seconds <= now - LOOKS_BACK:
            self._marks.popleft()
        first = self._marks[0]
        if expected is None or done <= first.frames or now <= first.seconds:
            return None
        return max(0, expected - done) * (now - first.seconds) / (done - first.frames)
