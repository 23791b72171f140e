"""A clip's timeline as HTML: the shots of the page that ``nakawari xsheet --html`` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nakawari.serve.correcting import Corrected
from nakawari.serve.library import Clip
from nakawari.xsheet.show.report import frame_width, page_data, timeline_parts
from nakawari.xsheet.show.thumbnails import Thumbnails


class _Addresses(Mapping[int, str]):
    """Where the picture of each frame is."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip

    def __getitem__(self, frame: int) -> str:
        return f"/clips/{self._clip.number}/thumbs/{frame}.jpg"

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._clip.frames))

    def __len__(self) -> int:
        return self._clip.frames


class Timeline(NamedTuple):
    """The parts of the page that a correction changes, and what goes with them."""

    nav: str
    checks: str
    legend: str
    sections: list[str]  # one for each shot
    data: str  # JSON
    cuts: tuple[int, ...]
    frame_width: int  # px
    aspect: float
    can_undo: bool
    can_redo: bool


def rendered(clip: Clip, corrected: Corrected) -> Timeline:
    """Return a clip's timeline."""
    detection, history = corrected
    sheet = detection.sheet
    thumbnails = Thumbnails(width=clip.width, height=clip.height, uris=_Addresses(clip))
    nav, checks, legend, sections = timeline_parts(detection, thumbnails)
    return Timeline(
        nav=nav,
        checks=checks,
        legend=legend,
        sections=sections,
        data=page_data(detection),
        cuts=sheet.cuts,
        frame_width=frame_width(sheet),
        aspect=thumbnails.aspect,
        can_undo=history.can_undo,
        can_redo=history.can_redo,
    )


def differing(before: Timeline, now: Timeline) -> dict[str, Any]:
    """Return what the page must replace, as JSON: of the shots only those that are not as before.

    ``first`` shots at the beginning stay, ``removed`` ones after them go, and ``sections`` come.
    """
    first = _alike(before.sections, now.sections)
    most = min(len(before.sections), len(now.sections)) - first
    last = min(most, _alike(before.sections[::-1], now.sections[::-1]))
    return {
        "nav": now.nav,
        "checks": now.checks,
        "first": first,
        "removed": len(before.sections) - first - last,
        "sections": now.sections[first : len(now.sections) - last],
        "cuts": now.cuts,
        "can_undo": now.can_undo,
        "can_redo": now.can_redo,
    }


def _alike(some: list[str], others: list[str]) -> int:
    """Return how many items two lists begin with that are the same."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(some), len(others)))
