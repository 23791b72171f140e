"""The last level of the decoder: it warps both neighbour frames, registers and blends them.

The frames are warped twice. A network looks at the first result, corrects the motion, and decides
for every pixel how much to take from each frame and how much to paint. The second warp follows the
corrected motion.

Legend: B batch, c channels, H/W frame size. Motion is (B, 4, h, w): the flow to frame_0 (x, y),
then the flow to frame_1, in pixels of its own map.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencoder.layers import residual_block, upsample, zero_out
from autoencoder.registration import displacement
from nakawari.motion.warping import evened, flow_length, resize_flow, warp

_STEPS = 2
"""Lucas-Kanade steps of the registration. A third one changed nothing."""


class Composed(NamedTuple):
    """A frame, and what it was blended from."""

    frames: Tensor  # (B, 3, H, W)
    weights: Tensor  # (B, 3, H, W), of frame_0, frame_1 and paint; they sum to one
    motion: Tensor  # (B, 4, H/2, W/2), as corrected here, before registration


class Composition(nn.Module):
    """Warps both frames, and decides for each pixel how to blend them, or whether to paint."""

    def __init__(self, in_channels: int, channels: int) -> None:
        """Build it.

        Args:
            in_channels: channels of the hidden features at 1/4.
            channels: channels of its own features at 1/2, a multiple of eight.
        """
        super().__init__()
        self.enter = nn.Conv2d(in_channels, channels, 1)
        # Its input: hidden features, 2x2 pixels of both frames (three colours each), the sketch.
        self.look = nn.Sequential(
            nn.Conv2d(channels + 2 * 12 + 3, channels, 3, padding=1),
            residual_block(channels),
            nn.SiLU(),
        )
        # Three weights and three colours for each of 2x2 pixels, and a correction of the motion.
        self.to_pixels = nn.Conv2d(channels, 4 * 6 + 4, 3, padding=1)
        zero_out(self.to_pixels)

    def forward(
        self,
        hidden: Tensor,
        sketch: Tensor,
        motion: Tensor,
        frame_0: Tensor,
        frame_1: Tensor,
        frame_time: Tensor | None = None,
    ) -> Composed:
        """Blend two frames (B, 3, H, W), warped along ``motion`` (B, 4, h, w), and paint.

        ``hidden`` is (B, in_channels, h, w), ``sketch`` (B, 3, 2h, 2w). The frames may be larger
        than 4h x 4w: maps that were computed from reduced frames are enlarged here. With
        ``frame_time`` (B,), the motion is kept even, as in ``Decoder.forward``.
        """
        size, half = _size(frame_0), (frame_0.shape[-2] // 2, frame_0.shape[-1] // 2)
        hidden, drawn = (_enlarge(maps, half) for maps in (self.enter(hidden), sketch))
        coarse = resize_flow(motion, size)
        seen = torch.cat([warp(frame_0, coarse[:, :2]), warp(frame_1, coarse[:, 2:])], dim=1)
        looked = self.look(torch.cat([hidden, F.pixel_unshuffle(seen, 2), drawn], dim=1))
        answer = self.to_pixels(looked)
        motion_2 = evened(resize_flow(motion, half) + answer[:, -4:], frame_time)
        there = resize_flow(motion_2, size)
        there = there + register(there, frame_0, frame_1)
        fetched_0 = warp(frame_0, there[:, :2], "bicubic")
        fetched_1 = warp(frame_1, there[:, 2:], "bicubic")
        shares, colours = _pixels(answer[:, :-4])
        # Painting begins as the exception (its logit starts at -3).
        weights = (shares - shares.new_tensor([0.0, 0.0, 3.0]).view(1, 3, 1, 1)).softmax(1)
        paint = upsample(drawn) + colours
        frames = weights[:, :1] * fetched_0 + weights[:, 1:2] * fetched_1 + weights[:, 2:] * paint
        frames = _keep_what_stands_still(frames, frame_0, frame_1, there)
        return Composed(frames, weights, motion_2)

    def paint(self, hidden: Tensor, sketch: Tensor) -> Composed:
        """Paint a whole frame (B, 3, 4h, 4w) without neighbours.

        ``hidden`` and ``sketch`` are those of ``forward``. The motion returned is zero.
        """
        hidden = upsample(self.enter(hidden))
        absent = hidden.new_zeros(len(hidden), 2 * 12, *_size(hidden))
        answer = self.to_pixels(self.look(torch.cat([hidden, absent, sketch], dim=1)))
        _, colours = _pixels(answer[:, :-4])
        weights = torch.zeros_like(colours)
        weights[:, 2] = 1
        return Composed(upsample(sketch) + colours, weights, torch.zeros_like(answer[:, -4:]))


@torch.no_grad()
def register(motion: Tensor, frame_0: Tensor, frame_1: Tensor) -> Tensor:
    """Return the correction of ``motion`` that registers both warped frames, (B, 4, H, W), px.

    Where the warped frames disagree by a fraction of a pixel, blending doubles or blurs every line.
    The correction is divided between the two flows in proportion to their lengths. At
    ``frame_time`` 1/4, frame_0 is nearer, so its flow is more certain and is corrected less.
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


def _pixels(answer: Tensor) -> tuple[Tensor, Tensor]:
    """Split an output (B, 24, H/2, W/2) into logits of the weights and colours, (B, 3, H, W)."""
    return F.pixel_shuffle(answer, 2).split(3, dim=1)


def _size(maps: Tensor) -> tuple[int, int]:
    return maps.shape[-2], maps.shape[-1]


def _enlarge(maps: Tensor, size: tuple[int, int]) -> Tensor:
    if _size(maps) == size:
        return maps
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _keep_what_stands_still(
    frames: Tensor, frame_0: Tensor, frame_1: Tensor, motion: Tensor
) -> Tensor:
    """Copy the neighbours' mean where they agree and no motion was found.

    Most of an anime frame stands still, and resampling it can only lose quality. Both conditions
    fade out softly: from 1 to 3 code values of 255 for the largest difference within three pixels,
    and from 0.5 to 1 pixel for the motion.
    """
    difference = (frame_0 - frame_1).abs().amax(dim=1, keepdim=True) * 127.5
    difference = F.max_pool2d(difference, (1, 7), stride=1, padding=(0, 3))
    difference = F.max_pool2d(difference, (7, 1), stride=1, padding=(3, 0))
    speed = torch.maximum(*map(flow_length, motion.chunk(2, dim=1)))
    still = ((3 - difference) / 2).clamp(0, 1) * (2 - 2 * speed).clamp(0, 1)
    return torch.lerp(frames, (frame_0 + frame_1) / 2, still)
