"""A stage whose figures show one drawing while the camera moves on.

The generator's warps know one time only. Here there are two: the *drawing time* in [0, 1] decides
the pose of the figures, and the *frame* of the video decides where the camera is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from eval.clips.halves import ClipSet
from nakawari.data.art import Art
from nakawari.data.figures.figure import Figure, Manner, cel_figure
from nakawari.data.figures.merging import merged
from nakawari.data.figures.puppet import puppet_figure
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.render import Layer, render
from nakawari.data.moving.warps import Chain, Placement, Points, Warp
from nakawari.data.scenes.backdrop import sample_backdrop
from nakawari.data.scenes.camera import Camera, CameraView
from nakawari.data.scenes.scene import STAGE_HEIGHT, STAGE_WIDTH

STILL_CAMERA = Camera()
# How far figures move between drawing times 0 and 1 [px at a height of 288 px]: so far that many
# drawings of a shot fit in between.
RANGE = (40.0, 90.0)
LEAST_RANGE = 16.0  # px at a height of 288 px; least distance of the median moving pixel
MOVING = 0.5  # px at a height of 288 px; pixels that move less stand still
# Least mean difference [code values] between pixels of a background that are 8 px apart. On a
# plainer background no camera move could be seen.
LEAST_TEXTURE = 2.5
# A change is visible if at least so many pixels differ by more than so many code values.
VISIBLE_PIXELS = 20
VISIBLE_CHANGE = 16


class UnusableError(Exception):
    """The random scene cannot show what its clip must show, so another must be drawn."""


@dataclass(frozen=True)
class AtTime:
    """A warp that stays at one drawing time, whatever the frame."""

    warp: Warp
    drawing_time: float

    def forward(self, points: Points, frame_time: float) -> Points:
        return self.warp.forward(points, self.drawing_time)

    def inverse(self, points: Points, frame_time: float) -> Points:
        return self.warp.inverse(points, self.drawing_time)


@dataclass(frozen=True)
class Cel:
    """A cel of the stack under the camera: pixels as in ``Layer``, posed by ``drawn``."""

    pixels: np.ndarray
    drawn: Chain
    depth: float  # 1 moves with the background, 0 is fixed to the screen
    endless: bool = False


@dataclass(frozen=True)
class Stage:
    """A background, which is the first cel, and figures over it; the view is (height, width) px."""

    cels: Sequence[Cel]
    height: int
    width: int

    @property
    def scale(self) -> float:
        """The size of the view relative to 512x288."""
        return max(self.height / STAGE_HEIGHT, self.width / STAGE_WIDTH)

    def draw(
        self, drawing_time: float, camera: Camera = STILL_CAMERA, frame: int = 0
    ) -> np.ndarray:
        """Draw the figures at ``drawing_time`` as the camera sees them, (H, W, 3) uint8."""
        layers = [
            Layer(
                cel.pixels,
                Chain([AtTime(cel.drawn, drawing_time), self._look(camera, cel.depth)]),
                cel.endless,
            )
            for cel in self.cels
        ]
        return render(layers, float(frame), self.height, self.width).frame

    def motion(self, start: float, end: float) -> np.ndarray:
        """Return how far [px] every pixel moves from drawing ``start`` to ``end``, (H, W)."""
        layers = [
            Layer(cel.pixels, Chain([cel.drawn, self._look(STILL_CAMERA, 1.0)]), cel.endless)
            for cel in self.cels
        ]
        rendering = render(layers, start, self.height, self.width, motion_times=(end,))
        return np.hypot(*cv2.split(rendering.motions[0]))

    def typical_range(self) -> float:
        """Return how far the median moving pixel goes from drawing time 0 to 1 [px].

        Raises ``UnusableError`` if too little moves.
        """
        length = self.motion(0.5, 0.0) + self.motion(0.5, 1.0)
        moving = length[length > MOVING * self.scale]
        if moving.size < 150 * self.scale**2 or np.median(moving) < LEAST_RANGE * self.scale:
            raise UnusableError("too little moves")
        return float(np.median(moving))

    def _look(self, camera: Camera, depth: float) -> CameraView:
        return CameraView(camera, depth, (self.width / 2, self.height / 2))


def visible_change(before: np.ndarray, after: np.ndarray) -> bool:
    """Return whether a viewer could see a difference between two pictures, (H, W, 3) uint8."""
    largest = cv2.absdiff(before, after).max(axis=2)
    return int(np.count_nonzero(largest > VISIBLE_CHANGE)) >= VISIBLE_PIXELS


def sample_stage(
    rng: np.random.Generator,
    art: Art,
    clip_set: ClipSet,
    height: int,
    width: int,
    *,
    moves: bool = True,
    travel: tuple[float, float] | None = None,
    depth: float = 1.0,
) -> Stage:
    """Return figures before a background; at least one moves, unless ``moves`` is False.

    ``travel`` (x, y) is how far [px] a camera will go; None if it stands still. The background is
    made larger by that, and has enough texture to show the camera move. ``depth`` is that of the
    figures: with 1 they stand in the background, with 0 they are fixed to the screen.
    """
    cels = [_backdrop(rng, art, height, width, travel)]
    count = int(rng.choice(clip_set.figures))
    mover = int(rng.integers(count))
    for number in range(count):
        resting = not moves or (number != mover and rng.random() < clip_set.held_share)
        figure = _figure(rng, art, clip_set, height, width, (number + 0.5) / count, resting)
        cels += figure_cels(figure, depth)
    return Stage(cels, height, width)


def mouth_stage(
    rng: np.random.Generator, art: Art, clip_set: ClipSet, height: int, width: int
) -> Stage:
    """Return a drawn character of which only the mouth, 8 to 16 px in size, opens and closes."""
    scale = Stage([], height, width).scale
    low, high = 8 * scale, 16 * scale
    backdrop = _backdrop(rng, art, height, width, None)
    for _ in range(400):
        size = rng.uniform(120, 260) * scale
        bottom = min(0.45 * height, -0.4 * height + size)
        position = (rng.uniform(-0.3, 0.3) * width, bottom)
        figure = puppet_figure(rng, size, position, Manner(0.0, 30.0 * scale))
        # If a single part moves, it is the mouth: eyes come in pairs, a head moves with its face.
        moving = [part for part in merged(figure.parts) if _moves(part.warps, part.group)]
        if len(moving) != 1:
            continue
        stage = Stage([backdrop, *figure_cels(figure, 1.0)], height, width)
        changed = cv2.absdiff(stage.draw(0.0), stage.draw(1.0)).max(axis=2) > VISIBLE_CHANGE
        _, _, columns, rows = cv2.boundingRect(changed.astype(np.uint8))
        half_open = stage.draw(0.5)
        if (
            low <= max(columns, rows) <= high
            and visible_change(stage.draw(0.0), half_open)
            and visible_change(half_open, stage.draw(1.0))
        ):
            return stage
    raise UnusableError("no character moves its mouth only")


def nearer(
    rng: np.random.Generator, art: Art, clip_set: ClipSet, stage: Stage, moves: bool = True
) -> Stage:
    """Return other figures before the same background, seen from nearer.

    A cut to it is hard to see. The background is enlarged by a factor of 1.15 to 1.6, and shifted
    by 10 to 30 per cent of the width.
    """
    other = sample_stage(rng, art, clip_set, stage.height, stage.width, moves=moves)
    shift = rng.uniform(0.1, 0.3) * stage.width * rng.choice([-1.0, 1.0])
    zoom = Placement(
        (0.0, 0.0),
        LinearValue(shift),
        LinearValue(0.0),
        log_scale=LinearValue(float(np.log(rng.uniform(1.15, 1.6)))),
    )
    backdrop = stage.cels[0]
    seen = replace(backdrop, drawn=Chain([backdrop.drawn, zoom]))
    return replace(other, cels=[seen, *other.cels[1:]])


def figure_cels(figure: Figure, depth: float) -> list[Cel]:
    """Return the parts of a figure; parts that never move against each other are one cel."""
    whole = Chain(figure.warps)
    return [
        Cel(part.pixels, Chain([*part.warps, part.group, whole]), depth)
        for part in merged(figure.parts)
    ]


def _moves(warps: Sequence[Warp], group: Chain) -> bool:
    """Return whether a point of the part is in different places at different times."""
    chain = Chain([*warps, group])
    grid = np.meshgrid(np.linspace(0, 50, 4), np.linspace(0, 50, 4))
    places = [np.stack(chain.forward((grid[0], grid[1]), time)) for time in (0.0, 0.5, 1.0)]
    return not all(np.allclose(places[0], place) for place in places[1:])


def _figure(
    rng: np.random.Generator,
    art: Art,
    clip_set: ClipSet,
    height: int,
    width: int,
    share: float,
    resting: bool,
) -> Figure:
    """Return a figure that stands at about ``share`` of the width."""
    scale = Stage([], height, width).scale
    size = height * rng.uniform(0.5, 1.3)
    top = -height * rng.uniform(0.25, 0.5)
    x = ((share - 0.5) * 0.8 + rng.normal() * 0.06) * width
    reach = rng.uniform(*RANGE) * scale
    manner = Manner(reach, reach * rng.uniform(0.2, 0.8))
    if resting:
        manner = Manner(0.0, 0.0)
    elif rng.random() < clip_set.parts_share:
        manner = Manner(0.0, reach)
    if rng.random() < clip_set.puppet_share:
        return puppet_figure(rng, size, (x, top + size), manner)
    return cel_figure(rng, art, 0.75 * size, (x, top + 0.75 * size), manner)


def _backdrop(
    rng: np.random.Generator, art: Art, height: int, width: int, travel: tuple[float, float] | None
) -> Cel:
    along, down = travel or (0.0, 0.0)
    columns, rows = int(width * 1.15 + along), int(height * 1.15 + down)
    for _ in range(40):
        pixels = sample_backdrop(rng, art, rows, columns)
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY)
        if travel is None or cv2.absdiff(grey[:, 8:], grey[:, :-8]).mean() >= LEAST_TEXTURE:
            hang = Placement((columns / 2, rows / 2), LinearValue(0.0), LinearValue(0.0))
            return Cel(pixels, Chain([hang]), 1.0, endless=True)
    raise UnusableError("all backgrounds are plain")
