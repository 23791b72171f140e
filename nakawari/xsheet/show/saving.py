"""Writing a sheet or its page: whole or not at all, and never over something else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from nakawari.errors import UserError
from nakawari.whole import check_name, check_writable, write_whole

# A page is recognised by this, so that no other kind of file is overwritten.
GENERATOR = '<meta name="generator" content="nakawari xsheet'
MAX_SIZE = 2**28  # bytes; the sheet of a day of video, or the largest page, is a tenth of it


def is_sheet(text: str) -> bool:
    """Return whether a file's text is a sheet's JSON."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "drawings" in content


def is_page(text: str) -> bool:
    """Return whether a file's text is a page that was made here."""
    return GENERATOR in text[:1000]


def check_target(
    path: Path, source: Path, option: str, is_ours: Callable[[str], bool], overwrite: bool = False
) -> None:
    """Raise ``UserError`` if ``path`` cannot be written.

    An existing file is replaced only if it is empty, or of the kind that is to be written.

    Args:
        path: the file that is to be written.
        source: the clip.
        option: the option by which the user named it, for the message.
        is_ours: says whether an existing file's text is of the kind to be written.
        overwrite: replace any file but the clip.
    """
    check_name(path, option)
    if not path.parent.is_dir():
        raise UserError(
            f"{option}: folder {path.parent} does not exist; create it first, or choose another"
        )
    if path.is_dir():
        raise UserError(f"{option}: {path} is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"{option}: {path} is no plain file; name another")
    if path.exists() and source.exists() and path.samefile(source):
        raise UserError(f"{option}: {path} is the input itself; choose another name")
    check_writable(path.parent, str(path))
    if not path.exists():
        return
    check_name(next(_names_to_keep(path)), option)
    if overwrite:
        return
    existing = _read(path)
    if existing is None or (existing and not is_ours(existing)):
        raise UserError(
            f"{option}: {path} exists and is something else; use --overwrite, or another name"
        )


def save(path: Path, text: str) -> None:
    """Write a file whole or not at all; ``UserError`` if it cannot be written."""
    try:
        # A file name may hold bytes that are no valid text; a page shows them as question marks.
        write_whole(path, text.encode("utf-8", errors="replace"))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"cannot write {path} ({reason}); choose another folder") from error


def save_sheet(path: Path, text: str) -> Path | None:
    """Write a sheet's JSON as ``save_keeping`` does."""
    return save_keeping(path, text, is_sheet)


def save_keeping(path: Path, text: str, is_ours: Callable[[str], bool]) -> Path | None:
    """Write a file as ``save`` does, but keep an existing one of its kind if it differs.

    The existing file may hold somebody's corrections. It is kept under a name that ends in ``~``,
    or in ``~2~`` and so on if another file was kept under that name. The new path is returned, or
    ``None`` if nothing was kept.
    """
    existing = _read(path) if path.exists() else None
    if not existing or existing == text or not is_ours(existing):
        save(path, text)
        return None
    names = _names_to_keep(path)
    kept = next(name for name in names if not name.exists() or _read(name) == existing)
    save(kept, existing)
    save(path, text)
    return kept


def _names_to_keep(path: Path) -> Iterator[Path]:
    yield path.with_name(f"{path.name}~")
    for number in count(2):
        yield path.with_name(f"{path.name}~{number}~")


def _read(path: Path) -> str | None:
    """Return a file's text; ``None`` if it is not text, far too large, or cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_SIZE:
            return None
        return path.read_bytes().decode("utf-8")  # with the line ends that it has
    except (OSError, UnicodeDecodeError):
        return None
