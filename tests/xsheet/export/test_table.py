"""The table has a row for every drawing, as any reader of comma-separated values finds it."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from nakawari.xsheet.export.table import is_table, table
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of
from tests.xsheet.export.shown import sheets


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(st.one_of(sheets(), sheets(varying=True)))
def test_the_sheet_can_be_recovered(sheet: ExposureSheet) -> None:
    read = rows(table(sheet))
    assert [(int(row["first_frame"]), int(row["hold"])) for row in read] == [
        (drawing.start, drawing.hold) for drawing in sheet.drawings
    ]
    assert [int(row["drawing"]) for row in read] == list(range(1, len(read) + 1))
    shots = {int(row["shot"]): int(row["first_frame"]) for row in reversed(read)}
    assert tuple(shots[number] for number in sorted(shots)) == (0, *sheet.cuts)


@given(st.one_of(sheets(), sheets(varying=True)))
def test_seconds_are_the_clips(sheet: ExposureSheet) -> None:
    for row in rows(table(sheet)):
        for name, frame in (("start", "first_frame"), ("end", "last_frame")):
            time = sheet.clock.time(int(row[frame]) + (name == "end"))
            assert abs(float(row[f"{name}_seconds"]) - time) < 1e-6


def test_the_whole_table_of_three_drawings_in_two_shots() -> None:
    assert table(sheet_of([2, 3, 1], cuts=(5,), fps=Fraction(24))).split("\r\n") == [
        "drawing,shot,first_frame,last_frame,hold,start_seconds,end_seconds,confidence",
        "1,1,0,1,2,0.000000,0.083333,1.0",
        "2,1,2,4,3,0.083333,0.208333,1.0",
        "3,2,5,5,1,0.208333,0.250000,1.0",
        "",
    ]


def test_it_is_known_again() -> None:
    assert is_table(table(sheet_of([1])))
    assert not is_table("frame,time\r\n")
