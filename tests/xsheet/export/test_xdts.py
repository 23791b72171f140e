"""A time sheet in XDTS shows every drawing on the frames on which the clip does."""

from __future__ import annotations

import json

import jsonschema
from hypothesis import given

from nakawari.xsheet.export.xdts import is_xdts, xdts
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of
from tests.xsheet.export.readers import XDTS_SCHEMA, Column, read_xdts
from tests.xsheet.export.shown import drawing_by_frame, sheets


@given(sheets())
def test_the_sheet_can_be_recovered(sheet: ExposureSheet) -> None:
    assert read_xdts(xdts(sheet)) == [Column("A", drawing_by_frame(sheet))]


@given(sheets(varying=True))
def test_where_the_rate_varies_no_drawing_is_lost(sheet: ExposureSheet) -> None:
    (column,) = read_xdts(xdts(sheet))
    assert list(dict.fromkeys(column.cells)) == list(range(1, len(sheet.drawings) + 1))


@given(sheets())
def test_it_is_as_the_format_demands(sheet: ExposureSheet) -> None:
    """The first line is the identifier, and the rest is JSON by the schema."""
    text = xdts(sheet)
    first, rest = text.split("\n", 1)
    assert first == "exchangeDigitalTimeSheet Save Data"
    jsonschema.validate(json.loads(rest), XDTS_SCHEMA)


@given(sheets())
def test_the_cels_keep_the_notes_to_the_schema(sheet: ExposureSheet) -> None:
    """Each rule is quoted from the notes of Celsys' document, as OpenToonz's ``xdtsio.h`` has them.

    They are (*1) to (*7); (*4) lists the symbols, of which none is used.
    """
    (table,) = json.loads(xdts(sheet).split("\n", 1)[1])["timeTables"]
    # (*1) "0 Cell: Field for cell numbers"
    (field,) = table["fields"]
    (header,) = table["timeTableHeaders"]
    assert field["fieldId"] == header["fieldId"] == 0
    # (*6) "Set as 0 for the bottom layer."
    (track,) = field["tracks"]
    assert track["trackNo"] == 0
    # (*7) "Specify layer names with trackNo's that match numbers counted as 0,1,2, etc."
    assert len(header["names"]) == 1
    # (*5) "Set as 0 when specifying the first frame."
    frames = [entry["frame"] for entry in track["frames"]]
    assert frames[0] == 0
    assert frames == sorted(set(frames))
    assert frames[-1] < table["duration"]
    for entry in track["frames"]:
        # (*2) "Currently only supports instructions with id=0."
        (instruction,) = entry["data"]
        assert instruction["id"] == 0
        # (*3) "Enter the cell number string and special instruction string (value element
        # numbers: 1)"
        (value,) = instruction["values"]
        assert value.isdecimal()


def test_the_whole_file_of_three_drawings_in_two_shots() -> None:
    entries = [(0, "1"), (2, "2"), (5, "3")]
    frames = [{"frame": at, "data": [{"id": 0, "values": [value]}]} for at, value in entries]
    assert json.loads(xdts(sheet_of([2, 3, 1], cuts=(5,))).split("\n", 1)[1]) == {
        "header": {"cut": "1", "scene": "1"},
        "timeTables": [
            {
                "name": "clip",
                "duration": 6,
                "fields": [{"fieldId": 0, "tracks": [{"trackNo": 0, "frames": frames}]}],
                "timeTableHeaders": [{"fieldId": 0, "names": ["A"]}],
            }
        ],
        "version": 5,
    }


def test_it_is_known_again() -> None:
    assert is_xdts(xdts(sheet_of([1])))
    assert is_xdts(xdts(sheet_of([1])).replace("\n", "\r\n"))
    assert not is_xdts("toeiDigitalTimeSheet Save Data\n{}")
    assert not is_xdts("exchangeDigitalTimeSheet Save Database\n{}")
