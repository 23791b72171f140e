"""The last step of the decoder: both neighbours' pixels fetched, brought into register, and mixed.

Legend: B batch, c channels, H/W frame size. Motion is (B, 4, H, W): the flow to frame_0 (x, y),
then the flow to frame_1, in pixels.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencoder.layers import halve, residual_block, upsample, zero_out
from autoencoder.matching import flow_length, warp
from autoencoder.registration import displacement

_STEPS = 2
"""Of registration; a third changed nothing."""


class Composed(NamedTuple):
    """A frame, and what it was mixed from."""

    frames: Tensor  # (B, 3, H, W)
    weights: Tensor  # (B, 3, H, W): shares of frame_0, frame_1 and paint; they sum to one


class Composition(nn.Module):
    """Looks at what was fetched, and decides pixel by pixel what to show of it, or to paint."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, 3, padding=1)
        zero_out(last)
        # Both frames' 2x2 pixels, three colours each, and how far they were moved.
        self.look = nn.Sequential(
            nn.Conv2d(channels + 2 * 12 + 2, channels, 3, padding=1),
            residual_block(channels),
            last,
        )
        # Three shares and three colours for each of the 2x2 pixels.
        self.to_pixels = nn.Conv2d(channels, 4 * 6, 3, padding=1)
        zero_out(self.to_pixels)

    def forward(
        self, hidden: Tensor, sketch: Tensor, motion: Tensor, frame_0: Tensor, frame_1: Tensor
    ) -> Composed:
        """Mix two frames (B, 3, H, W), fetched along ``motion``, and paint.

        ``hidden`` is (B, c, H/2, W/2), ``sketch`` (B, 3, H/2, W/2).
        """
        moved = register(motion, frame_0, frame_1)
        there = motion + moved
        fetched_0 = warp(frame_0, there[:, :2], "bicubic")
        fetched_1 = warp(frame_1, there[:, 2:], "bicubic")
        seen = F.pixel_unshuffle(torch.cat([fetched_0, fetched_1], dim=1), 2)
        how_far = halve(moved[:, 2:] - moved[:, :2])
        hidden = hidden + self.look(torch.cat([hidden, seen, how_far], dim=1))
        shares, colours = self._pixels(hidden)
        # Painting begins as the exception (its logit starts at -3).
        weights = (shares - shares.new_tensor([0.0, 0.0, 3.0]).view(1, 3, 1, 1)).softmax(1)
        paint = upsample(sketch) + colours
        frames = weights[:, :1] * fetched_0 + weights[:, 1:2] * fetched_1 + weights[:, 2:] * paint
        return Composed(_keep_what_stands_still(frames, frame_0, frame_1, motion), weights)

    def paint(self, hidden: Tensor, sketch: Tensor) -> Composed:
        """Draw without neighbours."""
        _, colours = self._pixels(hidden)
        weights = torch.zeros_like(colours)
        weights[:, 2] = 1
        return Composed(upsample(sketch) + colours, weights)

    def _pixels(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        return F.pixel_shuffle(self.to_pixels(hidden), 2).split(3, dim=1)


@torch.no_grad()
def register(motion: Tensor, frame_0: Tensor, frame_1: Tensor) -> Tensor:
    """Return by how much to change ``motion`` so that both frames show the same, (B, 4, H, W), px.

    Where they disagree by a fraction of a pixel, a mixture of them doubles or blurs every line.
    What is missing is shared out as the motion is: at ``frame_time`` 1/4, frame_0 is nearer, and
    its flow the surer.
    """
    moved = torch.zeros_like(motion)
    length_0, length_1 = (flow_length(flow) + 0.1 for flow in motion.chunk(2, dim=1))
    share_0 = length_0 / (length_0 + length_1)
    for _ in range(_STEPS):
        fetched_0 = warp(frame_0, motion[:, :2] + moved[:, :2], "bicubic")
        fetched_1 = warp(frame_1, motion[:, 2:] + moved[:, 2:], "bicubic")
        step = displacement(fetched_0, fetched_1)
        moved = moved + torch.cat([-share_0 * step, (1 - share_0) * step], dim=1)
    return moved


def _keep_what_stands_still(
    frames: Tensor, frame_0: Tensor, frame_1: Tensor, motion: Tensor
) -> Tensor:
    """Copy the neighbours where they agree and the latent finds no motion.

    Most of an anime frame stands still; there every resampling can only lose. Both conditions
    fade out softly: a difference of 1 to 3 code values of 255 within three pixels, and a motion
    of 0.5 to 1 pixel.
    """
    difference = (frame_0 - frame_1).abs().amax(dim=1, keepdim=True) * 127.5
    difference = F.max_pool2d(difference, (1, 7), stride=1, padding=(0, 3))
    difference = F.max_pool2d(difference, (7, 1), stride=1, padding=(3, 0))
    speed = torch.maximum(*map(flow_length, motion.chunk(2, dim=1)))
    still = ((3 - difference) / 2).clamp(0, 1) * (2 - 2 * speed).clamp(0, 1)
    return torch.lerp(frames, (frame_0 + frame_1) / 2, still)
