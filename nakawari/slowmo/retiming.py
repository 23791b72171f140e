"""Retiming: which moment of the input each frame of the output shows. Pure and exact.

Output frame k shows the input's time k / rate / factor, so the output frames of a span of input
time are the whole numbers in [start · rate · factor, end · rate · factor). Spans that join give
ranges that join: no index is lost or drawn twice, however odd the rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class OutputClock:
    """Maps the output's frame numbers to input time and back."""

    rate: Fraction  # output frames a second
    factor: Fraction  # output duration over input duration

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.factor <= 0:
            raise ValueError(f"rate and factor must be above 0, got {self.rate} and {self.factor}")

    def input_time(self, index: int) -> Fraction:
        """Return the input time that output frame ``index`` shows [s]."""
        return index / (self.rate * self.factor)

    def first_index(self, input_time: Fraction) -> int:
        """Return the first output frame that shows ``input_time`` [s] or later."""
        return math.ceil(input_time * self.rate * self.factor)


class Step(NamedTuple):
    """One output frame."""

    output_frame: int
    frame_time: Fraction  # in [0, 1) between two keys; 0 shows the earlier one itself


def steps(
    clock: OutputClock, start: Fraction, moves_from: Fraction | None, end: Fraction
) -> Iterator[Step]:
    """Yield the output frames that show input time in [start, end), in order.

    Args:
        clock: the output's rate and factor.
        start: the time of a key [s].
        moves_from: when the movement to the next key begins, in [start, end); ``None`` if nothing
            moves there (the next one is in another shot, or there is none).
        end: the time of the next key, or where the clip ends [s].
    """
    for output_frame in range(clock.first_index(start), clock.first_index(end)):
        frame_time = Fraction(0)
        if moves_from is not None:
            elapsed = clock.input_time(output_frame) - moves_from
            frame_time = max(elapsed / (end - moves_from), frame_time)
        yield Step(output_frame, frame_time)
