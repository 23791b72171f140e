"""Plots of means and their intervals by tier, as SVG embedded in a page."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from eval.measuring.scoring import HEADLINE, METRICS
from nakawari.page import fill

WIDTH, HEIGHT = 380, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 26, 24  # px
COLOURS = 8


class _Tick(NamedTuple):
    """A line of the grid with its number; coordinates [px] are texts."""

    y: str
    text_y: str
    text: str


class _Mean(NamedTuple):
    """A dot with its whisker."""

    colour: int
    x: str
    y: str
    low: str
    high: str
    words: str


class _Group(NamedTuple):
    """A column of the plot."""

    name: str
    x: str
    means: list[_Mean]


class _Plot(NamedTuple):
    """One metric over the tiers of one kind."""

    title: str
    ticks: list[_Tick]
    groups: list[_Group]


def tier_plots(groups: Mapping[str, Any], methods: Sequence[str]) -> Markup:
    """Draw every headline score over every kind of tier; ``""`` if there is nothing to compare.

    A kind is ``frame_time``, or the part of a tag before the colon. Our ablations are left out, and
    so are methods for which eight colours do not suffice.
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
        return Markup("")
    return fill(
        "eval/report/plots.html",
        plots=drawn,
        methods=shown,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
    )


def _kind(group: str) -> str:
    if group.startswith("frame_time "):
        return "frame_time"
    kind, colon, _ = group.partition(":")
    return kind if colon else ""


def _plot(
    kind: str, members: list[str], metric: str, groups: Mapping[str, Any], methods: list[str]
) -> _Plot | None:
    means = {
        (group, method): groups[group][method][metric]
        for group in members
        for method in methods
        if groups[group][method][metric]["mean"] is not None
    }
    if not means:
        return None
    scale = METRICS[metric].scale
    low = min(mean["low"] for mean in means.values()) * scale
    high = max(mean["high"] for mean in means.values()) * scale
    ticks = round_ticks(0.0 if not METRICS[metric].higher_is_better else low, high)
    low, span = ticks[0], ticks[-1] - ticks[0]

    def y(value: float) -> str:
        return f"{HEIGHT - BOTTOM - (value * scale - low) / span * (HEIGHT - TOP - BOTTOM):.1f}"

    column = (WIDTH - LEFT - RIGHT) / len(members)
    shown = []
    for place, group in enumerate(members):
        centre = LEFT + (place + 0.5) * column
        name = group.removeprefix("frame_time ").removeprefix(f"{kind}:")
        shown.append(_Group(name, f"{centre:.1f}", []))
        for index, method in enumerate(methods):
            if mean := means.get((group, method)):
                x = centre + (index - (len(methods) - 1) / 2) * min(14, 0.8 * column / len(methods))
                told = f"{method}, {group}: {METRICS[metric].write(mean['mean'])}"
                middle, low_end, high_end = (y(mean[part]) for part in ("mean", "low", "high"))
                dot = _Mean(index, f"{x:.1f}", middle, low_end, high_end, told)
                shown[-1].means.append(dot)
    return _Plot(f"{METRICS[metric].heading} by {kind}", _grid(ticks), shown)


def round_ticks(low: float, high: float) -> list[float]:
    """Return two to seven round numbers at equal distances, which enclose ``low`` and ``high``."""
    rough = (high - low) / 4 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, max(last, first + 1) + 1)]


def _grid(ticks: list[float]) -> list[_Tick]:
    step = ticks[1] - ticks[0]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    lines = []
    for place, value in enumerate(ticks):
        y = HEIGHT - BOTTOM - place / (len(ticks) - 1) * (HEIGHT - TOP - BOTTOM)
        lines.append(_Tick(f"{y:.1f}", f"{y + 4:.1f}", f"{value:.{decimals}f}"))
    return lines
