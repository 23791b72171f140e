"""A drawn character while it is built: its parts so far, and how a part is added to it."""

from dataclasses import dataclass, field

import numpy as np

from nakawari.data.figures.figure import Part
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.warps import AS_DRAWN, STILL, Chain, Placement, Warp
from nakawari.data.painting.sprites import Sprite, graded


@dataclass(frozen=True)
class Gestures:
    """Large movements of small parts, which a character of the training's cels may have [px].

    The benchmark's sets are drawn without them, so that they stay as they are.
    """

    hair: float = 0.0
    """How far the many locks of one colour sway at most; 0 for a character without them."""
    hands: float = 0.0
    """How far the hands of raised arms move; 0 for arms that move as any other part."""


@dataclass
class PuppetBuild:
    """What the steps of building one character share. Lengths in px, origin at the neck."""

    rng: np.random.Generator
    unit: float  # half the width of the head
    displacement: float
    active: set[str]
    soft: bool  # shaded softly, not in flat colours
    gestures: Gestures
    head: Chain = field(default_factory=Chain)
    turn: tuple[LinearValue, LinearValue] = (STILL, STILL)
    parts: list[Part] = field(default_factory=list)

    def amount(self, what: str) -> float:
        """Return the displacement of a kind of part, 0 if it does not take part."""
        return self.displacement * self.rng.uniform(0.6, 1.3) if what in self.active else 0.0

    def on_body(self, sprite: Sprite, x: float, y: float, warps: list[Warp]) -> None:
        """Add a part held at (x, y) half heads from the neck."""
        unit = self.unit
        if self.soft:
            sprite = graded(self.rng, sprite)
        hold = Placement(sprite.anchor, LinearValue(x * unit), LinearValue(y * unit))
        self.parts.append(Part(sprite.pixels, [*warps, hold]))

    def on_head(
        self,
        sprite: Sprite,
        at: tuple[float, float],
        nearness: float,
        warps: list[Warp] | None = None,
        opening: LinearValue = AS_DRAWN,
        shift: tuple[LinearValue, LinearValue] = (STILL, STILL),
    ) -> None:
        """Add a part of the head at ``at`` (half heads from the middle of the face).

        ``nearness`` times the head's turn moves it: 0 for the face, more before, less behind.
        """
        if self.soft and min(sprite.pixels.shape[:2]) > 0.5 * self.unit:  # not eyes and mouth
            sprite = graded(self.rng, sprite)
        hold = Placement(
            sprite.anchor,
            _sum(at[0] * self.unit, self.turn[0], nearness, shift[0]),
            _sum(at[1] * self.unit, self.turn[1], nearness, shift[1]),
            opening=opening,
        )
        self.parts.append(Part(sprite.pixels, [*(warps or []), hold], self.head))


def _sum(middle: float, turn: LinearValue, nearness: float, shift: LinearValue) -> LinearValue:
    """Return middle + nearness * turn + shift."""
    return LinearValue(
        middle + nearness * turn.start + shift.start, nearness * turn.change + shift.change
    )


def where_it_is(sprite: Sprite) -> tuple[LinearValue, LinearValue]:
    """Return the place (x, y) that leaves a sprite where it is drawn."""
    return LinearValue(sprite.anchor[0]), LinearValue(sprite.anchor[1])
