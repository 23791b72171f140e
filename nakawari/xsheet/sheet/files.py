"""Exposure sheets from disk."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from nakawari.errors import UserError
from nakawari.xsheet.sheet.reading import sheet_from_json
from nakawari.xsheet.sheet.sheet import ExposureSheet

MAX_BYTES = 2**26  # some 700,000 drawings; a larger file is a video given by mistake


def load_sheet(path: Path, *, fps: Fraction | None = None) -> ExposureSheet:
    """Read a sheet that ``nakawari xsheet --json`` wrote and a person may have edited.

    Raises ``UserError`` if the file cannot be read or its sheet contradicts itself. The message is
    one line that says what is wrong and what to do.

    Args:
        path: a file of JSON.
        fps: the clip's nominal frames a second, for a sheet that does not state them.
    """
    try:
        if path.exists() and not path.is_file():  # reading a FIFO would wait for its writer
            raise UserError(f"exposure sheet {path} is not a file; give its JSON file")
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is too large for an exposure sheet; give its JSON file")
        text = path.read_text(encoding="utf-8-sig")  # Windows editors add a byte order mark
    except OSError as error:
        raise UserError(
            f"cannot read exposure sheet {path} ({error.strerror}); check its name"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no exposure sheet, it is not even text; give the JSON that "
            "'nakawari xsheet --json' writes"
        ) from error
    try:
        return sheet_from_json(text, fps=fps)
    except ValueError as error:
        raise UserError(f"exposure sheet {path}: {error}") from error
