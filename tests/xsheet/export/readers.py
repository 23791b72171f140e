"""What the programs make of the exports, by their own rules: the drawing shown on every frame.

Each follows a published reader or description of its format, not what is written here.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import NamedTuple

# The JSON schema in Celsys' "XDTS file format" of 2022-12-06. Header, fields and tracks are as in
# the Japanese document (a copy is at https://studylib.net/doc/27619860/xdtsfileformat-ver10-ja),
# as far as it could be read. The rest is as comments quote it in earlier versions of OpenToonz's
# ``xdtsio.h`` and in that of its XDTS viewer (https://github.com/shun-iwasawa/xdts_viewer). They
# know version 5 only; that there is a version 10 is from another reader. Two things are stricter
# than the document: the patterns are for the whole text, and ``data`` is not empty, because
# OpenToonz reads its first item.
XDTS_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema",
    "type": "object",
    "required": ["timeTables", "version"],
    "properties": {
        "version": {"type": "integer", "enum": [5, 10]},
        "header": {
            "type": "object",
            "required": ["cut", "scene"],
            "properties": {
                "cut": {"type": "string", "pattern": r"^\d{1,4}$"},
                "scene": {"type": "string", "pattern": r"^\d{1,4}$"},
            },
        },
        "timeTables": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["duration", "name", "timeTableHeaders"],
                "properties": {
                    "name": {"type": "string"},
                    "duration": {"type": "integer", "minimum": 1},
                    "timeTableHeaders": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["fieldId", "names"],
                            "properties": {
                                "fieldId": {"type": "integer", "enum": [0, 3, 5]},
                                "names": {"type": "array", "items": {"type": "string"}},
                            },
                        },
                    },
                    "fields": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["fieldId", "tracks"],
                            "properties": {
                                "fieldId": {"type": "integer", "enum": [0, 3, 5]},
                                "tracks": {
                                    "type": "array",
                                    "items": {"$ref": "#/definitions/track"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "definitions": {
        "track": {
            "type": "object",
            "required": ["frames", "trackNo"],
            "properties": {
                "trackNo": {"type": "integer", "minimum": 0},
                "frames": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["data", "frame"],
                        "properties": {
                            "frame": {"type": "integer", "minimum": 0},
                            "data": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"$ref": "#/definitions/instruction"},
                            },
                        },
                    },
                },
            },
        },
        "instruction": {
            "type": "object",
            "required": ["id", "values"],
            "properties": {
                "id": {"type": "integer", "enum": [0]},
                "values": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            },
        },
    },
}


class Column(NamedTuple):
    """A cel of a time sheet."""

    name: str
    cells: list[int | None]  # the number of the picture on each frame; None is an empty cell


def read_xdts(text: str) -> list[Column]:
    """Return the cels as OpenToonz loads them.

    It drops the line that names the format, takes the first table alone, fills the frames between
    two entries with the first of the two, and goes on with the last one to the table's duration.
    """
    identifier = "exchangeDigitalTimeSheet Save Data"
    assert text.startswith(identifier)
    table = json.loads(text[len(identifier) :])["timeTables"][0]
    (names,) = [item["names"] for item in table["timeTableHeaders"] if item["fieldId"] == 0]
    (tracks,) = [item["tracks"] for item in table["fields"] if item["fieldId"] == 0]
    return [Column(names[track["trackNo"]], _cells(track, table["duration"])) for track in tracks]


def _cells(track: dict, duration: int) -> list[int | None]:
    cells: list[int | None] = []
    for entry in sorted(track["frames"], key=lambda entry: entry["frame"]):
        while len(cells) < entry["frame"]:
            cells.append(cells[-1] if cells else None)
        value = entry["data"][0]["values"][0]
        if value in ("SYMBOL_HYPHEN", "SYMBOL_TICK_1", "SYMBOL_TICK_2"):
            cells.append(cells[-1] if cells else None)
        else:
            cells.append(None if value == "SYMBOL_NULL_CELL" else int(value))
    return cells + [cells[-1]] * (duration - len(cells))


class Keys(NamedTuple):
    """Keyframes of one property that were pasted."""

    rate: float  # frames a second
    values: dict[int, float]  # by frame


def read_keyframes(text: str) -> Keys:
    """Return the time-remap keys of text as After Effects copies it.

    Lines about the whole and rows of keys begin with a tab, the property's name does not; a
    property's columns are named in the line after it, and an empty line ends its rows.
    """
    lines = text.splitlines()
    assert lines[0].startswith("Adobe After Effects ")
    assert lines[0].endswith(" Keyframe Data")
    rate = next(line.split("\t")[2] for line in lines if line.startswith("\tUnits Per Second\t"))
    first = lines.index("Time Remap") + 1
    assert lines[first].split("\t")[1:3] == ["Frame", "seconds"]
    after = lines.index("", first)
    rows = [line.split("\t") for line in lines[first + 1 : after]]
    assert "End of Keyframe Data" in lines[after:]
    return Keys(float(rate), {int(row[1]): float(row[2]) for row in rows})


def remapped(keys: Keys, frame: int) -> float:
    """Return the time of the source that a frame shows [s]: between keys it goes evenly."""
    before = max(at for at in keys.values if at <= frame)
    after = min((at for at in keys.values if at >= frame), default=before)
    if after == before:
        return keys.values[before]
    part = (frame - before) / (after - before)
    return keys.values[before] + part * (keys.values[after] - keys.values[before])


def source_frame(seconds: float, fps: Fraction) -> int:
    """Return the frame of constant-rate footage that is shown at a time."""
    return math.floor(seconds * float(fps))
