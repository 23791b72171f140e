"""XDTS, the digital time sheet of Japanese studios: JSON after a line that names it.

The layout is that of Celsys' "XDTS file format" of 2022-12-06. An entry of a cel holds one value, a
cell number or a symbol, and readers hold it until the next entry. The symbols are not needed here:
every frame of a clip shows a drawing, and a sheet does not tell which drawings are in-betweens.

OpenToonz reads only the first time table, and a number on a cel stands for one picture. All shots
are therefore on one table and one cel, and the numbers go on over the cuts. The same number again
would be the same drawing again.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from nakawari.xsheet.export.even import even_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet

IDENTIFIER = "exchangeDigitalTimeSheet Save Data"
VERSION = 5  # of 2018-11-29, which every reader knows
CELS = 0  # the field of drawings; others are dialogue (3) and camera work (5)
INSTRUCTION = 0  # the only kind of instruction that there is
CEL_NAME = "A"


def xdts(sheet: ExposureSheet) -> str:
    """Return a sheet as XDTS: a drawing's number where it starts, held until the next."""
    even = even_sheet(sheet)
    frames = [_frame(start, number) for number, start in enumerate(even.starts, 1)]
    table = {
        "name": PurePath(sheet.clip).stem,
        "duration": even.end,
        "fields": [{"fieldId": CELS, "tracks": [{"trackNo": 0, "frames": frames}]}],
        "timeTableHeaders": [{"fieldId": CELS, "names": [CEL_NAME]}],
    }
    content = {
        # Both are numbers of up to four digits, and a clip states neither.
        "header": {"cut": "1", "scene": "1"},
        "timeTables": [table],
        "version": VERSION,
    }
    return f"{IDENTIFIER}\n{json.dumps(content, ensure_ascii=False)}\n"


def is_xdts(text: str) -> bool:
    """Return whether a file's text is a time sheet in this format: its first line says so."""
    return text.partition("\n")[0].rstrip("\r") == IDENTIFIER


def _frame(start: int, number: int) -> dict[str, Any]:
    return {"frame": start, "data": [{"id": INSTRUCTION, "values": [str(number)]}]}
