"""The difference curve and the histogram of holds, made ready for the page's templates."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import NamedTuple

from markupsafe import Markup

from nakawari.page import fill
from nakawari.xsheet.sheet.sheet import SheetDrawing
from nakawari.xsheet.show.text import percent

MAX_DECADES = 4  # differences below a ten-thousandth of the largest lie on the ground line
HEIGHT = 100  # units of the SVG, which the page stretches
BAR = 0.62  # width of a frame's bar, in frames
TALLEST_HOLD = 12  # longer holds share two bars
VERY_LONG = 24  # frames; still longer ones share the last bar
LEAST_GAP = 0.14  # share of the curve's height: nearer labels would overlap


@dataclass(frozen=True, kw_only=True)
class DifferenceAxis:
    """A logarithmic axis for differences from ``low`` to ``high``, both powers of ten."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> DifferenceAxis | None:
        """Return the axis that shows all values, or ``None`` if none is above 0.

        It spans at most ``MAX_DECADES``; values at or below its low end lie on the ground line.
        """
        positive = [value for value in values if value > 0 and math.isfinite(value)]
        if not positive:
            return None
        top = math.ceil(math.log10(max(positive)) + 1e-9)
        bottom = math.floor(math.log10(min(positive)) - 1e-9)
        return cls(low=10.0 ** max(bottom, top - MAX_DECADES), high=10.0**top)

    def height(self, value: float) -> float:
        """Return where a value lies, from 0 (the ground line) to 1."""
        if value <= self.low:
            return 0.0
        span = math.log(self.high / self.low)
        return min(1.0, math.log(value / self.low) / span)

    def ticks(self) -> list[float]:
        """Return the powers of ten from the low to the high end."""
        decades = round(math.log10(self.high / self.low))
        return [self.low * 10.0**step for step in range(decades + 1)]


class AxisLabel(NamedTuple):
    """A number beside a curve."""

    text: str
    bottom: str  # per cent of the curve's height
    is_limit: bool  # whether it is the threshold


class Curve(NamedTuple):
    """The differences of one shot as the paths of an SVG, in which a frame is one unit wide."""

    frames: int
    height: int  # units
    grid: str
    held: str  # the bars of held frames
    new: str  # the bars of frames that begin a drawing
    threshold: str  # a line of steps
    dots: str  # on top of the bars of new drawings
    labels: list[AxisLabel]


def difference_curve(
    changes: Sequence[float],
    new: Sequence[bool],
    thresholds: Sequence[float],
    axis: DifferenceAxis,
) -> Curve:
    """Return the differences of one shot; all sequences have a value for each frame."""

    def down(value: float) -> str:
        return f"{HEIGHT * (1 - axis.height(value)):.1f}"

    bars = {True: "", False: ""}
    dots = ""
    for frame, (change, is_new) in enumerate(zip(changes, new, strict=True)):
        if axis.height(change) > 0:
            left = f"{frame + (1 - BAR) / 2:.2f}"
            bars[is_new] += f"M{left} {HEIGHT}V{down(change)}h{BAR}V{HEIGHT}z"
        if is_new:
            dots += f"M{frame + 0.5} {down(change)}h0"
    steps = "".join(f"V{down(limit)}H{frame}" for frame, limit in _runs(thresholds))
    return Curve(
        frames=len(changes),
        height=HEIGHT,
        grid="".join(f"M0 {down(tick)}H{len(changes)}" for tick in axis.ticks()),
        held=bars[False],
        new=bars[True],
        threshold=f"M0 {down(thresholds[0])}{steps}",
        dots=dots,
        labels=_axis_labels(thresholds, axis),
    )


def _runs(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield where each run of equal values ends, the number after its last, and the value."""
    end = 0
    for value, run in groupby(values):
        end += len(list(run))
        yield end, value


def _axis_labels(thresholds: Sequence[float], axis: DifferenceAxis) -> list[AxisLabel]:
    """Return the labels beside a curve: the powers of ten, and the median threshold."""
    threshold = median(thresholds)
    at = axis.height(threshold)
    labels = [
        AxisLabel(f"{tick:g}", f"{100 * axis.height(tick):.1f}%", False)
        for tick in axis.ticks()
        if abs(axis.height(tick) - at) > LEAST_GAP
    ]
    return [*labels, AxisLabel(f"{threshold:.2g}", f"{100 * at:.1f}%", True)]


class _HoldBar(NamedTuple):
    """How many drawings are held for so many frames."""

    label: str
    drawings: int
    percent: str  # of all drawings
    share: float  # of the tallest bar


def histogram(drawings: Sequence[SheetDrawing]) -> Markup:
    """Return the numbers of drawings by hold as bars; holds above a dozen share two."""
    counts: Counter[str] = Counter(_hold_label(drawing.hold) for drawing in drawings)
    longest = max((min(drawing.hold, TALLEST_HOLD) for drawing in drawings), default=1)
    labels = [str(hold) for hold in range(1, max(longest, 4) + 1)]
    labels += [
        label for label in (_hold_label(VERY_LONG), _hold_label(VERY_LONG + 1)) if counts[label]
    ]
    tallest = max(counts.values(), default=1)
    bars = [
        _HoldBar(
            label=label,
            drawings=counts[label],
            percent=percent(counts[label] / max(1, len(drawings))),
            share=counts[label] / tallest,
        )
        for label in labels
    ]
    return fill("nakawari/xsheet/show/histogram.html", bars=bars)


def _hold_label(hold: int) -> str:
    if hold <= TALLEST_HOLD:
        return str(hold)
    return f"{TALLEST_HOLD + 1}–{VERY_LONG}" if hold <= VERY_LONG else f"> {VERY_LONG}"
