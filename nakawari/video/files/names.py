"""Names with a number in them, as those of a sequence's pictures have, and names of nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from nakawari.errors import UserError

PLACE = re.compile(r"%(?:0(\d{1,2}))?d")


class NamePattern(NamedTuple):
    """What the names of a sequence's pictures have in common."""

    before: str
    digits: int  # fewest digits of the number, with leading zeros
    after: str

    @classmethod
    def of(cls, name: str) -> NamePattern | None:
        """Return the pattern in a name such as ``frame_%04d.png``; ``None`` if there is none.

        A percent sign that stands for itself is written ``%%``.
        """
        places = list(PLACE.finditer(name.replace("%%", "\0\0")))
        if len(places) != 1:
            return None
        place = places[0]
        before, after = (
            text.replace("%%", "%") for text in (name[: place.start()], name[place.end() :])
        )
        return cls(before, int(place[1] or 1), after)

    def __str__(self) -> str:
        place = f"%0{self.digits}d" if self.digits > 1 else "%d"
        before, after = (text.replace("%", "%%") for text in (self.before, self.after))
        return f"{before}{place}{after}"

    def number(self, name: str) -> int | None:
        """Return the number in a name; ``None`` if the name is not of this pattern."""
        digits = name[len(self.before) : len(name) - len(self.after)]
        if not (digits.isascii() and digits.isdigit() and self.digits <= len(digits) <= 18):
            return None
        is_padded = len(digits) == self.digits or not digits.startswith("0")
        fits = is_padded and name == f"{self.before}{digits}{self.after}"
        return int(digits) if fits else None


def check_exists(source: Path) -> None:
    """Raise ``UserError`` if a path is of nothing, and cannot name a sequence of pictures either.

    FFmpeg is not needed for that, so a command can call this before it loads FFmpeg.
    """
    if not source.exists() and NamePattern.of(source.name) is None:
        raise no_such_clip(source)


def no_such_clip(source: Path) -> UserError:
    """Return the error to raise for a path of nothing, which may be meant as a sequence's name."""
    is_meant_as_names = "%" in source.name or "*" in source.name
    advice = (
        "write the number in the pictures' names as frame_%04d.png, or name their folder"
        if is_meant_as_names
        else "check the name"
    )
    return UserError(f"{source} does not exist; {advice}")
