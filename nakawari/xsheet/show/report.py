"""The page: one HTML file of an exposure sheet that needs nothing beside it, nor a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nakawari import __version__
from nakawari.page import fill
from nakawari.xsheet.sheet.sheet import ExposureSheet
from nakawari.xsheet.show.curve import histogram
from nakawari.xsheet.show.parts import sheet_parts
from nakawari.xsheet.show.text import is_unsure, pulldown_words, timecode
from nakawari.xsheet.show.thumbnails import Thumbnails

if TYPE_CHECKING:
    from nakawari.xsheet.detect import Detection


def html_report(detection: Detection, thumbnails: Thumbnails) -> str:
    """Return the page: facts, timeline, histogram of holds, drawings to check, then every shot."""
    sheet = detection.sheet
    return fill(
        "nakawari/xsheet/show/report.html",
        version=__version__,
        sheet=sheet,
        facts=_facts(sheet, thumbnails),
        pulldown=sheet.pulldown and pulldown_words(sheet, sheet.pulldown),
        histogram=histogram(sheet.drawings),
        parts=sheet_parts(detection, thumbnails),
    )


def _facts(sheet: ExposureSheet, thumbnails: Thumbnails) -> dict[str, str]:
    unsure = sum(map(is_unsure, sheet.drawings))
    return {
        "length": timecode(sheet.clock.time(sheet.frames)),
        "frames": f"{sheet.frames:,}",
        "frames/s, varying" if sheet.times else "frames/s": f"{float(sheet.fps):.5g}",
        "picture": f"{thumbnails.width}×{thumbnails.height}",
        "shots": f"{len(sheet.shots):,}",
        "drawings": f"{len(sheet.drawings):,}",
        "camera moves": f"{len(sheet.camera):,}",
        "to check": f"{unsure:,}",
    }
