"""The few triplets of an episode that the report shows, as small JPEGs in base64."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from nakawari.dataset.settings import Reason

KEPT_SHOWN = 12  # most kept triplets of an episode that the report may show
LEFT_OUT_SHOWN = 3  # most triplets of an episode left out for one reason that it may show
_WIDTH = 192  # px, of each of a triplet's three pictures


@dataclass(frozen=True, kw_only=True)
class Picked:
    """Three frames side by side."""

    jpeg: str  # base64
    words: str
    reason: str | None = None


class Gallery:
    """Picks kept triplets evenly over an episode, and the first ones left out for each reason.

    Args:
        seed: the episode's key; the same episode shows the same triplets.
        expected: about how many triplets will be offered.
    """

    def __init__(self, seed: str, expected: int) -> None:
        self._rng = np.random.default_rng(list(seed.encode()))
        self._chance = KEPT_SHOWN / max(expected, 1)
        self._reasons: Counter[Reason] = Counter()
        self.kept: list[Picked] = []
        self.left_out: list[Picked] = []

    def offer(
        self, frames: Sequence[np.ndarray], facts: dict[str, Any], reason: Reason | None
    ) -> None:
        """Add the triplet's picture if it is picked; ``reason`` says why it is left out."""
        lucky = self._rng.random() < 1.5 * self._chance
        if reason is None:
            if lucky and len(self.kept) < KEPT_SHOWN:
                self.kept.append(_picked(frames, facts, reason))
        elif self._reasons[reason] < LEFT_OUT_SHOWN:
            self._reasons[reason] += 1
            self.left_out.append(_picked(frames, facts, reason))


def _picked(frames: Sequence[np.ndarray], facts: dict[str, Any], reason: Reason | None) -> Picked:
    height = max(round(_WIDTH * frames[0].shape[0] / frames[0].shape[1]), 1)
    strip = np.hstack(
        [cv2.resize(frame, (_WIDTH, height), interpolation=cv2.INTER_AREA) for frame in frames]
    )
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 80]
    )
    words = (
        f"{facts['file']}, frames {', '.join(map(str, facts['frames']))}: "
        f"frame_time {facts['frame_time']:.3g}, motion {facts['motion']:.3g} px"
    )
    return Picked(
        jpeg=base64.b64encode(data.tobytes()).decode(),
        words=words,
        reason=None if reason is None else str(reason),
    )
