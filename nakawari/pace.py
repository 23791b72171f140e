"""Pace: which moment of the input is shown at each moment of the output. Pure and exact.

Between two points of a ramp the speed goes from one to the other by smoothstep, 3w² - 2w³ (Ebert et
al., "Texturing and Modeling"). Here w is the share of the output's time that has passed, because
that is the time that a viewer sees pass. The input's time is the integral of the speed, a
polynomial in w with rational coefficients. So nothing is approximated, and a piece lasts as long as
it would at the mean of its two speeds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

NEAR = Fraction(1, 10_000)
"""Precision [s] to which the inverse of an eased piece is found: finer than a container's clock."""


class RampPoint(NamedTuple):
    """A moment of the input, and the speed at it."""

    time: Fraction  # s, of the input
    speed: Fraction  # seconds of the input in one of the output


class _Piece(NamedTuple):
    """The stretch of time from one point of a ramp to the next."""

    output_start: Fraction  # s
    input_start: Fraction  # s
    duration: Fraction  # s, of the output
    speed: Fraction  # at the start of the piece
    change: Fraction  # of the speed, from the start of the piece to its end

    def input_time(self, output_time: Fraction) -> Fraction:
        elapsed = output_time - self.output_start
        if self.change == 0:
            return self.input_start + elapsed * self.speed
        w = elapsed / self.duration
        passed = self.speed * w + self.change * (w**3 - w**4 / 2)
        return self.input_start + self.duration * passed


@dataclass(frozen=True)
class Pace:
    """A speed that is constant, or changes along the points of a ramp.

    Before the first point the speed is that of the first point, after the last that of the last.
    Raises ``ValueError`` unless there is a point, the times begin at 0 or later and grow, and the
    speeds are above 0.
    """

    points: tuple[RampPoint, ...]

    def __post_init__(self) -> None:
        if not self.points:
            raise ValueError("a ramp must have a point")
        if self.points[0].time < 0:
            raise ValueError(f"a ramp must begin at 0 or later, got {self.points[0].time}")
        for point, following in pairwise(self.points):
            if following.time <= point.time:
                raise ValueError(
                    f"the times of a ramp must grow, got {following.time} after {point.time}"
                )
        if self.slowest <= 0:
            raise ValueError(f"every speed must be above 0, got {self.slowest}")

    @classmethod
    def constant(cls, factor: Fraction) -> Pace:
        """Return the pace of an output that lasts ``factor`` times as long as the input."""
        if factor <= 0:
            raise ValueError(f"factor must be above 0, got {factor}")
        return cls((RampPoint(Fraction(0), 1 / factor),))

    @cached_property
    def slowest(self) -> Fraction:
        """The lowest speed."""
        return min(point.speed for point in self.points)

    @cached_property
    def fastest(self) -> Fraction:
        """The highest speed."""
        return max(point.speed for point in self.points)

    def input_time(self, output_time: Fraction) -> Fraction:
        """Return the moment of the input [s] that is shown at ``output_time`` [s]."""
        number = bisect_right(self._pieces, output_time, key=lambda piece: piece.output_start)
        return self._pieces[max(number - 1, 0)].input_time(output_time)

    def output_time(self, input_time: Fraction) -> Fraction:
        """Return the moment of the output [s] that shows ``input_time`` [s].

        It is exact where the speed does not change. Elsewhere the error is ``NEAR`` at most.
        """
        number = bisect_right(self._pieces, input_time, key=lambda piece: piece.input_start)
        piece = self._pieces[max(number - 1, 0)]
        if piece.change == 0:
            return piece.output_start + (input_time - piece.input_start) / piece.speed
        earliest, width = piece.output_start, piece.duration
        while width > NEAR:  # the input's time grows throughout a piece
            width /= 2
            if piece.input_time(earliest + width) <= input_time:
                earliest += width
        return earliest

    @classmethod
    def from_text(cls, text: str) -> Pace:
        """Return the pace that ``str`` writes as ``text``; ``ValueError`` if there is none."""
        pairs = [word.partition(":") for word in text.split(",")]
        try:
            return cls(
                tuple(RampPoint(Fraction(time), Fraction(speed)) for time, _, speed in pairs)
            )
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"a pace must be TIME:SPEED, TIME:SPEED ..., got {text!r}") from error

    def __str__(self) -> str:
        """Return the points as text, exactly: TIME:SPEED, TIME:SPEED and so on."""
        if self.slowest == self.fastest:
            return f"0:{self.slowest}"
        return ", ".join(f"{point.time}:{point.speed}" for point in self.points)

    @cached_property
    def _pieces(self) -> list[_Piece]:
        """The pieces of the ramp, in order.

        In the first and the last the speed is constant: they cover all that is before and after the
        points.
        """
        return list(self._pieces_in_order())

    def _pieces_in_order(self) -> Iterator[_Piece]:
        first, last = self.points[0], self.points[-1]
        yield _Piece(Fraction(0), Fraction(0), first.time / first.speed, first.speed, Fraction(0))
        output_start = first.time / first.speed
        for point, following in pairwise(self.points):
            duration = 2 * (following.time - point.time) / (point.speed + following.speed)
            change = following.speed - point.speed
            yield _Piece(output_start, point.time, duration, point.speed, change)
            output_start += duration
        yield _Piece(output_start, last.time, Fraction(0), last.speed, Fraction(0))
