"""A clip with one interval in which seeds draw differently, and a model that does so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, SlowResult, run_job
from nakawari.video.reader import VideoReader
from tests.conftest import painting

WHITE = 255
UNSURE_DRAWING = 2  # of the clip below: from frame 4 to frame 6


def drawer(frame_0, frame_1, frame_time, *, seed: int = 0):
    """Cross-fade; between a drawing with a white corner and the next it is a matter of chance."""
    drawn = blend(frame_0, frame_1, frame_time)
    if frame_0[..., -4:, -4:].mean() > 0.8:
        drawn[..., :8, :8] = -1 + 0.3 * seed
    return drawn


class Counting:
    """Draws as ``drawer`` does, and counts the in-betweens by their seeds."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    def __call__(self, *frames, seed: int = 0):
        self.drawn += [seed] * len(frames[2])
        return drawer(*frames, seed=seed)


def reseed(interpolator, seed):
    """Return an interpolator with another seed."""
    return partial(interpolator, seed=seed)


def unsure_clip(make_clip: Callable[..., Path]) -> Path:
    """Make a clip of six drawings on twos, the third of them with a white corner."""
    paintings = [painting(number // 2) for number in range(12)]
    for number in range(2 * UNSURE_DRAWING, 2 * UNSURE_DRAWING + 2):
        paintings[number][-8:, -8:, :3] = WHITE
    return make_clip("clip.mkv", paintings=paintings, codec="ffv1")


def run(clip, name: str, artist=drawer, **how) -> SlowResult:
    """Slow a clip down to a file beside it, with a model that has seeds."""
    job = SlowJob(source=clip, output=clip.with_name(name), **how)
    return run_job(job, lambda: artist, "cpu", drawn_by=lambda: "drawer", reseed=reseed)


def lumas(path) -> list[np.ndarray]:
    """Return the luma of all frames of a video, as whole numbers that can be subtracted."""
    with VideoReader(path) as reader:
        return [frame.picture.luma.astype(int) for frame in reader.frames()]
