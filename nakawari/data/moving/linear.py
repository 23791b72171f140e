"""How a pose parameter goes from one drawing to the next: linearly.

Movements are eased in and out, but two drawings do not tell how. A network that is trained on eased
in-betweens learns to be unsure where everything is (docs/experiments.md, 2026-11-28).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LinearValue:
    """A number that goes from ``start`` (frame_time 0) to ``start + change`` (frame_time 1)."""

    start: float
    change: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether the value changes at all."""
        return self.change != 0.0

    def __call__(self, frame_time: float) -> float:
        """Return the value at ``frame_time`` in [0, 1]."""
        return self.start + self.change * frame_time


def about(middle: float, change: float) -> LinearValue:
    """Return the value that changes by ``change`` and is ``middle`` at frame_time 0.5."""
    return LinearValue(middle - change / 2, change)
