"""Corrections change what they say and no more, and each can be undone."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.errors import UserError
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.editing import (
    Correction,
    chosen,
    corrected,
    cut_toggled,
    merged,
    moved,
    part_of,
    split,
    together,
)
from nakawari.xsheet.sheet.reading import sheet_from_json
from nakawari.xsheet.sheet.sheet import ExposureSheet, Take
from tests.builders.sheets import sheet_of


def starts(sheet: ExposureSheet) -> list[int]:
    return [drawing.start for drawing in sheet.drawings]


@pytest.fixture
def sheet() -> ExposureSheet:
    """Drawings at 0, 2, 4, 6, 9 and 12, a cut at 6, 15 frames."""
    return sheet_of([2, 2, 2, 3, 3, 3], cuts=(6,), camera=[(4, 9, "pan")])


def test_an_edge_between_two_holds_moves(sheet) -> None:
    after = corrected(sheet, moved(sheet, 4, 3))
    assert starts(after) == [0, 2, 3, 6, 9, 12]
    assert after.cuts == (6,)
    assert after.drawings[2].hold == 3


def test_a_cut_moves_with_its_drawing(sheet) -> None:
    after = corrected(sheet, moved(sheet, 6, 7))
    assert after.cuts == (7,)
    assert [(shot.start, shot.end) for shot in after.shots] == [(0, 6), (7, 14)]


@pytest.mark.parametrize("to", [2, 6])
def test_an_edge_does_not_pass_its_neighbours_fails(sheet, to) -> None:
    with pytest.raises(UserError, match="can begin at frames 3 to 5"):
        moved(sheet, 4, to)


def test_two_drawings_become_one_also_across_a_cut(sheet) -> None:
    after = corrected(sheet, merged(sheet, 6))
    assert starts(after) == [0, 2, 4, 9, 12]
    assert after.cuts == ()
    assert len(after.shots) == 1


def test_a_hold_is_split(sheet) -> None:
    assert starts(corrected(sheet, split(sheet, 7))) == [0, 2, 4, 6, 7, 9, 12]


@pytest.mark.parametrize("change", [merged, lambda sheet, frame: moved(sheet, frame, 1)])
@pytest.mark.parametrize(("frame", "match"), [(0, "stays there"), (3, "no drawing begins")])
def test_only_where_a_drawing_begins_fails(sheet, change, frame, match) -> None:
    with pytest.raises(UserError, match=match):
        change(sheet, frame)


@pytest.mark.parametrize("frame", [0, 9])
def test_a_drawing_is_not_split_where_one_begins_fails(sheet, frame) -> None:
    with pytest.raises(UserError, match="begins at frame"):
        split(sheet, frame)


def test_a_cut_is_marked_within_a_hold_and_taken_away(sheet) -> None:
    after = corrected(sheet, cut_toggled(sheet, 10))
    assert after.cuts == (6, 10)
    assert 10 in starts(after)
    back = corrected(after, cut_toggled(after, 10))
    assert back.cuts == (6,)
    assert 10 in starts(back)


def test_what_a_person_set_is_certain_and_the_rest_as_it_was() -> None:
    text = '{"frames": 9, "drawings": [{"start": 0, "confidence": 0.5}, {"start": 3, '
    text += '"confidence": 0.6}, {"start": 6, "confidence": 0.7}]}'
    sheet = sheet_from_json(text)
    after = corrected(sheet, moved(sheet, 6, 7))
    assert [drawing.confidence for drawing in after.drawings] == [0.5, 1.0, 1.0]


@pytest.mark.parametrize("frame", [0, 15, -1])
def test_nothing_changes_outside_the_clip_fails(sheet, frame) -> None:
    with pytest.raises(UserError, match="can be changed at frames 1 to 14"):
        corrected(sheet, Correction(frozenset({frame})))


def test_no_cut_is_left_within_a_drawing_fails(sheet) -> None:
    with pytest.raises(UserError, match="a cut at frame 6 needs a drawing"):
        corrected(sheet, Correction(frozenset({6})))


def taken(sheet: ExposureSheet) -> list[tuple[int, int, int]]:
    return [(take.start, take.next, take.seed) for take in sheet.takes]


def test_a_take_is_chosen_changed_and_taken_away(sheet) -> None:
    first = corrected(sheet, chosen(sheet, 2, 4, 3))
    second = corrected(first, chosen(first, 0, 2, 1))
    changed = corrected(second, chosen(second, 2, 4, 0))
    assert taken(first) == [(2, 4, 3)]
    assert taken(second) == [(0, 2, 1), (2, 4, 3)]
    assert taken(changed) == [(0, 2, 1), (2, 4, 0)]
    assert taken(corrected(changed, chosen(changed, 2, 4, None))) == [(0, 2, 1)]


def test_a_take_chosen_and_undone_leaves_the_very_same_text(sheet) -> None:
    choice = chosen(sheet, 2, 4, 3)
    assert corrected(sheet, together([choice, choice])).to_json() == sheet.to_json()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda sheet: moved(sheet, 4, 5), [(9, 12, 7)]),  # where it leads to
        (lambda sheet: moved(sheet, 2, 1), [(9, 12, 7)]),  # where it comes from
        (lambda sheet: split(sheet, 3), [(9, 12, 7)]),  # what lies between
        (lambda sheet: merged(sheet, 4), [(9, 12, 7)]),
        (lambda sheet: cut_toggled(sheet, 4), [(9, 12, 7)]),
        (lambda sheet: split(sheet, 7), [(2, 4, 3), (9, 12, 7)]),
    ],
)
def test_a_correction_takes_the_takes_of_changed_pictures_away(sheet, change, left) -> None:
    sheet = corrected(sheet, chosen(sheet, 2, 4, 3))
    sheet = corrected(sheet, chosen(sheet, 9, 12, 7))
    correction = change(sheet)
    assert taken(corrected(sheet, correction)) == left
    assert corrected(sheet, together([correction, correction])) == sheet  # undone, all are back


@pytest.mark.parametrize(
    ("start", "following", "match"),
    [(4, 4, "from 4 to 4"), (12, 15, "0 to 14"), (-1, 2, "from -1"), (4, 6, "a cut between")],
)
def test_a_take_lies_between_two_frames_of_a_shot_fails(sheet, start, following, match) -> None:
    with pytest.raises(UserError, match=match):
        chosen(sheet, start, following, 1)


def test_a_part_has_the_takes_that_lie_in_it(sheet) -> None:
    sheet = replace(
        sheet, takes=(Take(start=2, next=4, seed=3), Take(start=9, next=12, seed=2**40))
    )
    assert taken(part_of(sheet, 2, 15)) == [(0, 2, 3), (7, 10, 2**40)]
    assert taken(part_of(sheet, 3, 12)) == []  # both lead out of it


FRAMES = st.frozensets(st.integers(1, 14), max_size=6)


@given(st.lists(st.tuples(FRAMES, FRAMES), max_size=4))
def test_all_corrections_made_twice_leave_all_as_it_was(pairs) -> None:
    sheet = sheet_of([2, 2, 2, 3, 3, 3], cuts=(6,))
    corrections = [Correction(*pair) for pair in pairs]
    assert corrected(sheet, together([*corrections, *corrections])) == sheet


@given(st.sampled_from([2, 4, 9, 12]), st.integers(1, 14))
def test_the_sheet_holds_together_after_a_correction(start, frame) -> None:
    sheet = sheet_of([2, 2, 2, 3, 3, 3], cuts=(6,))
    for change in (merged(sheet, start), cut_toggled(sheet, frame)):
        after = corrected(sheet, change)
        assert sheet_from_json(after.to_json()) == after


@given(st.data())
def test_a_part_shows_at_each_frame_what_the_whole_shows(data) -> None:
    sheet = sheet_of([2, 2, 2, 3, 3, 3], cuts=(6,), camera=[(4, 9, "pan")])
    first = data.draw(st.integers(0, 14))
    end = data.draw(st.integers(first + 1, 15))
    part = part_of(sheet, first, end)
    assert part.frames == end - first
    whole_starts = {max(drawing.start, first) for drawing in sheet.drawings if drawing.end > first}
    assert starts(part) == sorted(start - first for start in whole_starts if start < end)
    assert part.cuts == tuple(cut - first for cut in (6,) if first < cut < end)
    for frame in range(first, end):
        moves = [move for move in part.camera if move.start <= frame - first <= move.end]
        assert len(moves) == (4 <= frame <= 9)
    assert sheet_from_json(part.to_json()) == part


def test_a_part_keeps_pulldown_and_times() -> None:
    sheet = sheet_of([5, 5, 5], pulldown=Pulldown(cycle=5, phase=3))
    part = part_of(sheet, 4, 12)
    assert part.pulldown is not None
    for frame in range(4, 12):
        assert part.pulldown.repeats(frame - 4) == sheet.pulldown.repeats(frame)
    times = tuple(Fraction(number * number, 24) for number in range(7))
    part = part_of(sheet_of([3, 3], times=times), 2, 5)
    assert part.times is not None
    assert part.times[0] == 0
    assert [b - a for a, b in pairwise(part.times)] == [b - a for a, b in pairwise(times[2:6])]


@pytest.mark.parametrize(("first", "end"), [(3, 3), (-1, 4), (4, 16)])
def test_a_part_lies_in_the_clip_fails(sheet, first, end) -> None:
    with pytest.raises(ValueError, match="are no part of 15"):
        part_of(sheet, first, end)
