"""Which titles validate.

The split is by title and never by frame, because episodes of one show share their drawings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from nakawari.errors import UserError


def canonical(title: str) -> str:
    """Return a title in the form in which titles are compared: case folded, with single spaces."""
    return " ".join(title.casefold().split())


def validation_titles(titles: Iterable[str], share: float) -> set[str]:
    """Return about ``share`` of the titles, canonical, chosen by their names' hashes.

    With two titles or more and a share above 0, at least one is chosen and at least one is not.
    Titles that are added later never make a training title a validating one, provided that there
    were two before.
    """
    hashed = {_hash(title): title for title in map(canonical, titles)}
    if share <= 0 or len(hashed) < 2:
        return set()
    chosen = {title for value, title in hashed.items() if value < share}
    if len(chosen) == len(hashed):
        chosen.remove(hashed[max(hashed)])
    return chosen or {hashed[min(hashed)]}


def named_titles(titles: Iterable[str], named: Collection[str]) -> set[str]:
    """Return the named titles, canonical; ``UserError`` if no video is of one of them."""
    known = {canonical(title): title for title in titles}
    wanted = {canonical(name) for name in named}
    if missing := wanted - known.keys():
        raise UserError(
            f"--validation-title: no video is of {', '.join(sorted(missing))}; "
            f"there are {', '.join(sorted(known.values()))}"
        )
    return wanted


def _hash(title: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the title."""
    return int.from_bytes(hashlib.sha256(title.encode()).digest()[:8]) / 2**64
