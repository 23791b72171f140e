"""The protocol of a model: the slow-motion loop and the benchmark know nothing else of it."""

from typing import Protocol

from torch import Tensor


class FrameInterpolator(Protocol):
    """Draws the frames between two frames; several threads may call it at once."""

    def __call__(self, frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
        """Synthesise one frame for each ``frame_time``.

        Args:
            frame_0: the earlier frames, (B, 3, H, W) in [-1, 1]. With (1, 3, H, W) every
                ``frame_time`` is in the same interval, which may then be analysed only once.
            frame_1: the later frames, of the same shape.
            frame_time: positions in (0, 1), shape (B,); 0 is ``frame_0``, 1 is ``frame_1``.

        Returns:
            Frames in [-1, 1], shape (B, 3, H, W), on the device of ``frame_0``.
        """
        ...
