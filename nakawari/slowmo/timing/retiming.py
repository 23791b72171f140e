"""Retiming: which moment of the input each frame of the output shows. Pure and exact.

Output frame k is shown at k / rate, and the pace says which moment of the input that is. This
moment grows with k, so the output frames that show a span of input time are consecutive. Adjoining
spans give adjoining ranges of frames: none is lost or drawn twice, however odd the rates.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from nakawari.pace import Pace


@dataclass(frozen=True, kw_only=True)
class OutputClock:
    """Maps the output's frame numbers to input time and back."""

    rate: Fraction  # output frames a second
    pace: Pace

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"rate must be above 0, got {self.rate}")

    def input_time(self, index: int) -> Fraction:
        """Return the input time that output frame ``index`` shows [s]."""
        return self.pace.input_time(index / self.rate)

    def first_index(self, input_time: Fraction) -> int:
        """Return the first output frame that shows ``input_time`` or a later time.

        ``input_time`` is in seconds, 0 or more.
        """
        earliest = math.ceil(input_time * self.rate / self.pace.fastest)
        latest = math.ceil(input_time * self.rate / self.pace.slowest)
        return earliest + bisect_left(range(earliest, latest), input_time, key=self.input_time)


class OutputStep(NamedTuple):
    """One output frame."""

    output_frame: int
    frame_time: Fraction  # in [0, 1) between two keys; 0 shows the earlier one itself


def output_steps(
    clock: OutputClock, start: Fraction, moves_from: Fraction | None, end: Fraction
) -> Iterator[OutputStep]:
    """Yield the output frames that show input time in [start, end), in order.

    Args:
        clock: the output's rate and pace.
        start: the time of a key [s].
        moves_from: when the movement to the next key begins [s], in [start, end). ``None`` if there
            is no movement: the next key is in another shot, or there is none.
        end: the time of the next key, or the end of the clip [s].
    """
    for output_frame in range(clock.first_index(start), clock.first_index(end)):
        frame_time = Fraction(0)
        if moves_from is not None:
            elapsed = clock.input_time(output_frame) - moves_from
            frame_time = max(elapsed / (end - moves_from), frame_time)
        yield OutputStep(output_frame, frame_time)
