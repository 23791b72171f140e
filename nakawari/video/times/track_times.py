"""Corrected time stamps: those that cannot be right are rebuilt, and no frame is lost for them.

Where recordings were joined, stamps start again at zero or jump by hours, and a damaged stamp may
say anything. Every frame that was decoded follows the one before it.
"""

from __future__ import annotations

from fractions import Fraction

MAX_JUMP = Fraction(10)  # s; no frame is shown for longer, and no gap in the sound is longer


class TrackTimes:
    """Gives successive frames of a track their times, which only grow.

    Args:
        zero: the stamp that is time 0 [s].
    """

    def __init__(self, zero: Fraction) -> None:
        self.rebuilt = 0  # places at which a stamp could not be right
        self._offset = -zero
        self._former = -zero  # the offset before the last such place

    def place(
        self, stamp: Fraction | None, before: Fraction | None, expected: Fraction
    ) -> Fraction:
        """Return the time of the next frame [s].

        A stamp that goes back, or jumps ahead by more than ``MAX_JUMP``, is not believed. The frame
        then gets the time that is expected, and those after it follow it, until the stamps are
        again as they were.

        Args:
            stamp: the frame's stamp on the track's clock [s]; ``None`` where none is stored.
            before: time of the frame before [s]; ``None`` for the first.
            expected: when the frame before ends [s].
        """
        if stamp is None:
            return expected
        if before is None:
            return stamp + self._offset
        former = stamp + self._former
        if (before + expected) / 2 <= former <= expected + MAX_JUMP:
            self._offset = self._former
            return former
        time = stamp + self._offset
        if before < time <= expected + MAX_JUMP:
            return time
        self.rebuilt += 1
        self._former, self._offset = self._offset, expected - stamp
        return expected
