"""The report of a dataset: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from nakawari.dataset.pictures import Picked
from nakawari.dataset.record import MOTION_BIN, TIME_BIN, EpisodeRecord
from nakawari.dataset.result import BuildResult
from nakawari.dataset.settings import EXPLANATIONS, BuildSettings, Reason
from nakawari.dataset.split import canonical
from nakawari.page import fill
from nakawari.wording import count

SHOWN = 60  # most kept triplets on the contact sheet
SHOWN_LEFT_OUT = 6  # most triplets left out that are shown for each reason


class _Bar(NamedTuple):
    name: str
    number: int
    x: int
    height: float  # px


class _Chart(NamedTuple):
    """A bar for each name, as the template draws it; lengths in px."""

    bars: list[_Bar]
    noun: str  # what is counted
    top: int  # the largest count
    step: int  # from one bar to the next
    width: int
    height: int = 120


class _LeftOut(NamedTuple):
    """The triplets that were left out for one reason."""

    reason: Reason
    number: int
    explanation: str
    pictures: list[Picked]


def html_report(result: BuildResult, settings: BuildSettings, name: str) -> str:
    """Return the page: what the dataset holds, how it moves and looks, and what was left out."""
    records = result.records
    motion = _binned(_total(record.motion for record in records), MOTION_BIN)
    frame_times = _binned(_total(record.frame_times for record in records), TIME_BIN)
    cadences = _total(record.cadences for record in records)
    return fill(
        "nakawari/dataset/report.html",
        name=name,
        result=result,
        records=records,
        hours=sum(record.seconds for record in records) / 3600,
        size=sum(shard.bytes for record in records for shard in record.shards) / 2**20,
        count=count,
        titles=_titles(result),
        cadences=_chart(cadences, _cadence_order, "shots"),
        motion=_chart(motion, float, "triplets kept"),
        frame_times=_chart(frame_times, float, "triplets kept"),
        kept=_spread([picked for record in records for picked in record.kept], SHOWN),
        offered=sum(record.candidates for record in records),
        left_out=_left_out(records),
        settings=settings.to_json(),
    )


def _titles(result: BuildResult) -> list[tuple[str | int, ...]]:
    """Return a row for each title: how it is used, and what it holds."""
    by_title: dict[str, list[EpisodeRecord]] = {}
    for record in result.records:
        by_title.setdefault(canonical(record.title), []).append(record)
    return [
        (
            records[0].title,
            "validation" if title in result.validating else "training",
            len(records),
            sum(record.shots for record in records),
            sum(record.candidates for record in records),
            sum(record.samples for record in records),
        )
        for title, records in sorted(by_title.items())
    ]


def _left_out(records: Sequence[EpisodeRecord]) -> list[_LeftOut]:
    rejected = _total(record.rejected for record in records)
    groups = []
    for reason in Reason:
        if number := rejected[reason]:
            shown = [
                picked
                for record in records
                for picked in record.left_out
                if picked.reason == reason
            ]
            pictures = _spread(shown, SHOWN_LEFT_OUT)
            groups.append(_LeftOut(reason, number, EXPLANATIONS[reason], pictures))
    return groups


def _spread(items: Sequence[Picked], number: int) -> list[Picked]:
    step = max(len(items) / number, 1)
    return [items[int(place * step)] for place in range(min(number, len(items)))]


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _binned(counts: Counter[str], width: float) -> Counter[str]:
    """Return the counts of all bins from 0 to the last, with 0 for those that are empty."""
    if not counts:
        return counts
    places = {round(float(name) / width): number for name, number in counts.items()}
    return Counter(
        {f"{place * width:.4g}": places.get(place, 0) for place in range(max(places) + 1)}
    )


def _cadence_order(name: str) -> float:
    return float(name) if name.isdigit() else float("inf")


def _chart(counts: Mapping[str, int], order: Callable[[str], float], noun: str) -> _Chart | None:
    """Return a bar for each name, or ``None`` if there is no name."""
    if not counts:
        return None
    names = sorted(counts, key=order)
    step = max(18, min(48, 900 // len(names)))
    top = max(counts.values()) or 1
    chart = _Chart([], noun, top, step, len(names) * step)
    chart.bars.extend(
        _Bar(name, counts[name], place * step, chart.height * counts[name] / top)
        for place, name in enumerate(names)
    )
    return chart
