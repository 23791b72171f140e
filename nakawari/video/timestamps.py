"""Exact frame times from what containers store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

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
MAX_RATE = 1000  # frames a second; what is stated to be faster is a clock, or damaged
AGREE = Fraction(1, 20)  # of a rate
# Soft telecine: film whose frames are shown for three and two fields by turns.
FIELDS = (2, 3)
MIN_TELECINED = 6  # frames that tell
TELECINE_SHARE = (0.4, 0.6)  # of them are shown for three
MAX_FIELD_ERROR = 0.05  # of a duration


class FilmRate(NamedTuple):
    """The rate of a film that is telecined by marks, and not by repeated frames."""

    rate: Fraction  # frames a second
    slack: Fraction  # s, by which frames are shown earlier or later than in the film


def film_rate(durations: Sequence[Fraction], video: Fraction | None) -> FilmRate | None:
    """Return the rate of a film whose frames are shown for two and three fields by turns.

    A DVD's film is stored so, for screens of 60 fields a second. ``None`` if it is not.

    Args:
        durations: for how long the first frames are shown [s], in any order.
        video: the video's frames a second, if they are known; a film has four of five of them.
    """
    if len(durations) < MIN_TELECINED:
        return None
    field = (min(durations) + max(durations)) / sum(FIELDS)
    is_telecined = all(
        any(abs(duration / (fields * field) - 1) <= MAX_FIELD_ERROR for fields in FIELDS)
        for duration in durations
    )
    longs = [duration for duration in durations if duration > field * 5 / 2]
    shorts = [duration for duration in durations if duration <= field * 5 / 2]
    share = len(longs) / len(durations)
    if not is_telecined or not TELECINE_SHARE[0] <= share <= TELECINE_SHARE[1]:
        return None
    rate = Fraction(2 / (fmean(map(float, shorts)) + fmean(map(float, longs))))
    usual = [Fraction(24000, 1001), Fraction(24)]
    if video:
        usual.insert(0, video * 4 / 5)
    for film in usual:
        if abs(rate / film - 1) <= MAX_DETUNING and abs(film / 24 - 1) <= MAX_DETUNING:
            return FilmRate(film, 1 / (5 * film))
    return None


def snap_to_grid(
    time: Fraction, tick: Fraction, rate: Fraction, slack: Fraction = Fraction(0)
) -> Fraction:
    """Return the constant-rate instant that ``time`` was rounded from, else ``time`` itself.

    Matroska rounds time stamps to milliseconds, so frame n of a 24000/1001 clip is stored up to
    half a tick off n·1001/24000. Taken literally such stamps would ask for an in-between a
    thousandth of the way from one frame to the next, although nothing is missing there.

    Args:
        time: time since the first frame [s]; both carry the rounding, hence one whole tick.
        tick: the container's time base [s].
        rate: the clip's nominal frames a second. Stamps off its grid (a variable frame rate)
            are returned unchanged.
        slack: how far stamps may be off the grid for another reason [s].
    """
    if tick * rate * MIN_TICKS_PER_FRAME > 1:
        return time
    on_grid = round(time * rate) / rate
    return on_grid if abs(on_grid - time) <= tick + slack else time


def nominal_rate(
    average: Fraction | None, guessed: Fraction | None, observed: Fraction | None = None
) -> Fraction:
    """Return the rate a clip is said to have, 24 where it does not say.

    ``average`` (frames over duration) is a little off when the last frame's duration is, and means
    nothing where a time stamp is damaged; ``guessed`` (from the time stamps' common divisor) is
    exact for a constant rate and far off for a variable one. So the guess counts only where both
    agree to within five per cent, or where the first frames, ``observed``, follow on one another
    at that rate.
    """
    average, guessed, observed = (
        rate if rate and 1 / Fraction(MAX_RATE) <= rate <= MAX_RATE else None
        for rate in (average, guessed, observed)
    )
    if not average:
        return guessed or observed or Fraction(24)
    if guessed and abs(guessed - average) <= AGREE * average:
        return guessed
    if guessed and observed and abs(guessed - observed) <= AGREE * observed:
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
    film = film_rate(ordered, None)
    if film is not None:
        return film.rate
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
