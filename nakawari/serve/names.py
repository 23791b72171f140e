"""Names that people and strangers give: made harmless before a file is called so."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

MAX_BYTES = 120
"""Of a name without its ending; what is made of a clip has a longer name than the clip."""
UNNAMED = "clip"
NUMBER = re.compile(r"[0-9a-f]{16}")
ENDING = re.compile(r"\.[a-z0-9]{1,8}")


def file_name(given: str) -> str:
    """Return a name for a file that lies in no other folder and hides nothing.

    It has letters, digits, spaces and ``.-_()[]+,``, begins with a letter, a digit, an underscore
    or a bracket, and is at most ``MAX_BYTES`` and an ending long. It is never empty.
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


def is_number(text: str) -> bool:
    """Return whether a text is the number of a clip, as it is in an address."""
    return NUMBER.fullmatch(text) is not None
