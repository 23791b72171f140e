"""Exact frame times from what containers store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean

# A grid point may stand in for a time stamp only where stamps are much finer than the grid.
MIN_TICKS_PER_FRAME = 8
# Of a frame's duration: so far may frames of a constant rate be off, for stamps may be coarse.
MAX_UNEVENNESS = Fraction(1, 2)
# Where the rate varies: the shortest gap between frames that is no exception, and those like it.
COMMON_SHARE = 0.1
ALIKE = 1.15
MAX_OFF = 0.05  # of a frame, for a gap to be so many frames of the rate that was stated
MAX_STATED = 60  # frames a second; a higher rate is a grid of time stamps that fits everything
USUAL_RATES = [Fraction(rate) for rate in (12, 15, 24, 25, 30, 48, 50, 60, 120)]
USUAL_RATES += [Fraction(rate * 1000, 1001) for rate in (12, 24, 30, 48, 60, 120)]
MAX_DETUNING = 0.003  # of a rate that is taken for a usual one


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


def is_constant(times: Sequence[Fraction], rate: Fraction) -> bool:
    """Return whether frames follow at a constant rate: none missing, and none drifting off.

    Args:
        times: when they begin, in order [s].
        rate: that is stated [frames a second]; it need not be exact.
    """
    gaps = [after - before for before, after in pairwise(times)]
    if any(abs(gap * rate - 1) >= MAX_UNEVENNESS for gap in gaps):
        return False
    usual = (times[-1] - times[0]) / max(len(gaps), 1)
    return all(
        abs(time - times[0] - number * usual) < MAX_UNEVENNESS * usual
        for number, time in enumerate(times[:-1])
    )


def rate_of_gaps(gaps: Iterable[Fraction], stated: Fraction) -> Fraction:
    """Return the frames a second at which frames follow on one another where the rate varies.

    It is that of the shortest gap that a tenth of all have: what is longer is a frame shown for
    longer, such as a drawing whose repeats were left out. If that gap is a whole number of frames
    of the rate the clip is said to have, it is this rate: then nothing in the clip moves on ones.

    Args:
        gaps: between the frames' times [s], in any order; ``stated`` is returned if there are none.
        stated: frames a second.
    """
    ordered = sorted(gaps)
    if not ordered:
        return stated
    shortest = ordered[int(COMMON_SHARE * len(ordered))]
    gap = fmean(float(other) for other in ordered if shortest / ALIKE <= other <= shortest * ALIKE)
    frames = gap * float(stated)
    whole = round(frames)
    if abs(frames - whole) <= MAX_OFF and (whole == 1 or (whole > 1 and stated <= MAX_STATED)):
        return stated
    usual = min(USUAL_RATES, key=lambda rate: abs(float(rate) * gap - 1))
    if abs(float(usual) * gap - 1) <= MAX_DETUNING:
        return usual
    return Fraction(1 / gap).limit_denominator(1001)
