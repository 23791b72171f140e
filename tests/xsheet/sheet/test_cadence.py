"""Cadence is the commonest hold; pulldown is not cadence."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest

from nakawari.xsheet.settings import CadenceSettings, PulldownSettings
from nakawari.xsheet.sheet.cadence import ShotCadence, cadence_of
from nakawari.xsheet.sheet.clock import Clock, Pulldown
from nakawari.xsheet.sheet.pulldown import find_pulldown
from nakawari.xsheet.sheet.sheet import SheetDrawing
from nakawari.xsheet.sheet.shots import make_shot

FILM = Fraction(24000, 1001)
VIDEO = Fraction(30000, 1001)


def held(*holds: int) -> list[SheetDrawing]:
    return [SheetDrawing(start=a, hold=b - a) for a, b in pairwise([0, *accumulate(holds)])]


def pulled_down(film_holds: list[int], phase: int, film: int = 4) -> list[SheetDrawing]:
    """Return the drawings of a film as the video shows them."""
    pulldown = Pulldown(cycle=5, phase=phase, film=film)
    starts = list(accumulate([0, *film_holds[:-1]]))
    shown = [pulldown.film_frame(frame) for frame in range(3 * sum(film_holds))]
    base = shown[0]
    first = [next(n for n, film in enumerate(shown) if film - base >= start) for start in starts]
    return [SheetDrawing(start=a, hold=b - a) for a, b in pairwise([*first, first[-1] + 2])]


def test_the_example_of_the_file_format() -> None:
    assert cadence_of([2, 2, 2, 2, 1], FILM) == ShotCadence(2, 11.988)


def test_a_pause_and_the_last_drawing_do_not_count() -> None:
    assert cadence_of([18, 3, 3, 3, 1], FILM).cadence == 3


def test_most_holds_decide() -> None:
    assert cadence_of([3, 3, 3, 2, 1], FILM).cadence == 3
    assert cadence_of([1, 2, 3, 1, 2, 3, 1], Fraction(24)) == ShotCadence("mixed", 12.0)


def test_one_drawing_has_no_cadence() -> None:
    assert cadence_of([40], FILM) == ShotCadence(None, None)
    assert cadence_of([40, 40], FILM) == ShotCadence(None, None)


def test_a_single_drawing_between_rests_has_no_cadence() -> None:
    assert cadence_of([20, 2, 18], FILM) == ShotCadence(None, None)
    assert cadence_of([20, 2, 2, 18], FILM).cadence == 2


def test_a_few_repeats_taken_for_drawings_do_not_make_a_shot_mixed() -> None:
    assert cadence_of([3, 3, 1, 2, 3, 3, 1, 1, 1, 3, 3, 2], FILM).cadence == 3
    assert cadence_of([2, 2, 1, 1, 2, 1, 1, 2, 2, 1], FILM).cadence == 2


@pytest.mark.parametrize(
    "holds",
    [[1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3], [1, 2, 3, 1, 2, 3, 1], [3, 2, 3, 2, 3, 2, 3, 2, 1]],
)
def test_what_is_truly_mixed_stays_so(holds: list[int]) -> None:
    assert cadence_of(holds, FILM).cadence == "mixed"


def test_what_moves_for_hardly_any_of_a_shot_is_no_rhythm() -> None:
    assert cadence_of([1, 1, 52], FILM) == ShotCadence(None, None)
    assert cadence_of([1, 1, 1, 1, 12], FILM).cadence == 1


def test_threes_at_sixty_frames_a_second_are_holds_of_seven_or_eight() -> None:
    assert cadence_of([8, 8, 8, 8, 8], Fraction(60)).cadence == 8


@pytest.mark.parametrize("phase", range(5))
@pytest.mark.parametrize(
    ("cadence", "rate", "film"),
    [(1, VIDEO, 4), (2, VIDEO, 4), (3, VIDEO, 4), (1, 2 * VIDEO, 2), (3, 2 * VIDEO, 2)],
)
def test_pulldown_is_recognised_and_the_cadence_is_the_films(cadence, phase, rate, film) -> None:
    drawings = pulled_down([cadence] * 24, phase, film)
    pulldown = find_pulldown([drawings], rate)
    assert pulldown is not None
    assert (pulldown.cycle, pulldown.film) == (5, film)
    shot = make_shot(drawings, Clock(fps=rate, pulldown=pulldown))
    assert (shot.cadence, shot.animation_fps) == (cadence, round(24000 / 1001 / cadence, 3))


@pytest.mark.parametrize("holds", [[1] * 30, [2] * 30, [3] * 30, [5] * 12, [2, 3, 2, 1, 4] * 6])
def test_animation_made_for_the_video_has_no_pulldown(holds: list[int]) -> None:
    assert find_pulldown([held(*holds)], VIDEO) is None


@pytest.mark.parametrize(
    "holds", [[1] * 30, [2] * 30, [4] * 30, [5] * 30, [6] * 30, [2, 3, 7, 1, 4] * 6]
)
def test_animation_of_thirty_or_sixty_frames_has_no_pulldown_in_sixty(holds: list[int]) -> None:
    assert find_pulldown([held(*holds)], 2 * VIDEO) is None


def test_pulldown_is_looked_for_at_thirty_frames_a_second_only() -> None:
    assert find_pulldown([pulled_down([2] * 24, 0)], FILM) is None


def test_too_few_drawings_do_not_tell() -> None:
    assert find_pulldown([pulled_down([2] * 6, 0)], VIDEO) is None


@pytest.mark.parametrize(
    ("holds", "setting", "cadence"),
    [
        ([7, 7, 7, 7], {"max_moving_hold": 7}, 7),
        ([8, 8, 8, 8], {"max_moving_time": 0.5}, 8),
        ([20, 2, 18], {"min_drawings": 1, "min_time_share": 0.0}, 2),
        ([3, 3, 3, 2, 1], {"min_share": 0.8}, "mixed"),
        ([1, 1, 52], {"min_time_share": 0.0}, 1),
        ([3, 3, 1, 2, 3, 3, 1, 1, 1, 3, 3, 2], {"min_share": 0.7, "min_whole": 0.9}, "mixed"),
        ([2, 2, 2, 1, 1, 2, 2, 2, 1, 1, 1, 1], {"min_joined": 0.95}, "mixed"),
    ],
)
def test_the_settings_decide_the_cadence(holds, setting, cadence) -> None:
    assert cadence_of(holds, FILM, CadenceSettings(**setting)).cadence == cadence
    assert cadence_of(holds, FILM).cadence != cadence


@pytest.mark.parametrize(
    "setting",
    [
        {"max_detuning": 0.0005},
        {"min_drawings": 25},
        {"min_evenness": 1.1},
        {"min_gain": 0.6},
        {"max_violations": -1.0},
    ],
)
def test_the_settings_decide_whether_there_is_pulldown(setting) -> None:
    drawings = pulled_down([2] * 24, 0)
    assert find_pulldown([drawings], VIDEO) is not None
    assert find_pulldown([drawings], VIDEO, PulldownSettings(**setting)) is None
