"""The printed sheet says what a person needs, in animators' words, within the terminal's width."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.show.text import (
    cadence_words,
    exposure_rows,
    percent,
    pulldown_words,
    sheet_text,
    timecode,
)
from tests.builders.detections import one_shot, two_shots


def test_a_bar_is_a_new_drawing_a_dash_a_held_frame_and_a_tilde_a_moving_camera() -> None:
    sheet = two_shots()
    assert exposure_rows(sheet, sheet.shots[0]) == [
        "  0 | - | - | - | - | - | -",
        "                ~ ~ ~ ~ ~ ~",
    ]
    assert exposure_rows(sheet, sheet.shots[1]) == [" 12 | - - | - - | - -"]


@given(holds=st.lists(st.integers(1, 30), min_size=1, max_size=60), width=st.integers(1, 200))
def test_every_frame_has_one_symbol_at_any_width(holds: list[int], width: int) -> None:
    sheet = one_shot(holds)
    rows = exposure_rows(sheet, sheet.shots[0], width)
    margin = len(str(sheet.frames)) + 2
    assert all(len(row) <= max(width, margin + 1) for row in rows)
    symbols = "".join(row[margin:].replace(" ", "") for row in rows)
    assert symbols == "".join("|" + "-" * (hold - 1) for hold in holds)
    assert [int(row[:margin]) for row in rows] == [
        len(symbols[: index * len(rows[0][margin:].split())]) for index in range(len(rows))
    ]


def test_wrapped_rows_hold_a_dozen_frames_or_a_multiple() -> None:
    sheet = one_shot([2] * 50)
    assert [len(row.split()) - 1 for row in exposure_rows(sheet, sheet.shots[0], 70)] == [
        24
    ] * 4 + [4]


def test_a_shot_is_told_by_time_frames_cadence_rate_camera_and_confidence() -> None:
    text = sheet_text(two_shots())
    assert "clip.mp4: 21 frames, 0:00.876 at 23.976 frames/s" in text
    assert (
        "Shot 1: 0:00.000 to 0:00.500, frames 0-11\n"
        "  on twos, 11.99 drawings/s, 6 drawings; confidence 98 %\n"
        "  camera: pan over frames 6-11\n"
    ) in text
    assert (
        "Shot 2: 0:00.500 to 0:00.876, frames 12-20\n"
        "  on threes, 7.99 drawings/s, 3 drawings; confidence 95 %\n"
    ) in text


def test_the_last_line_sums_up() -> None:
    last = sheet_text(two_shots(unsure=(4,)), width=500).splitlines()[-1]
    assert last == (
        "9 drawings in 2 shots; holds: 2 frames (66 %), 3 frames (33 %); 1 camera move; "
        "1 drawing to check (confidence below 80 %)"
    )


def test_drawings_in_doubt_are_named_by_their_frames() -> None:
    assert "to check: frames 4, 8\n" in sheet_text(two_shots(unsure=(4, 8)))
    assert "to check" not in sheet_text(two_shots())


def test_many_drawings_in_doubt_are_named_up_to_eight() -> None:
    sheet = one_shot([2] * 20)
    doubtful = tuple(type(d)(start=d.start, hold=2, confidence=0.1) for d in sheet.drawings)
    text = sheet_text(type(sheet)(**{**vars(sheet), "drawings": doubtful}))
    assert "to check: frames 0, 2, 4, 6, 8, 10, 12, 14 and 12 more" in text


def test_telecine_is_said_with_the_rate_of_the_film() -> None:
    sheet = one_shot([1, 1, 1, 2] * 6)
    sheet = type(sheet)(
        **{**vars(sheet), "fps": Fraction(30000, 1001), "pulldown": Pulldown(cycle=5, phase=4)}
    )
    assert pulldown_words(sheet, sheet.pulldown) == (
        "telecine: 4 film frames in 5 video frames (frames 4, 9, 14, ... repeat the one before), "
        "so the film runs at 23.976 frames/s"
    )
    assert "telecine: 4 film frames" in sheet_text(sheet)


def test_where_the_rate_varies_times_are_the_frames_own() -> None:
    times = (0, Fraction(1, 12), Fraction(9, 4), Fraction(7, 3))
    sheet = replace(one_shot([1, 1, 1]), fps=Fraction(12), times=times)
    text = sheet_text(sheet)
    assert text.startswith("a.mp4: 3 frames, 0:02.333 at 12 frames/s, varying\n")
    assert "Shot 1: 0:00.000 to 0:02.333" in text


def test_the_text_fits_the_terminal_and_any_terminal_shows_it() -> None:
    text = sheet_text(two_shots(unsure=(4,), pulldown=Pulldown(cycle=5, phase=4)), width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert text.isascii()
    assert text.endswith("\n")


def test_a_terminal_of_no_width_still_gets_the_sheet() -> None:
    assert sheet_text(two_shots(), width=0).count("|") == 9


@pytest.mark.parametrize(
    ("cadence", "words"),
    [(1, "on ones"), (2, "on twos"), (3, "on threes"), (7, "on 7s"), ("mixed", "mixed"),
     (None, "still")],
)  # fmt: skip
def test_cadence_in_animators_words(cadence, words) -> None:
    assert cadence_words(cadence) == words


@pytest.mark.parametrize(
    ("time", "text"),
    [(Fraction(0), "0:00.000"), (Fraction(125, 2), "1:02.500"), (Fraction(59999, 1000), "0:59.999"),
     (Fraction(599996, 10000), "1:00.000"), (Fraction(3723), "1:02:03.000")],
)  # fmt: skip
def test_times_are_minutes_and_seconds(time, text) -> None:
    assert timecode(time) == text


@pytest.mark.parametrize(("confidence", "text"), [(1.0, "100 %"), (0.9999, "99 %"), (0.29, "29 %")])
def test_only_certainty_is_a_hundred_per_cent(confidence, text) -> None:
    assert percent(confidence) == text
