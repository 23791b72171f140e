"""Shots: how far figures move from one drawing to the next, and how long each drawing is held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from eval.clips.camera import CameraTrack
from eval.clips.stage import STILL_CAMERA, Stage, UnusableError, visible_change
from eval.clips.strips import Strip, clear_cadence
from nakawari.data.scenes.camera import Camera

# Real TV animation moves 2.3 / 6 / 14 px from drawing to drawing (10th/50th/90th percentile, at
# 512x288). Each shot has a median step of its own, around which its steps vary. Turning back at the
# ends shortens some steps, so that the median of all steps is 6.
MEDIAN_STEP = 6.2  # px at a height of 288 px
SHOT_SIGMA = 0.5  # of the logarithm of a shot's median step
DRAWING_SIGMA = 0.42  # of the logarithm of a step within a shot
STEPS = (1.2, 32.0)  # px at a height of 288 px, least and greatest
SMALL_MOTION = (0.7, 1.5)  # px at a height of 288 px: the greatest motion of any pixel
ENLARGE = (1.0, 1.5, 2.2, 3.3)  # factors that are tried in turn until the step is visible


class Change(NamedTuple):
    """The time of the next drawing, and how far the figures move until then."""

    drawing_time: float
    motion: float  # px; of the median moving pixel, or as the ``DrawingTimes`` class says


class DrawingTimes(Protocol):
    """Chooses drawing times."""

    def first(self) -> float:
        """Return the drawing time of a shot's first drawing."""
        ...

    def after(self, now: float, enlarge: float) -> Change:
        """Return the next drawing; ``enlarge`` asks for a step that many times larger."""
        ...


class TypicalPace:
    """Walks up and down the drawing times in steps as long as those of real animation.

    ``Change.motion`` is that of the median moving pixel. Raises ``UnusableError`` if too little
    moves.
    """

    def __init__(self, rng: np.random.Generator, stage: Stage, faster: float = 1.0) -> None:
        """Walk on a stage, with steps that are ``faster`` times as long as usual."""
        self._rng = rng
        self._scale = stage.scale
        self._range = stage.typical_range()
        self._median = MEDIAN_STEP * math.exp(SHOT_SIGMA * rng.standard_normal()) * faster
        self._direction = 1.0

    def first(self) -> float:
        return float(self._rng.uniform(0.0, 1.0))

    def after(self, now: float, enlarge: float) -> Change:
        wanted = self._median * math.exp(DRAWING_SIGMA * self._rng.standard_normal()) * enlarge
        length = float(np.clip(wanted, *STEPS)) * self._scale / self._range
        following = _walk(now, self._direction, length)
        self._direction = math.copysign(1.0, following - now)
        return Change(following, abs(following - now) * self._range)


class SmallPace:
    """Takes steps in which the fastest pixel moves 0.7 to 1.5 px; this is ``Change.motion``."""

    def __init__(self, rng: np.random.Generator, stage: Stage) -> None:
        self._rng = rng
        self._stage = stage
        self._direction = 1.0
        self._speed = float((stage.motion(0.5, 0.0) + stage.motion(0.5, 1.0)).max())
        if self._speed < 10 * stage.scale:
            raise UnusableError("too little moves")

    def first(self) -> float:
        return float(self._rng.uniform(0.1, 0.9))

    def after(self, now: float, enlarge: float) -> Change:
        scale = self._stage.scale
        low, high = SMALL_MOTION
        wanted = min(self._rng.uniform(low, high) * enlarge, high) * scale
        length = wanted / self._speed
        for _ in range(3):  # the speed is not constant: correct the length by the result
            following = _walk(now, self._direction, length)
            motion = float(self._stage.motion(now, following).max())
            if low * scale <= motion <= high * scale:
                self._direction = math.copysign(1.0, following - now)
                return Change(following, motion)
            length *= wanted / max(motion, 0.1 * wanted)
        raise UnusableError("no step is small enough")


class FlapPace:
    """A mouth: closed, half open or open, never twice the same. ``Change.motion`` is NaN."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def first(self) -> float:
        return 0.0

    def after(self, now: float, enlarge: float) -> Change:
        others = [level for level in (0.0, 0.5, 1.0) if level != now]
        return Change(float(self._rng.choice(others)), math.nan)


def evenly(hold: int, frames: int) -> list[int]:
    """Return holds of equal length that fill the frames; the last may be shorter."""
    rest = frames % hold
    return [hold] * (frames // hold) + ([rest] if rest else [])


def draw_shot(
    stage: Stage, pace: DrawingTimes | None, holds: Sequence[int], track: CameraTrack | None = None
) -> Strip:
    """Draw a shot; ``holds`` says for how many frames each of its drawings is held.

    ``pace`` chooses the drawing times; without one, a single drawing is held. Raises
    ``UnusableError`` if two successive drawings cannot be made to differ visibly.
    """
    camera = track.camera if track else STILL_CAMERA
    change = Change(pace.first() if pace else 0.5, math.nan)
    frames: list[np.ndarray] = []
    exposures: list[int] = []
    motions: list[float] = []
    for drawing, hold in enumerate(holds):
        first = len(frames)
        if drawing and pace:
            before = stage.draw(change.drawing_time, camera, first) if track else frames[-1]
            change, picture = _next_drawing(stage, pace, change, camera, before, first)
            motions.append(change.motion)
        else:
            picture = stage.draw(change.drawing_time, camera, first)
        frames.append(picture)
        for frame in range(first + 1, first + hold):
            frames.append(stage.draw(change.drawing_time, camera, frame) if track else picture)
        exposures += [drawing if pace else 0] * hold
    moves = track.moves if track else (False,) * len(frames)
    return Strip(
        frames=frames,
        exposures=exposures,
        camera=[track.kind if track and moved else None for moved in moves],
        cadences=[clear_cadence(holds if pace else [len(frames)])],
        motions=motions,
    )


def _next_drawing(
    stage: Stage, pace: DrawingTimes, now: Change, camera: Camera, before: np.ndarray, frame: int
) -> tuple[Change, np.ndarray]:
    for enlarge in ENLARGE:
        change = pace.after(now.drawing_time, enlarge)
        picture = stage.draw(change.drawing_time, camera, frame)
        if visible_change(before, picture):
            return change, picture
    raise UnusableError("two successive drawings look the same")


def _walk(now: float, direction: float, length: float) -> float:
    """Go on in [0, 1] by ``length``; turn back where that would lead out of it."""
    for way in (direction, -direction):
        if 0.0 <= now + way * length <= 1.0:
            return now + way * length
    return 0.0 if now > 0.5 else 1.0
