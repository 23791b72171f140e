"""Camera moves that are given frame by frame: pan, zoom and shake at known speeds."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from eval.clips.halves import ClipSet
from nakawari.data.moving.linear import LinearValue
from nakawari.data.scenes.camera import Camera

SPEED = (0.5, 8.0)  # px a frame of a pan, at a height of 288 px
ZOOM_SPEED = (0.5, 4.0)  # px a frame of a zoom, at the left and right edge
MOST_ZOOM = 0.5  # natural logarithm of the largest factor of a whole zoom
SHAKE = (1.0, 6.0)  # px from the middle, at a height of 288 px
LEAST_STEP = 0.7  # px between two frames of a shake, at a height of 288 px
RAMP = 6  # frames in which an eased move reaches its full speed


@dataclass(frozen=True)
class PerFrame(LinearValue):
    """A value for each frame: it is called with a frame's number, a ``LinearValue`` with a time."""

    values: tuple[float, ...] = ()

    @property
    def moves(self) -> bool:
        return len(set(self.values)) > 1

    def __call__(self, frame_time: float) -> float:
        return self.values[int(frame_time)]


@dataclass(frozen=True)
class CameraTrack:
    """What the camera does in a shot.

    ``moves`` says for each frame whether the camera has moved since the frame before.
    """

    kind: str  # "pan", "zoom" or "shake"
    camera: Camera
    moves: tuple[bool, ...]
    travel: tuple[float, float]  # x, y [px]: range of its positions, for which background is needed


def sample_track(
    rng: np.random.Generator,
    clip_set: ClipSet,
    kind: str,
    frames: int,
    width: int,
    scale: float,
    most_travel: float = math.inf,
) -> CameraTrack:
    """Return a random camera move of a kind, over a shot of so many frames.

    ``scale`` is the size of the view relative to 512x288, ``width`` its width [px].
    ``most_travel`` is the greatest length of a pan [px].
    """
    if kind == "pan":
        speed = _log_uniform(rng, *SPEED) * scale
        way = _way(rng, clip_set, frames)
        speed = min(speed, most_travel / way[-1])
        angle = rng.choice([0.0, 0.0, 0.5, 1.0, 1.0, 1.5]) * math.pi
        if clip_set.any_angle:
            angle = rng.uniform(0, 2 * math.pi)
        along = (way - way[-1] / 2) * speed
        return _track(kind, along * math.cos(angle), along * math.sin(angle), 0 * along)
    if kind == "zoom":
        way = _way(rng, clip_set, frames)
        rate = _log_uniform(rng, *ZOOM_SPEED) * scale / (width / 2)
        rate = min(rate, MOST_ZOOM / way[-1]) * rng.choice([-1.0, 1.0])
        zoom = (way - way[-1] / 2) * rate
        return _track(kind, 0 * zoom, 0 * zoom, zoom)
    if kind == "shake":
        offsets = _shake(rng, clip_set, frames) * scale
        return _track(kind, offsets[:, 0], offsets[:, 1], 0 * offsets[:, 0])
    raise ValueError(f"kind must be pan, zoom or shake, got {kind!r}")


def _way(rng: np.random.Generator, clip_set: ClipSet, frames: int) -> np.ndarray:
    """Return the distance covered at each frame, (frames,), in units of a frame at full speed.

    The move is even, or eased at both ends.
    """
    speed = np.ones(frames - 1)
    if rng.random() < clip_set.eased_share and frames > 4 * RAMP:
        begin, end = (int(rng.integers(0, frames - 3 * RAMP) // 2) for _ in range(2))
        frame = np.arange(frames - 1)
        rising = (frame - begin + 0.5) / RAMP
        falling = (frames - 1 - end - frame - 0.5) / RAMP
        speed = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    return np.concatenate([[0.0], np.cumsum(speed)])


def _shake(rng: np.random.Generator, clip_set: ClipSet, frames: int) -> np.ndarray:
    """Return a new offset for every frame, (frames, 2) [px at a height of 288 px]."""
    low, high = SHAKE
    reach = np.full(frames, rng.uniform(1.5 * low, high))
    if rng.random() < clip_set.dying_share:
        reach = np.geomspace(high, low, frames)
    offsets = np.zeros((frames, 2))
    for frame in range(frames):
        while True:
            angle, length = rng.uniform(0, 2 * math.pi), rng.uniform(low, max(reach[frame], 1.1))
            offsets[frame] = length * math.cos(angle), length * math.sin(angle)
            if not frame or np.hypot(*(offsets[frame] - offsets[frame - 1])) >= LEAST_STEP:
                break
    return offsets


def _track(kind: str, x: np.ndarray, y: np.ndarray, zoom: np.ndarray) -> CameraTrack:
    states = list(zip(x.tolist(), y.tolist(), zoom.tolist(), strict=True))
    camera = Camera(
        x=PerFrame(0.0, values=tuple(x.tolist())),
        y=PerFrame(0.0, values=tuple(y.tolist())),
        zoom=PerFrame(0.0, values=tuple(zoom.tolist())),
    )
    moves = (False, *(before != after for before, after in pairwise(states)))
    return CameraTrack(kind, camera, moves, (float(np.ptp(x)), float(np.ptp(y))))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
