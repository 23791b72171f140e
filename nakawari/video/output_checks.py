"""Whether a path can become the output made from a clip."""

from __future__ import annotations

import os
from pathlib import Path

from nakawari.errors import UserError
from nakawari.video.codecs import Codec
from nakawari.video.files.sequence import PICTURE_ENDINGS, is_sequence, sequence_folder
from nakawari.whole import check_free, check_writable

OWN_FOLDER = (
    "cannot become a folder of pictures; give them one of their own, such as slow/frame_%04d.png"
)


def check_output(path: Path, source: Path, overwrite: bool, codec: Codec | None = None) -> None:
    """Raise ``UserError`` if ``path`` cannot become the output made from ``source``.

    ``codec`` is the one by which it will be encoded, if that is known.
    """
    if not path.parent.exists():
        raise UserError(f"output folder {path.parent} does not exist; create it first")
    if not path.parent.is_dir():
        raise UserError(f"output folder {path.parent} is not a folder; choose another with -o")
    origin = sequence_folder(source) if is_sequence(source) else source
    if path.exists() and origin.exists() and path.samefile(origin):
        raise UserError(f"output {path} is the input itself; choose another name with -o")
    if codec is not None and codec.is_sequence:
        _check_folder(path)
    elif path.is_dir():
        raise UserError(f"output {path} is a folder; name a file in it with -o")
    if path.exists() and not overwrite and not _is_empty_folder(path):
        raise UserError(f"output {path} exists; use --overwrite, or another name with -o")
    check_free(path)
    check_writable(path.parent, str(path))


def _check_folder(path: Path) -> None:
    """Raise ``UserError`` if a folder cannot become a sequence of pictures.

    It cannot if it holds anything but pictures, or if the path is that of the present folder or of
    one above it, such as ``.`` or ``..``.
    """
    if path.name in ("", ".."):
        raise UserError(f"output {path} {OWN_FOLDER}")
    if path.exists() and not path.is_dir():
        raise UserError(
            f"output {path} is a file, and pictures go into a folder; choose another name with -o"
        )
    others = [
        entry.name
        for entry in (os.scandir(path) if path.is_dir() else ())
        if not entry.is_file() or Path(entry.name).suffix.lower() not in PICTURE_ENDINGS
    ]
    if others:
        raise UserError(
            f"output folder {path} holds other things than pictures, such as {min(others)}, and "
            f"{OWN_FOLDER}"
        )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
