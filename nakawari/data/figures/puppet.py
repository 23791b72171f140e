"""Drawn characters in the manner of anime, made of parts that move as an animator moves them.

Every part is a drawing of its own: hair behind, body, arms, head, eyes, mouth, fringe, locks.
The head turns by parallax (what is nearer moves more), eyes and mouth open and close, hair sways.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from nakawari.data.figures import clothes, face, hair
from nakawari.data.figures.figure import Figure, Manner, Part
from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.movement import bends, dangle, limb_bend, place, ripples
from nakawari.data.moving.warps import AS_DRAWN, STILL, Bow, Chain, Placement, Warp
from nakawari.data.painting.colour import darker
from nakawari.data.painting.patterns import patterned
from nakawari.data.painting.sprites import Sprite, graded

_PATTERNED = 0.2  # of the clothes
_USUAL_UNIT = 40.0  # px, half a head's width at which a pattern has its usual periods
# The share of characters in which each part moves, when any does.
_ACTIVE = {"head": 0.7, "hair": 0.75, "eyes": 0.4, "mouth": 0.5, "arms": 0.7, "legs": 0.6}


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
class _Build:
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


def puppet_figure(
    rng: np.random.Generator,
    size: float,
    position: tuple[float, float],
    manner: Manner,
    active: set[str] | None = None,
    gestures: Gestures | None = None,
) -> Figure:
    """Return a drawn character, ``size`` px high, standing at ``position`` on the stage.

    ``active`` names the kinds of parts that move, of ``_ACTIVE``; None leaves it to chance.
    ``gestures`` gives it many locks of one colour that swing together, or arms that wave.
    """
    whole_body = size < 240 and rng.random() < 0.6
    height = rng.uniform(9.0, 11.0) if whole_body else rng.uniform(4.4, 5.6)  # half head widths
    unit = size / height
    moving = _sample_active(rng, manner) if active is None else active
    soft = bool(rng.random() < 0.35)
    build = _Build(rng, unit, manner.parts, moving, soft, gestures or Gestures())
    _pose_head(build)
    hair_style = hair.sample_style(rng, unit)
    face_style = face.sample_style(rng, unit)
    outfit = clothes.sample_outfit(rng, unit, face_style.skin)
    _add_back_hair(build, hair_style)
    arms_behind = rng.random() < 0.35
    if arms_behind:
        _add_arms(build, outfit)
    _add_body(build, outfit, whole_body, height - 2.2)
    if not arms_behind and (build.gestures.hands > 0 or rng.random() < 0.85):
        _add_arms(build, outfit)
    _add_face(build, face_style, darker(hair_style.colour, 0.6))
    _add_front_hair(build, hair_style)
    bottom = (0.0, (height - 2.2) * unit)
    return Figure(
        parts=build.parts,
        warps=[
            *bends(rng, bottom, size, 0.5 * manner.whole),
            place(rng, bottom, position, size, 1.1 * manner.whole, lean=0.05),
        ],
        x=position[0],
    )


def _sample_active(rng: np.random.Generator, manner: Manner) -> set[str]:
    if manner.parts == 0:
        return set()
    if manner.whole == 0:  # a held drawing in which little moves
        return set(rng.choice(list(_ACTIVE), size=rng.integers(1, 4), replace=False).tolist())
    return {name for name, share in _ACTIVE.items() if rng.random() < share}


def _pose_head(build: _Build) -> None:
    """Set how the head nods, tilts and turns about the neck."""
    rng, unit = build.rng, build.unit
    tilt, move, turn = rng.dirichlet([1.0, 0.7, 1.0]) * build.amount("head") * 1.5
    angle = rng.uniform(0, 2 * np.pi)
    neck = (0.0, 1.05 * unit)
    limit = 0.2 * unit  # features stay on the face
    turn_x = float(np.clip(turn * rng.choice([-1, 1]), -1.5 * limit, 1.5 * limit))
    turn_y = float(np.clip(turn * rng.normal() * 0.4, -limit, limit))
    resting = (rng.normal() * 0.5 * limit, rng.normal() * 0.3 * limit)
    build.turn = (about(resting[0], turn_x), about(resting[1], turn_y))
    move = min(move, 0.3 * unit)
    build.head = Chain(
        [
            Placement(
                neck,
                about(0.0, move * np.cos(angle)),
                about(-0.2 * unit, move * np.sin(angle)),
                about(rng.normal() * 0.08, min(tilt / (1.2 * unit), 0.5) * rng.choice([-1, 1])),
                turn=about(resting[0] / unit, 0.8 * turn_x / unit),
                distance=8 * unit,
            )
        ]
    )


def _add_back_hair(build: _Build, style: hair.HairStyle) -> None:
    rng, unit = build.rng, build.unit
    amount = build.amount("hair")
    sprite = hair.back_hair(rng, style, unit)
    swing = min(amount, 0.5 * unit * style.length) * rng.choice([-1.0, 1.0])
    wave = min(0.4 * amount, 0.12 * unit) * rng.choice([-1.0, 0.0, 1.0])
    bow = Bow(
        sprite.anchor,
        (style.length + 0.4) * unit,
        0.0,
        about(rng.normal() * 0.15 * unit, swing),
        about(rng.normal() * 0.04 * unit, wave),
        about(rng.uniform(0, 6.28), rng.normal() * 0.5 * (amount > 0)),
    )
    if rng.random() < 0.25:  # tails, two or one
        for side in (-1, 1) if rng.random() < 0.7 else (1,):
            length = rng.uniform(1.8, 3.5)
            tail = hair.lock(rng, style, unit, length)
            hang = dangle(rng, tail.anchor, length * unit, amount)
            build.on_head(tail, (side * 1.1, -0.7), -0.3, hang)
    if build.gestures.hair > 0:
        _add_mane(build, style, amount)
    waves = ripples(rng, (style.length + 1) * unit, amount)
    build.on_head(sprite, (0, 0), -0.6, [*waves, bow])
    if build.gestures.hair > 0 and rng.random() < 0.3:
        _add_mane(build, style, amount)


def _add_mane(build: _Build, style: hair.HairStyle, amount: float) -> None:
    """Add many locks that look alike, blown to one side, and swing together far.

    As they lie over each other, each place shows some lock in both drawings: what stays there
    looks as right as the true motion, and only what is around tells them apart.
    """
    rng, unit = build.rng, build.unit
    blown = rng.normal() * 0.7
    sway = min(amount * rng.uniform(1.0, 2.5), build.gestures.hair) * rng.choice([-1.0, 1.0])
    long = rng.uniform(1.5, 4.0)
    for _ in range(rng.integers(6, 15)):
        length = long * rng.uniform(0.6, 1.1)
        shade = style.colour if rng.random() < 0.6 else style.shadow
        sprite = hair.lock(rng, replace(style, colour=shade), unit, length)
        x, y = rng.uniform(-1.1, 1.1), rng.uniform(-0.9, 0.4)
        lean = Placement(
            sprite.anchor, *_stay(sprite), LinearValue(blown - 0.35 * x + rng.normal() * 0.2)
        )
        hang = dangle(rng, sprite.anchor, length * unit, sway * rng.uniform(0.7, 1.15))
        build.on_head(sprite, (x, y), -0.4, [*hang, lean])


def _add_front_hair(build: _Build, style: hair.HairStyle) -> None:
    rng, unit = build.rng, build.unit
    amount = build.amount("hair")
    for side in (-1, 1):
        for _ in range(rng.integers(0, 3)):
            length = rng.uniform(0.9, 2.4)
            sprite = hair.lock(rng, style, unit, length)
            lag = amount * rng.uniform(0.6, 1.1)
            hang = dangle(rng, sprite.anchor, length * unit, lag)
            build.on_head(sprite, (side * rng.uniform(0.75, 1.02), -0.45), 0.3, hang)
    cap = hair.fringe(rng, style, unit)
    flutter = min(0.3 * amount, 0.12 * unit) * rng.choice([-1.0, 1.0])
    root = (cap.anchor[0], cap.anchor[1] - 0.5 * unit)
    waves = ripples(rng, unit, 0.4 * amount)
    build.on_head(cap, (0, 0), 0.55, [*waves, Bow(root, unit, 0.0, about(0.0, flutter))])
    if rng.random() < 0.3:
        sprite = hair.lock(rng, style, unit, rng.uniform(0.5, 0.9))
        hang = dangle(rng, sprite.anchor, 0.7 * unit, amount)
        turned = Placement(
            sprite.anchor, LinearValue(0), LinearValue(0), LinearValue(np.pi + rng.normal() * 0.5)
        )
        stand = Sprite(sprite.pixels, (0.0, 0.0))
        build.on_head(stand, (rng.normal() * 0.2, -1.3), 0.4, [*hang, turned])


def _add_body(build: _Build, outfit: clothes.Outfit, whole_body: bool, height: float) -> None:
    rng, unit = build.rng, build.unit
    waist = outfit.height * 0.9
    if whole_body:
        length = height - waist - 0.3
        for side in (-1, 1):
            sprite = clothes.leg(rng, outfit, unit, length)
            move = limb_bend(rng, sprite.anchor, length * unit, build.amount("legs"), 0.12)
            build.on_body(sprite, side * 0.45, waist, move)
    build.on_body(_clothed(build, clothes.torso(rng, outfit, unit)), 0, 0, [])
    if whole_body and outfit.skirt:
        sprite = _clothed(build, clothes.skirt(rng, outfit, unit))
        swing = min(build.amount("hair"), 0.4 * unit) * rng.choice([-1.0, 1.0])
        bow = Bow(sprite.anchor, unit, 0.0, about(0.0, swing))
        waves = ripples(rng, unit, abs(swing))
        build.on_body(sprite, 0, waist - 0.15, [*waves, bow])


def _clothed(build: _Build, sprite: Sprite) -> Sprite:
    """Return a piece of clothing, some of whose cloth has a pattern."""
    if build.rng.random() >= _PATTERNED:
        return sprite
    return patterned(build.rng, sprite, build.unit / _USUAL_UNIT)


def _add_arms(build: _Build, outfit: clothes.Outfit) -> None:
    rng, unit, wave = build.rng, build.unit, build.gestures.hands
    for side in (-1, 1):
        length = rng.uniform(2.0, 2.6)
        sprite = clothes.arm(rng, outfit, unit, length)
        if wave > 0:
            resting = -side * rng.uniform(1.2, 3.0)
        elif rng.random() < 0.6:
            resting = -side * rng.uniform(0.0, 0.5)
        else:
            resting = -side * rng.uniform(-0.6, 2.6)
        raised = Placement(sprite.anchor, *_stay(sprite), LinearValue(resting))
        # ``limb_bend`` moves the hand by about twice as much as the middle of the arm.
        amount = rng.uniform(0.3, 0.5) * wave if wave > 0 else build.amount("arms")
        move = limb_bend(rng, sprite.anchor, length * unit, amount, 0.5)
        build.on_body(sprite, side * (outfit.shoulder - 0.18), 0.75, [*move, raised])


def _stay(sprite: Sprite) -> tuple[LinearValue, LinearValue]:
    return LinearValue(sprite.anchor[0]), LinearValue(sprite.anchor[1])


def _add_face(build: _Build, style: face.FaceStyle, brow_colour: tuple[float, ...]) -> None:
    rng, unit = build.rng, build.unit
    build.on_head(face.head(rng, style, unit), (0, 0), 0.0)
    opening = _openness(
        rng, "eyes" in build.active, build.displacement, 2 * style.eye_height * unit
    )
    gaze_reach = 0.25 * style.eye_width * unit
    look = about(
        rng.normal() * 0.5 * gaze_reach,
        gaze_reach * rng.uniform(-1, 1) if "eyes" in build.active else 0.0,
    )
    white, coloured = face.eye_white(style, unit), face.iris(style, unit)
    low = style.eye_y + style.eye_height
    tall = 2 * style.eye_height * unit
    lid = LinearValue(-tall * opening.start, -tall * opening.change)
    for side in (-1, 1):
        at = (side * style.eye_x, low)
        build.on_head(white, at, 0.6, opening=opening)
        build.on_head(coloured, at, 0.65, opening=opening, shift=(look, STILL))
        build.on_head(face.lash(rng, style, unit, side), at, 0.6, shift=(STILL, lid))
    lift = build.amount("eyes") * rng.normal() * 0.2
    raise_ = about(0.0, float(np.clip(lift, -0.15 * unit, 0.15 * unit)))
    for side in (-1, 1):
        sprite = face.brow(rng, style, unit, (brow_colour[0], brow_colour[1], brow_colour[2]))
        at = (side * style.eye_x, low - 2 * style.eye_height - 0.22)
        build.on_head(sprite, at, 0.6, shift=(STILL, raise_))
    flap = _openness(rng, "mouth" in build.active, build.displacement, 0.25 * unit)
    build.on_head(face.mouth(rng, style, unit), (0, 0.68), 0.65, opening=flap)


def _openness(
    rng: np.random.Generator, moves: bool, displacement: float, tall: float
) -> LinearValue:
    """Return how far an eye or mouth of ``tall`` px is open, from 0.08 to 1."""
    if not moves:
        return LinearValue(float(rng.choice([0.1, 1.0, rng.uniform(0.3, 1.0)], p=[0.2, 0.6, 0.2])))
    change = float(np.clip(displacement / tall * rng.uniform(0.7, 2.0), 0.2, 0.9))
    start = rng.uniform(0.08, 1.0 - change)
    return (
        LinearValue(start, change) if rng.random() < 0.5 else LinearValue(start + change, -change)
    )
