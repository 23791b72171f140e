"""Judging a candidate by its pictures: how much changes, how far things move. No side effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from nakawari.dataset.settings import BuildSettings, Reason
from nakawari.flow import luma_flow

JUDGED_HEIGHT = 288  # px; movement is measured in pixels of a picture of this height
_BLOCK = 16  # px, side of the blocks whose mean change is measured
_FLASH_MARGIN = 6.0  # code values by which a flash's mean lies outside both neighbours' means
_UNLIKE = 24.0  # code values; a pixel that optical flow has matched differs by less


class Proof(NamedTuple):
    """A frame in the form in which it is judged: (288, W) uint8 luma."""

    luma: np.ndarray

    @classmethod
    def of(cls, frame: np.ndarray) -> Proof:
        """Return the luma of a frame (H, W, 3) uint8 RGB, resized to 288 px height."""
        width = max(round(frame.shape[1] * JUDGED_HEIGHT / frame.shape[0]), _BLOCK)
        kind = cv2.INTER_AREA if frame.shape[0] > JUDGED_HEIGHT else cv2.INTER_LINEAR
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        return cls(cv2.resize(grey, (width, JUDGED_HEIGHT), interpolation=kind))


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The measurements of a judgement, which are stored with a triplet.

    Attributes:
        change: the smaller of the target's two changes against its neighbours, by
            ``block_change`` [code values].
        motion: how far things move from frame_0 to frame_1 [px at 288 px height]: the 95th
            percentile over the pixels that move by more than one; 0 if none do.
        unmatched: share of frame_0 that is not found again in frame_1.
    """

    change: float
    motion: float = 0.0
    unmatched: float = 0.0


class Judgement(NamedTuple):
    """What was measured, and why the candidate is left out; ``None`` if it is kept."""

    measures: Measures
    rejected: Reason | None


class Judge:
    """Decides on candidates by their pictures."""

    def __init__(self, settings: BuildSettings) -> None:
        self.settings = settings

    def __call__(self, frame_0: Proof, target: Proof, frame_1: Proof) -> Judgement:
        """Return the judgement; the cheap tests come first, and a failed one skips the rest."""
        settings = self.settings
        change = min(block_change(frame_0, target), block_change(target, frame_1))
        measures = Measures(change=round(change, 2))
        if change < settings.min_change:
            return Judgement(measures, Reason.DUPLICATE)
        if block_change(frame_0, frame_1) < settings.min_change:
            return Judgement(measures, Reason.CYCLE)
        if _flashes(frame_0, target, frame_1):
            return Judgement(measures, Reason.FLASH)
        motion, unmatched = self._movement(frame_0, frame_1)
        measures = Measures(
            change=round(change, 2), motion=round(motion, 2), unmatched=round(unmatched, 4)
        )
        if unmatched > settings.max_unmatched:
            return Judgement(measures, Reason.UNMATCHED)
        return Judgement(measures, Reason.MOTION if motion > settings.max_motion else None)

    def _movement(self, frame_0: Proof, frame_1: Proof) -> tuple[float, float]:
        flow = luma_flow(frame_0.luma, frame_1.luma)  # (H, W, 2)
        rows, columns = np.indices(frame_0.luma.shape, np.float32)
        found = cv2.remap(
            frame_1.luma, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR
        )
        unlike = cv2.absdiff(cv2.blur(found, (3, 3)), cv2.blur(frame_0.luma, (3, 3))) > _UNLIKE
        length = np.hypot(flow[..., 0], flow[..., 1])
        moving = length[length > 1]
        return float(np.percentile(moving, 95)) if moving.size else 0.0, float(unlike.mean())


def block_change(one: Proof, other: Proof) -> float:
    """Return the mean absolute difference of the block that differs most [code values]."""
    difference = cv2.absdiff(one.luma, other.luma).astype(np.float32)
    return float(cv2.blur(difference, (_BLOCK, _BLOCK)).max())


def _flashes(frame_0: Proof, target: Proof, frame_1: Proof) -> bool:
    first, middle, last = (float(proof.luma.mean()) for proof in (frame_0, target, frame_1))
    return not min(first, last) - _FLASH_MARGIN <= middle <= max(first, last) + _FLASH_MARGIN
