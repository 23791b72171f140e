"""Means and their intervals by tier, as drawings inside of a page."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from eval.measuring.scoring import HEADLINE, METRICS

WIDTH, HEIGHT = 380, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 26, 24  # px
COLOURS = 8


def tier_plots(groups: Mapping[str, Any], methods: Sequence[str]) -> str:
    """Draw every headline figure over every kind of tier; ``""`` where there is nothing to compare.

    A kind is ``frame_time`` or what stands before the colon of a tag; ablations of ours are left
    out, and so is what does not fit eight colours.
    """
    shown = [name for name in methods if not name.startswith("nakawari-")][:COLOURS]
    shown = shown or list(methods)[:COLOURS]
    kinds: dict[str, list[str]] = {}
    for group in groups:
        kinds.setdefault(
            "frame_time" if group.startswith("frame_time ") else _kind(group), []
        ).append(group)
    plots = [
        _plot(kind, members, metric, groups, shown)
        for kind, members in kinds.items()
        if kind and len(members) > 1
        for metric in HEADLINE
    ]
    drawn = [plot for plot in plots if plot]
    if not drawn:
        return ""
    legend = "".join(
        f'<span><i style="background:var(--s{index})"></i>{escape(name)}</span>'
        for index, name in enumerate(shown)
    )
    return (
        "<section><h2>By tier</h2><p>Means with 95 % bootstrap intervals. Motion is the median "
        "movement of what moves from frame_0 to frame_1.</p>"
        f'<div class="legend">{legend}</div><div class="plots">{"".join(drawn)}</div></section>'
    )


def _kind(group: str) -> str:
    if group.startswith("frame_time "):
        return "frame_time"
    kind, colon, _ = group.partition(":")
    return kind if colon else ""


def _plot(
    kind: str, members: list[str], metric: str, groups: Mapping[str, Any], methods: list[str]
) -> str:
    means = {
        (group, method): groups[group][method][metric]
        for group in members
        for method in methods
        if groups[group][method][metric]["mean"] is not None
    }
    if not means:
        return ""
    scale = METRICS[metric].scale
    low = min(mean["low"] for mean in means.values()) * scale
    high = max(mean["high"] for mean in means.values()) * scale
    ticks = round_ticks(0.0 if not METRICS[metric].higher_is_better else low, high)
    low, span = ticks[0], ticks[-1] - ticks[0]

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value * scale - low) / span * (HEIGHT - TOP - BOTTOM)

    column = (WIDTH - LEFT - RIGHT) / len(members)
    marks = [_grid(ticks)]
    for place, group in enumerate(members):
        centre = LEFT + (place + 0.5) * column
        name = escape(group.removeprefix("frame_time ").removeprefix(f"{kind}:"))
        marks.append(f'<text x="{centre:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{name}</text>')
        for index, method in enumerate(methods):
            if mean := means.get((group, method)):
                x = centre + (index - (len(methods) - 1) / 2) * min(14, 0.8 * column / len(methods))
                told = f"{method}, {group}: {METRICS[metric].write(mean['mean'])}"
                marks.append(
                    f'<g stroke="var(--s{index})" fill="var(--s{index})"><title>{escape(told)}'
                    f'</title><line class="whisker" x1="{x:.1f}" x2="{x:.1f}" '
                    f'y1="{y(mean["low"]):.1f}" y2="{y(mean["high"]):.1f}"/>'
                    f'<circle cx="{x:.1f}" cy="{y(mean["mean"]):.1f}" r="3.5"/></g>'
                )
    title = f"{METRICS[metric].heading} by {kind}"
    return (
        f'<figure class="plot"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(marks)}</svg></figure>"
    )


def round_ticks(low: float, high: float) -> list[float]:
    """Return two to seven round numbers at even distances that ``low`` and ``high`` lie between."""
    rough = (high - low) / 4 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _grid(ticks: list[float]) -> str:
    step = ticks[1] - ticks[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    lines = []
    for place, value in enumerate(ticks):
        y = HEIGHT - BOTTOM - place / (len(ticks) - 1) * (HEIGHT - TOP - BOTTOM)
        lines.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{value:.{decimals}f}</text>'
        )
    return "".join(lines)
