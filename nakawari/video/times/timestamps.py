"""Exact frame times from what containers store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

# A grid point may stand in for a time stamp only where stamps are much finer than the grid.
MIN_TICKS_PER_FRAME = 8
# Share of a frame's duration by which frames of a constant rate may be off: stamps may be coarse.
MAX_UNEVENNESS = Fraction(1, 2)
# Where the rate varies, the shortest gap that is no exception: this share of all gaps is no longer.
COMMON_SHARE = 0.1
ALIKE = 1.15  # factor up to which other gaps count as equal to that one
MAX_OFF = 0.05  # frames by which a gap may miss a whole number of frames of the stated rate
MAX_STATED = 60  # frames a second; a higher rate is a grid of time stamps that fits everything
USUAL_RATES = [Fraction(rate) for rate in (12, 15, 24, 25, 30, 48, 50, 60, 120)]
USUAL_RATES += [Fraction(rate * 1000, 1001) for rate in (12, 24, 30, 48, 60, 120)]
MAX_DETUNING = 0.003  # largest difference from a usual rate that a rate is taken for, as a share
MAX_RATE = 1000  # frames a second; a faster stated rate is that of a clock, or damaged
AGREE = Fraction(1, 20)  # largest difference of two rates that agree, as a share
# Soft telecine: film whose frames are shown for three and two fields by turns.
FIELDS = (2, 3)
MIN_TELECINED = 6  # fewest frames from which this is told
TELECINE_SHARE = (0.4, 0.6)  # limits of the share of frames that are shown for three fields
MAX_FIELD_ERROR = 0.05  # largest error of a duration, as a share


class FilmRate(NamedTuple):
    """The rate of a film that is telecined by flags, and not by repeated frames."""

    rate: Fraction  # frames a second
    slack: Fraction  # s, by which frames are shown earlier or later than in the film


def film_rate(durations: Sequence[Fraction], video: Fraction | None) -> FilmRate | None:
    """Return the rate of a film whose frames are shown for two and three fields by turns.

    A DVD's film is stored so, for screens of 60 fields a second. The result is ``None`` if the
    frames are not shown in this way.

    Args:
        durations: for how long the first frames are shown [s], in any order.
        video: the video's frames a second, if known; the film has four fifths of them.
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
    """Return the instant of a constant rate that ``time`` was rounded from, or ``time`` itself.

    Matroska rounds time stamps to milliseconds, so frame n of a 24000/1001 clip is stored up to
    half a tick off n·1001/24000. Taken literally, such stamps would ask for an in-between a
    thousandth of the way from one frame to the next, although nothing is missing there.

    Args:
        time: time since the first frame [s]. Both stamps are rounded, so it may be a whole tick
            off.
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
    """Return the rate that a clip states [frames a second], or 24 where it states none.

    ``average`` (frames over duration) is a little off when the last frame's duration is, and means
    nothing where a time stamp is damaged. ``guessed`` (from the time stamps' common divisor) is
    exact for a constant rate and far off for a variable one. The guess therefore counts only where
    both agree to within five per cent, or where the first frames follow one another at that rate
    (``observed``).
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
    """Return whether frames follow at a constant rate: none is missing, and none drifts off.

    Args:
        times: when they begin, in order [s].
        rate: the stated rate [frames a second]; it need not be exact.
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
    """Return the frames a second at which frames follow one another where the rate varies.

    It is the rate of the shortest common gap: a tenth of all gaps are no longer. A longer gap is a
    frame that is shown for longer, such as a drawing whose repeats were left out. If the shortest
    common gap is a whole number of frames of the stated rate, the stated rate is returned. If that
    number is above one, nothing in the clip moves on ones.

    Args:
        gaps: the times between frames [s], in any order. If there are none, ``stated`` is returned.
        stated: the rate that the clip states [frames a second].
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
