"""Frames and seconds of clips whose frame rate varies, or that repeat film frames."""

from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np

from nakawari.video.pictures.picture import Picture
from nakawari.video.reader import SourceFrame
from nakawari.xsheet.sheet.clock import Clock, FrameTimes, Pulldown

TWELFTH = Fraction(1, 12)
# Animation on twos in 24 frames a second whose repeats were left out, with a pause of two seconds.
TWOS = tuple(accumulate([TWELFTH] * 4 + [Fraction(2)] + [TWELFTH] * 4, initial=Fraction(0)))
CLOCK = Clock(fps=Fraction(24), times=TWOS)


def noted(times: tuple[Fraction, ...], stated: Fraction) -> Clock:
    picture = Picture(*(np.zeros((2, 2), np.uint8) for _ in range(3)))
    frames = [SourceFrame(picture, a, b) for a, b in pairwise(times)]
    recorder = FrameTimes()
    assert list(recorder.noting(frames)) == frames
    return recorder.clock(stated)


def test_times_are_kept_where_the_rate_varies_only() -> None:
    even = tuple(Fraction(frame, 24) for frame in range(9))
    assert noted(even, Fraction(24)) == Clock(fps=Fraction(24))
    clock = noted(TWOS, Fraction(24))
    assert clock.fps == 24
    assert clock.times is not None
    assert [round(float(time), 6) for time in TWOS] == [float(time) for time in clock.times]


def test_holds_are_counted_in_frames_of_the_nominal_rate() -> None:
    assert CLOCK.rate(0, 9) == 24
    assert [CLOCK.hold(frame, frame + 1, Fraction(24)) for frame in range(3, 6)] == [2, 48, 2]
    assert CLOCK.hold(3, 5, Fraction(24)) == 50


def test_a_span_has_a_rate_of_its_own() -> None:
    gaps = [Fraction(1, 24)] * 10 + [Fraction(1, 60)] * 10
    clock = Clock(fps=Fraction(60), times=tuple(accumulate(gaps, initial=Fraction(0))))
    assert (clock.rate(0, 10), clock.rate(10, 20)) == (24, 60)


def test_a_time_lies_within_the_frame_that_it_shows() -> None:
    assert [CLOCK.frame_at(time) for time in TWOS] == list(range(10))
    assert CLOCK.frame_at(TWOS[4] + Fraction(1, 2)) == Fraction(17, 4)
    assert CLOCK.frame_at(Fraction(-1)) == 0
    assert CLOCK.time(5) == TWOS[5]


def test_a_constant_rate_needs_no_times() -> None:
    clock = Clock(fps=Fraction(24))
    assert (clock.time(12), clock.frame_at(Fraction(1, 2))) == (Fraction(1, 2), 12)
    assert (clock.rate(0, 5), clock.hold(3, 8, Fraction(24))) == (24, 5)


def test_with_pulldown_holds_are_the_films() -> None:
    clock = Clock(fps=Fraction(30), pulldown=Pulldown(cycle=5, phase=4))
    assert clock.rate(0, 10) == 24
    assert clock.hold(0, 10, clock.rate(0, 10)) == 8
