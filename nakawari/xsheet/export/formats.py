"""Which format a file's name asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.xsheet.export.after_effects import after_effects, is_keyframes
from nakawari.xsheet.export.otio import is_timeline, otio
from nakawari.xsheet.export.table import is_table, table
from nakawari.xsheet.export.xdts import is_xdts, xdts
from nakawari.xsheet.sheet.sheet import ExposureSheet


class Format(NamedTuple):
    """A format in which a sheet can be written."""

    write: Callable[[ExposureSheet, Path | None], str]  # the sheet, and where its clip is
    is_ours: Callable[[str], bool]  # whether an existing file's text is in this format


FORMATS = {
    ".xdts": Format(lambda sheet, media: xdts(sheet), is_xdts),
    ".ae.txt": Format(lambda sheet, media: after_effects(sheet), is_keyframes),
    ".otio": Format(otio, is_timeline),
    ".csv": Format(lambda sheet, media: table(sheet), is_table),
}


def format_of(path: Path) -> Format:
    """Return the format that a file's name asks for; ``UserError`` if it asks for none."""
    for ending, form in FORMATS.items():
        if path.name.lower().endswith(ending):
            return form
    raise UserError(
        f"--export: {path} names no format; let it end in "
        + ", ".join(list(FORMATS)[:-1])
        + f" or {list(FORMATS)[-1]}"
    )
