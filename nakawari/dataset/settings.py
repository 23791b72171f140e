"""What a dataset is built with, and what is left out of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BuildSettings:
    """How episodes become triplets; a dataset has one set of them.

    Attributes:
        height: of the stored frames [px], even; smaller videos keep their size.
        quality: of the stored JPEGs, 1 to 100.
        min_change: drawings whose most different block of 16 px differs by less [code values] are
            near-duplicates.
        max_motion: largest movement between frame_0 and frame_1 [px at 288 px height].
        max_unmatched: largest share of frame_0 that is not found again in frame_1.
        shard_samples: triplets in each full shard.
    """

    height: int = 432
    quality: int = 95
    min_change: float = 4.0
    max_motion: float = 64.0
    max_unmatched: float = 0.4
    shard_samples: int = 512

    def __post_init__(self) -> None:
        if self.height < 32 or self.height % 2:
            raise ValueError(f"height must be an even number of at least 32, got {self.height}")
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality must be in [1, 100], got {self.quality}")
        if not 0 < self.max_unmatched <= 1:
            raise ValueError(f"max_unmatched must be in (0, 1], got {self.max_unmatched}")
        for name in ("min_change", "max_motion", "shard_samples"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return asdict(self)


class Reason(StrEnum):
    """Why three successive drawings of a shot are no training triplet."""

    PAUSE = "pause"
    SHAKE = "shake"
    DUPLICATE = "duplicate"
    CYCLE = "cycle"
    FLASH = "flash"
    MOTION = "motion"
    UNMATCHED = "unmatched"


EXPLANATIONS = {
    Reason.PAUSE: "a drawing rests: its time says nothing of its place in the movement",
    Reason.SHAKE: "the camera shakes: the picture is nowhere near the middle of its neighbours",
    Reason.DUPLICATE: "the drawing is that of a neighbour again, but for noise",
    Reason.CYCLE: "the neighbours are the same drawing and the one between them another",
    Reason.FLASH: "the drawing is brighter or darker than both neighbours",
    Reason.MOTION: "the movement is larger than max_motion",
    Reason.UNMATCHED: "most of the picture is not found again: an effect, or a cut that was missed",
}
