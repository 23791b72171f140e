"""A row for every drawing, as comma-separated values (RFC 4180)."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

from nakawari.xsheet.sheet.sheet import ExposureSheet

COLUMNS = (
    "drawing",  # from 1
    "shot",  # from 1
    "first_frame",  # from 0
    "last_frame",
    "hold",  # frames
    "start_seconds",
    "end_seconds",
    "confidence",  # 0 to 1
)


def table(sheet: ExposureSheet) -> str:
    """Return a sheet as a table; frames are the clip's own, also where their rate varies."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    number = 0
    for shot_number, shot in enumerate(sheet.shots, 1):
        for drawing in sheet.drawings_of(shot):
            number += 1
            span = [_seconds(sheet.clock.time(frame)) for frame in (drawing.start, drawing.end)]
            frames = [drawing.start, drawing.end - 1, drawing.hold]
            writer.writerow([number, shot_number, *frames, *span, drawing.confidence])
    return text.getvalue()


def is_table(text: str) -> bool:
    """Return whether a file's text is a sheet's table."""
    return text.startswith(",".join(COLUMNS))


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"
