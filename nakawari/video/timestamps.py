"""Exact frame times from what containers store."""

from __future__ import annotations

from fractions import Fraction

# A grid point may stand in for a time stamp only where stamps are much finer than the grid.
MIN_TICKS_PER_FRAME = 8


def snap_to_grid(time: Fraction, tick: Fraction, rate: Fraction) -> Fraction:
    """Return the constant-rate instant that ``time`` was rounded from, else ``time`` itself.

    Matroska rounds time stamps to milliseconds, so frame n of a 24000/1001 clip is stored up to
    half a tick off n·1001/24000. Taken literally such stamps would ask for an in-between a
    thousandth of the way from one frame to the next, although nothing is missing there.

    Args:
        time: time since the first frame [s]; both carry the rounding, hence one whole tick.
        tick: the container's time base [s].
        rate: the clip's nominal frames a second. Stamps off its grid (a variable frame rate)
            are returned unchanged.
    """
    if tick * rate * MIN_TICKS_PER_FRAME > 1:
        return time
    on_grid = round(time * rate) / rate
    return on_grid if abs(on_grid - time) <= tick else time


def nominal_rate(average: Fraction | None, guessed: Fraction | None) -> Fraction:
    """Return the rate a clip is said to have, 24 where it does not say.

    ``average`` (frames over duration) is a little off when the last frame's duration is;
    ``guessed`` (from the time stamps' common divisor) is exact for a constant rate and far off
    for a variable one. So the guess counts only where both agree to within five per cent.
    """
    if not average or average <= 0:
        return guessed if guessed and guessed > 0 else Fraction(24)
    if guessed and abs(guessed - average) * 20 <= average:
        return guessed
    return average
