"""The report of a dataset: one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from nakawari.dataset.episode import MOTION_BIN, TIME_BIN, EpisodeRecord
from nakawari.dataset.pictures import Picked
from nakawari.dataset.settings import EXPLANATIONS, BuildSettings, Reason
from nakawari.dataset.split import canonical
from nakawari.wording import count

if TYPE_CHECKING:
    from nakawari.dataset.build import BuildResult

SHOWN = 60  # kept triplets
SHOWN_LEFT_OUT = 6  # of each reason
_BAR_HEIGHT = 120  # px

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .3rem .8rem; border-bottom: 1px solid #8885; text-align: right; }
th:first-child, td:first-child, .words { text-align: left; }
td { font-variant-numeric: tabular-nums; }
.quiet { opacity: .7; } .failed { color: #c33; }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(360px, 1fr)); gap: .8rem; }
figure { margin: 0; } figure img { width: 100%; display: block; }
figcaption { font-size: 12px; opacity: .7; overflow-wrap: anywhere; }
svg { max-width: 100%; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
svg rect { fill: #48a; }
"""  # noqa: E501


def html_report(result: BuildResult, settings: BuildSettings, name: str) -> str:
    """Return the page: what there is, how it moves, what it looks like, what was left out."""
    records = result.records
    parts = [
        f"<h1>Dataset {escape(name)}</h1>",
        _summary(result),
        _failed(result),
        _titles(result),
        "<h2>Cadence of the shots</h2>",
        _bars(_total(record.cadences for record in records), _cadence_order, "shots"),
        "<h2>Movement from frame_0 to frame_1 [px at 288 px height]</h2>",
        _bars(_binned(_total(r.motion for r in records), MOTION_BIN), float, "triplets kept"),
        "<h2>frame_time</h2>",
        _bars(_binned(_total(r.frame_times for r in records), TIME_BIN), float, "triplets kept"),
        "<h2>Contact sheet</h2><p class=quiet>frame_0, target, frame_1</p>",
        _sheet(_spread([picked for record in records for picked in record.kept], SHOWN)),
        "<h2>What was left out</h2>",
        _left_out(records),
        "<h2>Settings</h2>",
        _table(("setting", "value"), settings.to_json().items()),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Dataset {escape(name)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _summary(result: BuildResult) -> str:
    records = result.records
    hours = sum(record.seconds for record in records) / 3600
    size = sum(shard.bytes for record in records for shard in record.shards) / 2**20
    return (
        f"<p>{count(len(records), 'episode')} ({hours:.2f} h), "
        f"{count(sum(record.shots for record in records), 'shot')}, "
        f"{count(sum(record.drawings for record in records), 'drawing')}; "
        f"<b>{count(result.samples(False), 'triplet')} to train on, "
        f"{result.samples(True):,} to validate</b>, {size:,.1f} MiB. "
        "Training and validation have no title in common.</p>"
    )


def _failed(result: BuildResult) -> str:
    if not result.failed:
        return ""
    rows = "".join(
        f'<li class="failed">{escape(outcome.error or "")}</li>' for outcome in result.failed
    )
    return f"<h2>Videos that could not be used</h2><ul>{rows}</ul>"


def _titles(result: BuildResult) -> str:
    by_title: dict[str, list[EpisodeRecord]] = {}
    for record in result.records:
        by_title.setdefault(canonical(record.title), []).append(record)
    rows = [
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
    heads = ("title", "used for", "episodes", "shots", "threes of drawings", "triplets kept")
    return "<h2>Titles</h2>" + _table(heads, rows)


def _left_out(records: Sequence[EpisodeRecord]) -> str:
    rejected = _total(record.rejected for record in records)
    offered = sum(record.candidates for record in records)
    if not rejected:
        return "<p>Nothing.</p>"
    parts = []
    for reason in Reason:
        if number := rejected[reason]:
            shown = [
                picked
                for record in records
                for picked in record.left_out
                if picked.reason == reason
            ]
            parts.append(
                f"<h3>{escape(reason)}: {number:,} of {offered:,} "
                f"({number / offered:.1%})</h3><p>{escape(EXPLANATIONS[reason])}</p>"
                + _sheet(_spread(shown, SHOWN_LEFT_OUT))
            )
    return "".join(parts)


def _sheet(picked: Iterable[Picked]) -> str:
    figures = "".join(
        f'<figure><img loading="lazy" alt="" src="data:image/jpeg;base64,{one.jpeg}">'
        f"<figcaption>{escape(one.words)}</figcaption></figure>"
        for one in picked
    )
    return f'<div class="sheet">{figures}</div>'


def _spread(items: Sequence[Picked], number: int) -> list[Picked]:
    step = max(len(items) / number, 1)
    return [items[int(place * step)] for place in range(min(number, len(items)))]


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _binned(counts: Counter[str], width: float) -> Counter[str]:
    """Fill in the empty bins between the first and the last."""
    if not counts:
        return counts
    places = {round(float(name) / width): number for name, number in counts.items()}
    return Counter(
        {f"{place * width:.4g}": places.get(place, 0) for place in range(max(places) + 1)}
    )


def _cadence_order(name: str) -> float:
    return float(name) if name.isdigit() else float("inf")


def _bars(counts: Mapping[str, int], order: Callable[[str], float], noun: str) -> str:
    """Draw a bar for each name."""
    if not counts:
        return "<p>None.</p>"
    names = sorted(counts, key=order)
    step = max(18, min(48, 900 // len(names)))
    top = max(counts.values()) or 1
    bars = []
    for place, name in enumerate(names):
        height = _BAR_HEIGHT * counts[name] / top
        x = place * step
        bars.append(
            f'<rect x="{x}" y="{16 + _BAR_HEIGHT - height:.1f}" width="{step - 3}" '
            f'height="{height:.1f}"><title>{escape(name)}: {counts[name]:,} {noun}</title></rect>'
            f'<text x="{x + step / 2 - 2}" y="{_BAR_HEIGHT + 30}" text-anchor="middle">'
            f"{escape(name)}</text>"
        )
    width = len(names) * step
    return (
        f'<svg viewBox="0 0 {width} {_BAR_HEIGHT + 36}" width="{width}">'
        f'<text x="0" y="11">{top:,} {noun}</text>{"".join(bars)}</svg>'
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def cells(row: Sequence[object]) -> str:
        return "".join(
            f"<td>{cell:,}</td>" if isinstance(cell, int) else f"<td>{escape(str(cell))}</td>"
            for cell in row
        )

    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{cells(row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
