"""A sheet that a person edited is read back, or refused in one line that says what to do."""

import json
import os
import time
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakawari.errors import UserError
from nakawari.parsing import MAX_SEED
from nakawari.xsheet.sheet.clock import Pulldown
from nakawari.xsheet.sheet.files import MAX_BYTES, load_sheet
from nakawari.xsheet.sheet.reading import sheet_from_json
from nakawari.xsheet.sheet.sheet import (
    CAMERA_KINDS,
    CameraMove,
    ExposureSheet,
    SheetDrawing,
    Shot,
    Take,
)
from nakawari.xsheet.sheet.shots import split_into_shots
from tests.builders.sheets import sheet_of

SHARES = st.floats(0, 1)
TO_SIXTY = Pulldown(cycle=5, phase=3, film=2)
GAPS = st.integers(1, 3_000_000).map(lambda microseconds: Fraction(microseconds, 10**6))
CHANGED_BY_SOMEBODY = (
    {"cadence": 1, "animation_fps": 0.004},
    {"cadence": 3, "animation_fps": None},
    {"cadence": None, "animation_fps": 7.992},
)


@st.composite
def sheets(draw) -> ExposureSheet:
    """Draw any sheet that holds together."""
    holds = draw(st.lists(st.integers(1, 9), min_size=1, max_size=9))
    starts = [sum(holds[:number]) for number in range(1, len(holds))]
    cuts = tuple(start for start in starts if draw(st.booleans()))
    last = sum(holds) - 1
    spans = draw(st.lists(st.tuples(st.integers(0, last), st.integers(0, last)), max_size=3))
    plain = sheet_of(
        holds,
        cuts,
        [(*sorted(span), draw(st.sampled_from(CAMERA_KINDS))) for span in spans],
        fps=draw(st.fractions(Fraction(1, 10), 240, max_denominator=1001)),
        pulldown=draw(
            st.sampled_from([None, Pulldown(cycle=5, phase=0), Pulldown(cycle=5, phase=3, film=2)])
        ),
    )
    if plain.pulldown is None and draw(st.booleans()):
        gaps = draw(st.lists(GAPS, min_size=plain.frames, max_size=plain.frames))
        plain = replace(plain, times=tuple(accumulate(gaps, initial=Fraction(0))))
    shots = split_into_shots(plain.drawings, cuts, plain.clock)
    pictures = sorted(draw(st.sets(st.integers(0, last), max_size=4)))
    return replace(
        plain,
        takes=tuple(
            Take(start=start, next=following, seed=draw(st.integers(0, MAX_SEED)))
            for start, following in pairwise(pictures)
        ),
        clip=draw(st.text()),
        drawings=tuple(replace(drawing, confidence=draw(SHARES)) for drawing in plain.drawings),
        shots=tuple(
            replace(
                shot, confidence=draw(SHARES), **draw(st.sampled_from([{}, *CHANGED_BY_SOMEBODY]))
            )
            for shot in shots
        ),
    )


@given(sheets())
def test_what_was_written_is_read_back_as_it_was(sheet) -> None:
    assert sheet_from_json(sheet.to_json()) == sheet


def test_a_sheet_without_a_chosen_take_says_nothing_of_takes() -> None:
    assert "takes" not in sheet_of([2, 2]).to_json()


def read(**changes: Any) -> ExposureSheet:
    """Read a sheet of six frames, two drawings and one shot, with ``changes``."""
    sheet = {"clip": "a.mp4", "fps": "24", "frames": 6, "drawings": [{"start": 0}, {"start": 4}]}
    return sheet_from_json(json.dumps(sheet | changes))


def holds(sheet: ExposureSheet) -> list[tuple[int, int]]:
    return [(drawing.start, drawing.hold) for drawing in sheet.drawings]


def test_starts_are_enough() -> None:
    sheet = sheet_from_json('{"drawings": [{"start": 0}, {"start": 4, "hold": 2}]}')
    assert holds(sheet) == [(0, 4), (4, 2)]
    assert (sheet.frames, sheet.fps, sheet.cuts, sheet.camera) == (6, 24, (), ())
    assert len(sheet.shots) == 1
    assert [drawing.confidence for drawing in sheet.drawings] == [1, 1]


def test_the_rate_of_the_clip_counts_where_the_sheet_has_none() -> None:
    assert sheet_from_json('{"frames": 1, "drawings": [{"start": 0}]}', fps=Fraction(25)).fps == 25


def test_frames_bound_the_last_hold() -> None:
    assert holds(read()) == [(0, 4), (4, 2)]


def test_a_cut_that_was_added_splits_its_shot_and_its_drawing() -> None:
    old = Shot(start=0, end=5, cadence=3, animation_fps=8.0, confidence=0.5)
    sheet = read(cuts=[2], shots=[vars(old)])
    assert holds(sheet) == [(0, 2), (2, 2), (4, 2)]
    assert [(shot.start, shot.end, shot.cadence) for shot in sheet.shots] == [
        (0, 1, None),
        (2, 5, None),  # a single whole drawing is no rhythm
    ]


def test_a_cut_that_was_removed_joins_its_shots() -> None:
    shots = [Shot(start=a, end=b, cadence=None, animation_fps=None) for a, b in [(0, 3), (4, 5)]]
    sheet = read(cuts=[], shots=[vars(shot) for shot in shots])
    assert [(shot.start, shot.end) for shot in sheet.shots] == [(0, 5)]


def test_shots_whose_frames_the_cuts_confirm_are_kept() -> None:
    shots = (
        Shot(start=0, end=1, cadence=1, animation_fps=None, confidence=0.5),
        Shot(start=2, end=5, cadence=4, animation_fps=None, confidence=0.25),
    )
    sheet = read(cuts=[4, 2], shots=[vars(shot) for shot in shots])
    assert sheet.cuts == (2, 4)
    assert sheet.shots[0] == shots[0]
    assert [(shot.start, shot.end) for shot in sheet.shots[1:]] == [(2, 3), (4, 5)]


@pytest.mark.parametrize(
    ("stated", "cadence"),
    [
        ({"cadence": 3, "animation_fps": 8.0}, 2),  # the drawings were edited
        ({"cadence": None}, 2),
        ({"cadence": "mixed", "animation_fps": 9.1}, 2),
        ({"cadence": 3, "animation_fps": 12.0}, 3),  # the cadence was
        ({"cadence": 3}, 3),
        ({"cadence": None, "animation_fps": 12.0}, None),
    ],
)
def test_a_shots_cadence_follows_its_drawings_unless_somebody_changed_it(stated, cadence) -> None:
    drawings = [{"start": start} for start in range(0, 20, 2)]
    shots = [{"start": 0, "end": 19, "confidence": 0.5, **stated}]
    shot = read(frames=20, drawings=drawings, shots=shots).shots[0]
    assert (shot.cadence, shot.confidence) == (cadence, 0.5)


def test_where_the_rate_varies_cadence_goes_by_the_times() -> None:
    times = [*(frame / 12 for frame in range(9)), 3.0, 3 + 1 / 12]
    sheet = read(frames=10, drawings=[{"start": frame} for frame in range(10)], times=times)
    assert (sheet.shots[0].cadence, sheet.shots[0].animation_fps) == (2, 12.0)


def test_without_cuts_the_shots_tell_them() -> None:
    shots = [{"start": 0, "end": 3}, {"start": 4, "end": 5}]
    assert read(shots=shots).cuts == (4,)


def test_windows_editors_may_put_their_mark_before_the_text(tmp_path) -> None:
    path = tmp_path / "a.json"
    path.write_text(sheet_of([2, 3]).to_json(), encoding="utf-8-sig")
    assert load_sheet(path) == sheet_of([2, 3])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"drawings": []}, '"drawings" is empty; list at least'),
        ({"drawings": {"start": 0}}, '"drawings" is .*; write a list'),
        ({"drawings": [0, 4]}, 'drawing 1 is 0; write it as {"start": ...'),
        ({"drawings": [{"start": 1}]}, "drawing 1 starts at frame 1; the first must start at 0"),
        ({"drawings": [{"hold": 6}]}, 'drawing 1 has no "start"; give a whole number'),
        ({"drawings": [{"start": "0"}]}, 'drawing 1 has "start": "0"; give a whole number'),
        ({"drawings": [{"start": True}]}, 'drawing 1 has "start": true; give a whole number'),
        ({"drawings": [{"start": 0.0}]}, 'drawing 1 has "start": 0.0; give a whole number'),
        (
            {"drawings": [{"start": 0}, {"start": 4}, {"start": 3}]},
            "drawing 3 starts at frame 3, not after drawing 2 at 4; put the drawings in order",
        ),
        (
            {"drawings": [{"start": 0, "hold": 5}, {"start": 4}]},
            r"drawing 1 \(start 0, hold 5\) lasts until frame 5, but the next one starts at 4; "
            "set its hold to 4",
        ),
        (
            {"drawings": [{"start": 0, "hold": 3}, {"start": 4}]},
            r"drawing 1 \(start 0, hold 3\) lasts until frame 3, but the next one starts at 4; "
            "set its hold to 4",
        ),
        (
            {"drawings": [{"start": 0, "hold": 7}]},
            "lasts until frame 7, but the sheet has 6 frames; set its hold to 6",
        ),
        ({"drawings": [{"start": 0, "hold": 0}]}, 'has "hold": 0; give a whole number from 1'),
        ({"drawings": [{"start": 0, "hld": 6}]}, 'unknown key "hld"; write "hold"'),
        ({"drawings": [{"start": 0, "confidence": 2}]}, "confidence.*2; give a number from 0 to 1"),
        ({"drawings": [{"start": 0, "confidence": "x"}]}, "confidence.*; give a number"),
        ({"drawings": [{"start": 0, "confidence": float("nan")}]}, "NaN; give a number"),
        ({"frames": 4}, '"frames": 4; give a whole number from 5'),
        ({"frames": "6"}, '"frames": "6"; give a whole number'),
        ({"cuts": [0]}, '"cuts" has 0; a cut is the first frame of a new shot.*from 1 to 5'),
        ({"cuts": [6]}, '"cuts" has 6; a cut is'),
        ({"cuts": ["2"]}, '"cuts" has "2"; a cut is'),
        ({"cuts": 2}, '"cuts" is 2; write a list'),
        ({"camera": [{"start": 0, "end": 5, "kind": "tilt"}]}, 'camera move 1.*"tilt"; give one'),
        ({"camera": [{"start": 0, "end": 6, "kind": "pan"}]}, 'camera move 1 has "end": 6; give'),
        ({"camera": [{"start": 3, "end": 2, "kind": "pan"}]}, "from 3 to 5"),
        ({"shots": [{"start": 0, "end": 9}]}, 'shot 1 has "end": 9; give'),
        ({"shots": [{"start": 0, "end": 5, "cadence": "ones"}]}, 'or "mixed", or null'),
        ({"shots": [{"start": 0, "end": 5, "animation_fps": "12"}]}, 'animation_fps": "12"; give'),
        ({"pulldown": {"cycle": 5, "phase": 5}}, 'pulldown has "phase": 5; give .* from 0 to 4'),
        ({"pulldown": {"cycle": 2**31, "phase": 5}}, 'pulldown has "cycle": 2147483648; give'),
        ({"pulldown": {"cycle": 1, "phase": 0}}, 'pulldown has "cycle": 1; give'),
        ({"fps": 0}, '"fps": 0; give the rate of the clip'),
        ({"fps": "1e999999999"}, '"fps": "1e999999999"; give'),
        ({"fps": "24/0"}, '"fps": "24/0"; give'),
        ({"clip": 5}, '"clip": 5; put it in quotation marks'),
        ({"times": [0, 1]}, '"times" must be 7 growing numbers'),
        ({"times": [0, 1, 2, 2, 3, 4, 5]}, '"times" must be 7 growing numbers'),
        ({"times": [0, 1, 2, 3, 4, 5, None]}, '"times" must be 7 growing numbers'),
        ({"times": 4}, '"times" is 4; write a list'),
        ({"takes": 4}, '"takes" is 4; write a list'),
        ({"takes": [3]}, 'take 1 is 3; write it as {"start": ..., "next": ..., "seed": ...}'),
        ({"takes": [{"start": 0, "next": 4}]}, 'take 1 has no "seed"; give a whole number'),
        ({"takes": [{"start": 0, "next": 4, "seed": -1}]}, 'take 1 has "seed": -1; give'),
        ({"takes": [{"start": 4, "next": 4, "seed": 1}]}, 'take 1 has "next": 4; .* from 5 to 5'),
        (
            {"takes": [{"start": 0, "next": 4, "seed": 1}, {"start": 2, "next": 5, "seed": 1}]},
            "take 2 starts at frame 2, before take 1 ends at 4; put the takes in order",
        ),
        ({"colour": "red"}, 'unknown key "colour"; remove it'),
    ],
)
def test_a_sheet_that_does_not_hold_together_fails(changes, words) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"drawings": [\n{"start": 0}\n{"start": 4}]}', "line 3, column 1 is no JSON .*comma"),
        ("", "it is empty; give the JSON"),
        ("[1, 2]", "it is no exposure sheet"),
        ('{"streams": []}', 'no "drawings"; give the JSON that'),
        ("[" * 100_000, "nested too deeply"),
        ('{"frames": 6, "drawings": [{"start": 0, "start": 1}]}', '"start" stands twice'),
        ('{"drawings": [{"start": 0}]}', 'has no "hold" and the sheet no "frames"; give one'),
        ('{"frames": 1' + "0" * 5000 + ', "drawings": []}', "a number of 5001 digits; shorten it"),
    ],
)
def test_text_that_is_no_sheet_fails(text, words) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        sheet_from_json(text)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_sheet_fails_by_name(tmp_path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(UserError, match=r"a\.json: it is no exposure sheet"):
        load_sheet(path)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", bytes(range(256))])
def test_a_file_that_is_no_text_fails(tmp_path, content) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match="it is not even text; give the JSON"):
        load_sheet(path)


def test_a_missing_file_fails(tmp_path) -> None:
    with pytest.raises(UserError, match=r"cannot read exposure sheet .*; check its name"):
        load_sheet(tmp_path / "none.json")


def test_a_folder_or_a_pipe_that_nobody_writes_to_fails_at_once(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UserError, match="is not a file; give its JSON file"):
            load_sheet(path)


def test_shots_that_overlap_fail_where_no_cuts_are_listed() -> None:
    shots = [{"start": 0, "end": 5}, {"start": 3, "end": 5}]
    with pytest.raises(ValueError, match=r"shot 2 starts at frame 3, not after shot 1.*\"cuts\""):
        sheet_from_json(json.dumps({"drawings": [{"start": 0, "hold": 6}], "shots": shots}))


def test_a_key_that_stands_twice_among_many_is_found_at_once() -> None:
    keys = ", ".join(f'"{number}": 0' for number in [*range(50_000), *range(50_000)])
    began = time.monotonic()
    with pytest.raises(ValueError, match="stands twice"):
        sheet_from_json("{" + keys + "}")
    assert time.monotonic() - began < 20


def test_a_film_given_for_a_sheet_fails_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UserError, match="too large for an exposure sheet"):
        load_sheet(path)


def test_a_drawing_split_by_a_cut_keeps_its_confidence() -> None:
    drawing = SheetDrawing(start=0, hold=6, confidence=0.5)
    sheet = read(cuts=[3], drawings=[vars(drawing)], camera=[vars(CAMERA)])
    assert [part.confidence for part in sheet.drawings] == [0.5, 0.5]
    assert sheet.camera == (CAMERA,)


CAMERA = CameraMove(start=1, end=4, kind="zoom")
