"""A clip's timeline as HTML: the shots of the page that ``nakawari xsheet --html`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nakawari.serve.clips.correcting import Corrected
from nakawari.serve.clips.library import Clip
from nakawari.xsheet.show.parts import SheetParts, sheet_parts
from nakawari.xsheet.show.thumbnails import Thumbnails


class _Addresses(Mapping[int, str]):
    """The address of each frame's thumbnail, by the number of the frame."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip

    def __getitem__(self, frame: int) -> str:
        return f"/clips/{self._clip.number}/thumbs/{frame}.jpg"

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._clip.frames))

    def __len__(self) -> int:
        return self._clip.frames


def rendered(clip: Clip, corrected: Corrected) -> SheetParts:
    """Return the parts of a clip's page that show its sheet."""
    thumbnails = Thumbnails(width=clip.width, height=clip.height, uris=_Addresses(clip))
    return sheet_parts(corrected.detection, thumbnails)


def differing(before: SheetParts | None, now: SheetParts, corrected: Corrected) -> dict[str, Any]:
    """Return what the page must replace, as JSON; of the shots only those that have changed.

    The ``first`` shots from the beginning stay. The ``removed`` shots after them are replaced by
    ``sections``. Where it is not known what the page shows, ``before`` is ``None``: then
    ``removed`` is so too, and all shots are replaced.
    """
    first = last = 0
    removed = None
    if before is not None:
        first = _alike(before.shots, now.shots)
        most = min(len(before.shots), len(now.shots)) - first
        last = min(most, _alike(before.shots[::-1], now.shots[::-1]))
        removed = len(before.shots) - first - last
    return {
        "version": corrected.version,
        "fps": str(corrected.detection.sheet.fps),
        "nav": now.bar,
        "checks": now.checks,
        "first": first,
        "removed": removed,
        "sections": now.shots[first : len(now.shots) - last],
        "cuts": corrected.detection.sheet.cuts,
        "can_undo": corrected.history.can_undo,
        "can_redo": corrected.history.can_redo,
    }


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """Return how many equal items two lists begin with."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(some), len(others)))
