"""Names that users and strangers give: they are made safe before a file gets them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import NamedTuple

from nakawari.errors import UserError
from nakawari.video.files.sequence import NUMBERED, PICTURE_ENDINGS

MAX_BYTES = 120
"""Longest name [bytes] without its ending. It is short, because the outputs made from a clip have
longer names than the clip."""
UNNAMED = "clip"
UNNAMED_PICTURES = "pictures"
MOST_DIGITS = 9
"""Most digits of a picture's number, leading zeros not counted, so that its name stays short."""
NUMBER = re.compile(r"[0-9a-f]{16}")
ENDING = re.compile(r"\.[a-z0-9]{1,8}")


def file_name(given: str) -> str:
    """Return a safe file name: it leads to no other folder, and does not make a hidden file.

    It consists of letters, digits, spaces and ``.-_()[]+,``. It begins with a letter, a digit, an
    underscore or a bracket. It is at most ``MAX_BYTES`` long, plus an ending, and never empty.
    """
    last = PurePosixPath(PureWindowsPath(given).name).name
    known = unicodedata.normalize("NFC", last.encode("utf-8", "ignore").decode("utf-8"))
    letters = (letter if letter.isalnum() or letter in " .-_()[]+," else "_" for letter in known)
    stem, ending = os.path.splitext("".join(letters).strip())
    if not ENDING.fullmatch(ending.lower()):
        stem, ending = stem + ending, ""
    stem = stem.strip(" .").lstrip("-+,")
    stem = stem.encode("utf-8")[:MAX_BYTES].decode("utf-8", "ignore").strip(" .")
    return (stem or UNNAMED) + ending.lower()


class PictureNames(NamedTuple):
    """The names of a sequence of pictures on disk."""

    folder: str
    files: list[str]  # in the order in which they were given; each is a number and an ending


def picture_names(given: Sequence[str], title: str = "") -> PictureNames:
    """Return names for the pictures of one sequence, which keep only numbers and endings.

    The sequence gets its title as its name, or else the part of the given names before the numbers.

    Raises ``UserError`` if there are fewer than two names, if they are not those of pictures, if
    they have no numbers, if they belong to several sequences, or if two have the same number.
    """
    found = [_numbered(name) for name in given]
    if len(found) < 2:
        raise UserError("a sequence has two pictures or more; drop them all together")
    if len({(name.before, name.after) for name in found}) > 1:
        raise UserError(
            f"{file_name(given[0])} and others are of several sequences; drop those of one alone"
        )
    if len({name.number for name in found}) < len(found):
        raise UserError(
            f"two pictures, of {file_name(given[0])} and others, have one number; leave one out"
        )
    folder = title or found[0].before.rstrip(" ._-") or UNNAMED_PICTURES
    return PictureNames(file_name(folder), [f"{name.number:06d}{name.ending}" for name in found])


class _Numbered(NamedTuple):
    before: str  # the part of the name before the number
    number: int
    after: str  # the part after the number, with the ending
    ending: str  # in lower case


def _numbered(given: str) -> _Numbered:
    last = PurePosixPath(PureWindowsPath(given).name).name
    stem, ending = os.path.splitext(last)
    if ending.lower() not in PICTURE_ENDINGS:
        raise UserError(
            f"{file_name(given)} does not end as pictures do that can be read "
            f"({', '.join(PICTURE_ENDINGS)}); convert it first"
        )
    parts = NUMBERED.fullmatch(stem)
    digits = "" if parts is None else parts[2].lstrip("0") or "0"
    if parts is None or not parts[2].isascii() or len(digits) > MOST_DIGITS:
        raise UserError(
            f"{file_name(given)} has no number in its name; give it one, such as f_0001"
        )
    return _Numbered(parts[1], int(digits), parts[3] + ending.lower(), ending.lower())


def is_number(text: str) -> bool:
    """Return whether a text can be the number of a clip, as in an address."""
    return NUMBER.fullmatch(text) is not None
