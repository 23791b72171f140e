"""The difference curve and the histogram of holds as SVG and HTML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from nakawari.xsheet.sheet.sheet import SheetDrawing
from nakawari.xsheet.show.text import percent

MAX_DECADES = 4  # smaller differences than a ten-thousandth of the largest lie on the ground line
HEIGHT = 100  # of the drawing's own units; the page stretches it
BAR = 0.62  # width of a frame's bar, in frames
TALLEST_HOLD = 12  # longer holds share two bars
VERY_LONG = 24


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


def difference_svg(
    changes: Sequence[float],
    new: Sequence[bool],
    thresholds: Sequence[float],
    axis: DifferenceAxis,
) -> str:
    """Return the differences of one shot as an SVG, a unit a frame wide and ``HEIGHT`` high.

    Every frame has a bar: those where a new drawing begins in one path, with a dot on top, held
    ones in another; the threshold is a line of steps. All sequences have a value a frame.
    """

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
    lines = "".join(f"M0 {down(tick)}H{len(changes)}" for tick in axis.ticks())
    steps = "".join(f"V{down(limit)}H{frame}" for frame, limit in _runs(thresholds))
    return (
        f'<svg class="curve" viewBox="0 0 {len(changes)} {HEIGHT}" preserveAspectRatio="none" '
        'role="img" aria-label="difference of each frame from the drawing before it">'
        f'<path class="grid" d="{lines}"/>'
        f'<path class="held" d="{bars[False]}"/><path class="new" d="{bars[True]}"/>'
        f'<path class="threshold" d="M0 {down(thresholds[0])}{steps}"/>'
        f'<path class="dots" d="{dots}"/></svg>'
    )


def _runs(values: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Yield where each run of equal values ends, the number after its last, and the value."""
    end = 0
    for value, run in groupby(values):
        end += len(list(run))
        yield end, value


def axis_labels(thresholds: Sequence[float], axis: DifferenceAxis) -> str:
    """Return the labels beside a curve: the powers of ten, and the median threshold."""
    threshold = median(thresholds)
    at = axis.height(threshold)
    labels = [
        f'<span style="bottom:{100 * axis.height(tick):.1f}%">{tick:g}</span>'
        for tick in axis.ticks()
        if abs(axis.height(tick) - at) > 0.14  # else the two would lie on each other
    ]
    labels.append(f'<span class="limit" style="bottom:{100 * at:.1f}%">{threshold:.2g}</span>')
    return "".join(labels)


def histogram(drawings: Sequence[SheetDrawing]) -> str:
    """Return the numbers of drawings by hold as bars; holds above a dozen share two."""
    counts: Counter[str] = Counter(_hold_label(drawing.hold) for drawing in drawings)
    longest = max((min(drawing.hold, TALLEST_HOLD) for drawing in drawings), default=1)
    labels = [str(hold) for hold in range(1, max(longest, 4) + 1)]
    labels += [label for label in (_hold_label(VERY_LONG), _hold_label(VERY_LONG + 1))
               if counts[label]]  # fmt: skip
    tallest = max(counts.values(), default=1)
    bars = "".join(
        f'<div class="bar" data-hold="{label}" data-count="{counts[label]}" '
        f'title="{percent(counts[label] / max(1, len(drawings)))} of all drawings">'
        f'<b>{counts[label] or ""}</b><i style="--share:{counts[label] / tallest:.4f}"></i>'
        f"<span>{label}</span></div>"
        for label in labels
    )
    return f'<div class="histogram">{bars}</div>'


def _hold_label(hold: int) -> str:
    if hold <= TALLEST_HOLD:
        return str(hold)
    return f"{TALLEST_HOLD + 1}–{VERY_LONG}" if hold <= VERY_LONG else f"> {VERY_LONG}"
