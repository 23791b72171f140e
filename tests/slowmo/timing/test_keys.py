"""Keys: what slow motion is drawn between, for every way a drawing may be held."""

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.slowmo.timing.keys import keys, movement_frames
from nakawari.xsheet.sheet.cadence import longest_moving_hold
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.sheet import CAMERA_KINDS, ExposureSheet
from tests.builders.sheets import sheet_of


def found(sheet: ExposureSheet) -> list[tuple[int, int | None]]:
    return [(key.frame, key.moves_from) for key in keys(sheet)]


def test_drawings_are_keys_and_move_through_their_whole_hold() -> None:
    assert found(sheet_of([1, 2, 3, 6, 1])) == [(0, 0), (1, 1), (3, 3), (6, 6), (12, None)]


@pytest.mark.parametrize(
    ("cadence", "leaves"), [(1, 9), (2, 8), (3, 7), ("mixed", 8), (None, 8), (50, 4)]
)
def test_a_long_hold_rests_until_one_cadence_step_before_the_next_drawing(cadence, leaves) -> None:
    assert found(sheet_of([10, 2], cadence=cadence)) == [(0, leaves), (10, None)]


def test_a_hold_of_six_moves_and_one_of_seven_rests() -> None:
    assert found(sheet_of([6, 7, 1])) == [(0, 0), (6, 11), (13, None)]


def test_the_last_drawing_before_a_cut_stays() -> None:
    sheet = sheet_of([2, 2, 2, 2], cuts=(4,))
    assert found(sheet) == [(0, 0), (2, None), (4, 4), (6, None)]
    assert [key.frame for key in keys(sheet) if key.begins_shot] == [4]


@pytest.mark.parametrize("kind", ["pan", "zoom", "roll"])
def test_an_even_camera_move_over_short_holds_adds_no_keys(kind) -> None:
    sheet = sheet_of([3, 3, 3, 3], camera=[(0, 8, kind)])
    assert found(sheet) == [(0, 0), (3, 3), (6, 6), (9, None)]


def test_where_a_move_begins_or_ends_within_a_short_hold_its_first_frame_stays_the_only_key() -> (
    None
):
    sheet = sheet_of([3, 3, 3, 3], camera=[(1, 7, "pan")])
    assert found(sheet) == [(0, 0), (3, 3), (6, 6), (9, None)]


def test_a_pan_goes_on_over_the_last_drawing_of_a_shot() -> None:
    sheet = sheet_of([3, 3, 3], cuts=(6,), camera=[(0, 5, "pan")])
    assert found(sheet) == [(0, 0), (3, 3), (4, 4), (5, None), (6, None)]


def test_a_pan_over_a_long_hold_makes_every_frame_a_key_until_the_next_drawing_is_drawn() -> None:
    sheet = sheet_of([9, 3, 3], camera=[(0, 14, "pan")], cadence=3)
    # 0 to 6 are the background's; from 6 on the character moves as well, over its three frames.
    assert found(sheet)[:8] == [*((n, n) for n in range(6)), (6, 6), (9, 9)]


def test_a_pan_that_begins_within_a_long_hold_is_not_begun_early() -> None:
    sheet = sheet_of([12, 2], camera=[(5, 13, "pan")])
    assert found(sheet)[:3] == [(0, 4), (5, 5), (6, 6)]


def test_after_a_pan_that_ends_within_a_long_hold_the_drawing_rests() -> None:
    sheet = sheet_of([12, 2], camera=[(0, 4, "pan")])
    assert found(sheet) == [*((n, n) for n in range(5)), (5, 10), (12, None)]


def test_under_a_shake_every_frame_is_a_key() -> None:
    sheet = sheet_of([3, 3, 9, 1], camera=[(0, 15, "shake")])
    assert found(sheet) == [*((n, n) for n in range(15)), (15, None)]


def test_a_shake_that_begins_within_a_short_hold_is_not_begun_early() -> None:
    sheet = sheet_of([6, 2], camera=[(4, 6, "shake")])
    assert found(sheet)[:3] == [(0, 3), (4, 4), (5, 5)]


def test_a_hold_moves_for_a_quarter_second_at_fast_rates_and_six_frames_at_slow_ones() -> None:
    rates = [12, 24, Fraction(24000, 1001), 25, 30, Fraction(60000, 1001), 60]
    assert [longest_moving_hold(Fraction(rate)) for rate in rates] == [6, 6, 6, 6, 7, 14, 15]


def test_the_longest_hold_that_moves_can_be_set() -> None:
    sheet = sheet_of([4, 8, 2])
    assert [key.moves_from for key in keys(sheet, 3)] == [2, 10, None]
    assert [key.moves_from for key in keys(sheet, 8)] == [0, 4, None]


def test_a_step_without_a_cadence_is_on_twos_at_24_and_as_long_at_other_rates() -> None:
    assert [movement_frames("mixed", Fraction(rate)) for rate in (12, 24, 48, 60)] == [2, 2, 4, 5]


def test_where_the_rate_varies_a_single_frame_may_be_a_rest() -> None:
    twelfths = [Fraction(1, 12)] * 3
    times = tuple(accumulate([*twelfths, Fraction(2), *twelfths], initial=Fraction(0)))
    sheet = sheet_of([1] * 7, cadence=2, times=times)
    # Two frames of 24 before the end of the pause of two seconds the movement begins.
    leaves = [key.moves_from for key in keys(sheet)]
    assert leaves == [0, 1, 2, 4 - Fraction(1, 24), 4, 5, None]


def test_a_frame_that_only_repeats_a_film_frame_is_no_key_under_a_shake() -> None:
    sheet = sheet_of([10], camera=[(0, 9, "shake")], pulldown=Pulldown(cycle=5, phase=4))
    assert [key.frame for key in keys(sheet)] == [0, 1, 2, 3, 5, 6, 7, 8]
    assert [key.moves_from for key in keys(sheet)] == [0, 1, 2, 3, 5, 6, 7, None]


def test_pulldown_does_not_make_a_hold_of_six_film_frames_a_rest() -> None:
    # Eight frames of video show six of film.
    sheet = sheet_of([8, 2], fps=Fraction(30), pulldown=Pulldown(cycle=5, phase=2))
    assert found(sheet)[0] == (0, 0)


SHEETS = st.builds(
    lambda holds, camera, cadence, cut, pulldown: sheet_of(
        holds,
        cuts=() if cut >= len(holds) else (sum(holds[:cut]),),
        camera=[
            (min(start, sum(holds) - 1), min(start + length, sum(holds) - 1), kind)
            for start, length, kind in camera
        ],
        cadence=cadence,
        pulldown=pulldown,
    ),
    st.lists(st.integers(1, 14), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20), st.sampled_from(CAMERA_KINDS))),
    st.sampled_from([1, 2, 3, "mixed", None]),
    st.integers(1, 9),
    st.sampled_from([None, Pulldown(cycle=5, phase=0), Pulldown(cycle=5, phase=3)]),
)


@given(SHEETS)
def test_of_any_sheet_every_drawing_is_a_key_and_nothing_moves_before_its_key(sheet) -> None:
    made = list(keys(sheet))
    frames = [key.frame for key in made]
    assert frames == sorted(set(frames))
    assert {drawing.start for drawing in sheet.drawings} <= set(frames)
    assert {key.frame for key in made if key.begins_shot} == set(sheet.cuts)
    for key, following in zip(made, [*made[1:], None], strict=True):
        if following is None or following.begins_shot:
            assert key.moves_from is None
        else:
            assert key.frame <= key.moves_from < following.frame
