"""What is needed to make the clips of a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.clips.halves import ClipSet
from eval.clips.shots import TypicalPace, draw_shot
from eval.clips.stage import Stage, sample_stage
from eval.clips.strips import Strip
from nakawari.data.art import Art

FRAMES = (30, 60)  # number of frames of most clips


@dataclass(frozen=True)
class Studio:
    """What is needed to make the clips of a set, with the random generator."""

    rng: np.random.Generator
    art: Art
    clip_set: ClipSet
    height: int
    width: int

    def stage(self, moves: bool = True) -> Stage:
        """Return a stage for a still camera."""
        return sample_stage(self.rng, self.art, self.clip_set, self.height, self.width, moves=moves)

    def length(self, bounds: tuple[int, int] = FRAMES) -> int:
        """Return a random number of frames, from one bound to the other, both included."""
        return int(self.rng.integers(bounds[0], bounds[1] + 1))

    def shot(self, stage: Stage, holds: Sequence[int]) -> Strip:
        """Return a shot of a moving figure under a still camera."""
        return draw_shot(stage, TypicalPace(self.rng, stage), holds)

    def still(self, stage: Stage, frames: int) -> Strip:
        """Return a shot of one drawing."""
        return draw_shot(stage, None, [frames])
