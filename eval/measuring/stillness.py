"""Stutter: the steps in which a video stands still while the true animation moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

BLOCK = 16  # px
# Bounds of a change [code values]. Encoded by x264 at CRF 16 to 23, a held picture changes by up to
# 3, and by more only after a keyframe. A change between the two bounds may be either: an in-between
# of a small movement, or the grain of the truth.
STANDS = 3.0
MOVES = 6.0


class Stillness(NamedTuple):
    """How often a video stands still."""

    stills: int  # steps that stand still while the truth moves
    moving: int  # steps in which the truth moves

    @property
    def share(self) -> float:
        """``stills`` as a share of ``moving``, 0 to 1; 0 if the truth never moves."""
        return self.stills / self.moving if self.moving else 0.0


class Changes(NamedTuple):
    """How much a video changes [code values]."""

    single: list[float]  # from each frame to the next
    double: list[float]  # from each frame to the next but one


def changes(frames: Iterable[np.ndarray]) -> Changes:
    """Measure a video, frame by frame.

    A change is the mean difference of luma in that block of 16×16 px where it is largest. So a
    small thing that moves counts as much as a large one.

    Args:
        frames: (H, W, 3) uint8, RGB.
    """
    single, double = [], []
    before: deque[np.ndarray] = deque(maxlen=2)
    for frame in frames:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        if before:
            single.append(_largest_block_change(before[-1], luma))
        if len(before) == 2:
            double.append(_largest_block_change(before[0], luma))
        before.append(luma)
    return Changes(single, double)


def _largest_block_change(before: np.ndarray, after: np.ndarray) -> float:
    change = cv2.absdiff(before, after).astype(np.float32)
    return float(cv2.blur(change, (BLOCK, BLOCK)).max())


def stillness(prediction: Changes, truth: Changes) -> Stillness:
    """Compare a video with the truth, step by step, up to the end of the shorter one.

    The truth moves in a step if it changes by more than ``MOVES``. A video stands still in that
    step if it changes by less than ``STANDS``, or if the step before or after undoes the change: a
    model that draws an "in-between" of two repeats makes the picture shimmer, not move. A camera
    move counts like any other movement. So a character that stutters on a moving background is not
    detected here.
    """
    steps = range(min(len(prediction.single), len(truth.single)))
    moving = [step for step in steps if truth.single[step] > MOVES]
    return Stillness(sum(_stands(prediction, step) for step in moving), len(moving))


def _stands(video: Changes, step: int) -> bool:
    around = video.double[max(step - 1, 0) : step + 1]
    return min([video.single[step], *around]) < STANDS
