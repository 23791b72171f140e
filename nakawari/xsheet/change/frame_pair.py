"""Two successive frames of a shot: all that can be told from these two alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from nakawari.xsheet.camera.motion import Pair
from nakawari.xsheet.change.change import Plate, block_change, sides_move
from nakawari.xsheet.change.cuts import ShotPlate
from nakawari.xsheet.settings import DEFAULT, DetectorSettings


class FramePair:
    """Two successive frames of a shot. What they tell is computed once, when first asked for."""

    def __init__(
        self, before: Plate | None, now: Plate, settings: DetectorSettings = DEFAULT
    ) -> None:
        """Take a frame and the one before. A shot's first frame is compared with itself."""
        self._settings = settings
        self.begins_shot = before is None
        self.before, self.now = now if before is None else before, now

    @cached_property
    def still(self) -> float:
        """How much the frame changed, as if nothing had moved [code values]."""
        return block_change(self.before, self.now, self._settings.differences)

    @property
    def is_faint(self) -> bool:
        """Whether the frame changed so little that no camera moved."""
        return self.still <= self._settings.differences.faint

    @cached_property
    def sides(self) -> bool:
        """Whether all sides of the picture moved."""
        return sides_move(self.before.smooth.luma, self.now.smooth.luma, self._settings)

    @cached_property
    def luma(self) -> Pair:
        """The two luma planes, as ``camera_motion`` takes them."""
        planes = self.before.smooth.luma, self.now.smooth.luma
        return Pair(*planes, settings=self._settings)

    def work_out(self) -> None:
        """Compute what following the camera is sure to ask for."""
        if not self.is_faint and self.sides and self.luma.may_move:
            _ = self.luma.tracks


def frame_pairs(
    frames: Iterable[ShotPlate], settings: DetectorSettings = DEFAULT
) -> Iterator[FramePair]:
    """Yield a pair for each frame of a clip, and compute what needs no other pair.

    That is half of the measuring, which another thread can do.
    """
    before: Plate | None = None
    for frame in frames:
        pair = FramePair(None if frame.begins_shot else before, frame.plate, settings)
        pair.work_out()
        before = frame.plate
        yield pair
