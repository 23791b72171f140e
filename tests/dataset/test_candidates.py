"""Threes of successive drawings, within a shot, timed by the drawings themselves."""

from fractions import Fraction

from nakawari.dataset.candidates import candidates, frame_time
from nakawari.dataset.settings import Reason
from nakawari.xsheet.sheet.clock import Pulldown
from tests.builders.sheets import sheet_of


def test_threes_never_cross_a_cut() -> None:
    found = [one.frames for one in candidates(sheet_of([2, 2, 2, 2, 3, 3, 3], cuts=(8,)))]
    assert found == [(0, 2, 4), (2, 4, 6), (8, 11, 14)]


def test_a_resting_drawing_gives_no_triplet_unless_it_is_the_last() -> None:
    found = list(candidates(sheet_of([2, 2, 12, 2, 2])))
    assert [one.rejected for one in found] == [None, Reason.PAUSE, Reason.PAUSE]
    assert found[0].frames == (0, 2, 4)


def test_a_shake_gives_no_triplet_and_a_pan_is_noted() -> None:
    sheet = sheet_of([2] * 8, camera=[(0, 4, "pan"), (10, 15, "shake")])
    found = list(candidates(sheet))
    assert [one.camera for one in found] == ["pan", "pan", None, None, "shake", "shake"]
    assert [one.rejected for one in found] == [None] * 4 + [Reason.SHAKE] * 2


def test_with_pulldown_a_hold_is_counted_in_film_frames() -> None:
    # Seven of 30 frames a second are six or five of film: on the limit at 24.
    assert next(candidates(sheet_of([7, 7, 7], fps=Fraction(30)))).rejected is None
    held = sheet_of([7, 7, 7], fps=Fraction(24), pulldown=Pulldown(cycle=5, phase=2))
    assert next(candidates(held)).rejected is None
    assert next(candidates(sheet_of([7, 7, 7], fps=Fraction(24)))).rejected is Reason.PAUSE


def test_the_time_is_that_of_the_drawings() -> None:
    assert frame_time((Fraction(1), Fraction(3, 2), Fraction(3))) == 0.25
