"""Drawn characters in the manner of anime, made of parts that move as an animator moves them.

Every part is a drawing of its own: hair behind, body, arms, head, eyes, mouth, fringe, locks.
The head turns by parallax (what is nearer moves more), eyes and mouth open and close, hair sways.
"""

import numpy as np

from nakawari.data.figures import clothes, face, hair
from nakawari.data.figures.figure import Figure, Manner
from nakawari.data.figures.puppet_build import Gestures, PuppetBuild, where_it_is
from nakawari.data.figures.puppet_hair import add_back_hair, add_front_hair
from nakawari.data.moving.linear import LinearValue, about
from nakawari.data.moving.movement import bends, limb_bend, place, ripples
from nakawari.data.moving.warps import STILL, Bow, Chain, Placement
from nakawari.data.painting.colour import darker
from nakawari.data.painting.patterns import patterned
from nakawari.data.painting.sprites import Sprite

_PATTERNED = 0.2  # of the clothes
_USUAL_UNIT = 40.0  # px, half a head's width at which a pattern has its usual periods
# The share of characters in which each part moves, when any does.
_ACTIVE = {"head": 0.7, "hair": 0.75, "eyes": 0.4, "mouth": 0.5, "arms": 0.7, "legs": 0.6}


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
    build = PuppetBuild(rng, unit, manner.parts, moving, soft, gestures or Gestures())
    _pose_head(build)
    hair_style = hair.sample_style(rng, unit)
    face_style = face.sample_style(rng, unit)
    outfit = clothes.sample_outfit(rng, unit, face_style.skin)
    add_back_hair(build, hair_style)
    arms_behind = rng.random() < 0.35
    if arms_behind:
        _add_arms(build, outfit)
    _add_body(build, outfit, whole_body, height - 2.2)
    if not arms_behind and (build.gestures.hands > 0 or rng.random() < 0.85):
        _add_arms(build, outfit)
    _add_face(build, face_style, darker(hair_style.colour, 0.6))
    add_front_hair(build, hair_style)
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


def _pose_head(build: PuppetBuild) -> None:
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


def _add_body(build: PuppetBuild, outfit: clothes.Outfit, whole_body: bool, height: float) -> None:
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


def _clothed(build: PuppetBuild, sprite: Sprite) -> Sprite:
    """Return a piece of clothing, some of whose cloth has a pattern."""
    if build.rng.random() >= _PATTERNED:
        return sprite
    return patterned(build.rng, sprite, build.unit / _USUAL_UNIT)


def _add_arms(build: PuppetBuild, outfit: clothes.Outfit) -> None:
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
        raised = Placement(sprite.anchor, *where_it_is(sprite), LinearValue(resting))
        # ``limb_bend`` moves the hand by about twice as much as the middle of the arm.
        amount = rng.uniform(0.3, 0.5) * wave if wave > 0 else build.amount("arms")
        move = limb_bend(rng, sprite.anchor, length * unit, amount, 0.5)
        build.on_body(sprite, side * (outfit.shoulder - 0.18), 0.75, [*move, raised])


def _add_face(build: PuppetBuild, style: face.FaceStyle, brow_colour: tuple[float, ...]) -> None:
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
