"""Stutter: the steps of a video that stand still while the true animation moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

BLOCK = 16  # px
# Code values. Coded by x264 at CRF 16 to 23, a picture that is held changes by up to 3, by more only
# after a key frame of the coding. Between the two bounds lies what may be either: in-betweens of
# small movements, and the truth's grain.
STANDS = 3.0
MOVES = 6.0


class Stillness(NamedTuple):
    """How often a video stands still."""

    stills: int  # steps that stand still while the truth moves
    moving: int  # steps in which the truth moves

    @property
    def share(self) -> float:
        """``stills`` of ``moving``, 0 to 1; 0 where the truth never moves."""
        return self.stills / self.moving if self.moving else 0.0


def changes(frames: Iterable[np.ndarray]) -> Iterator[float]:
    """Yield the change in each step from a frame to the next [code values].

    It is the largest mean difference of luma of any block of 16×16 px, so that a small thing that
    moves counts as much as a large one.

    Args:
        frames: (H, W, 3) uint8, RGB.
    """
    before: np.ndarray | None = None
    for frame in frames:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
        if before is not None:
            yield float(cv2.blur(np.abs(luma - before), (BLOCK, BLOCK)).max())
        before = luma


def stillness(prediction: Iterable[float], truth: Iterable[float]) -> Stillness:
    """Compare the ``changes`` of a video with the truth's, step by step, as far as both go.

    The truth moves in a step if it changes by more than ``MOVES``; a video stands still if it
    changes by less than ``STANDS``. A movement of the camera counts like any other, so that a
    character that stutters on a background that moves is not seen here.
    """
    pairs = list(zip(prediction, truth, strict=False))
    moving = [ours for ours, theirs in pairs if theirs > MOVES]
    return Stillness(sum(ours < STANDS for ours in moving), len(moving))
