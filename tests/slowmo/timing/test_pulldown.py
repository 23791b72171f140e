"""Pulldown is undone: film frames come evenly, and time never goes back."""

from fractions import Fraction
from itertools import pairwise

import pytest

from nakawari.slowmo.timing.pulldown import SourceClock
from nakawari.xsheet.sheet.clock import Pulldown
from tests.builders.sheets import sheet_of

PHASES = [Pulldown(cycle=5, phase=phase) for phase in range(5)]
TO_SIXTY = [Pulldown(cycle=5, phase=phase, film=2) for phase in range(5)]


@pytest.mark.parametrize("pulldown", PHASES)
def test_film_frames_are_five_quarters_of_a_video_frame_apart(pulldown) -> None:
    film = [pulldown.film_position(n) for n in range(40) if not pulldown.repeats(n)]
    # Of a film frame whose first showing is cut off with the clip's begin, only the rest is there.
    assert {after - before for before, after in pairwise(film[1:])} == {Fraction(5, 4)}
    assert film[0] == (0 if pulldown.phase else 1)


@pytest.mark.parametrize("pulldown", TO_SIXTY)
def test_in_sixty_frames_they_are_two_and_a_half_apart(pulldown) -> None:
    film = [pulldown.film_position(n) for n in range(40) if not pulldown.repeats(n)]
    assert {after - before for before, after in pairwise(film[1:])} == {Fraction(5, 2)}


@pytest.mark.parametrize("pulldown", PHASES + TO_SIXTY)
def test_a_frame_is_moved_by_less_than_a_frame_and_time_begins_at_0(pulldown) -> None:
    positions = [pulldown.film_position(number) for number in range(40)]
    assert positions[0] == 0
    assert all(abs(position - number) < 1 for number, position in enumerate(positions))
    assert all(before < after for before, after in pairwise(positions))


@pytest.mark.parametrize("pulldown", PHASES + TO_SIXTY)
def test_a_film_frame_belongs_where_the_sheet_counts_it(pulldown) -> None:
    shown = [pulldown.film_frame(number) for number in range(20)]
    assert [number for number in range(1, 20) if shown[number] == shown[number - 1]] == [
        number for number in range(1, 20) if pulldown.repeats(number)
    ]


def test_without_pulldown_times_are_the_frames_own() -> None:
    clock = SourceClock(sheet_of([1] * 4))
    times = [Fraction(time, 1000) for time in (0, 33, 110, 143)]
    assert [clock.time(number, time) for number, time in enumerate(times)] == times


def test_a_varying_rate_has_no_pulldown_and_times_never_go_back() -> None:
    clock = SourceClock(sheet_of([1] * 9, fps=Fraction(30), pulldown=PHASES[4]))
    own = [Fraction(number, 30) for number in range(4)] + [
        Fraction(number * 30 + 1, 900) for number in range(4, 9)
    ]
    times = [clock.time(number, time) for number, time in enumerate(own)]
    assert times[:4] == [Fraction(5 * number, 120) for number in range(4)]
    assert times[4:] == own[4:]
    assert times == sorted(times)
