"""The encoder: it turns a frame into a pyramid of features and the latent to be quantised.

Legend: B batch, C latent channels, H/W frame size.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from autoencoder.layers import downsample, residual_block
from nakawari import ranks

STRIDE = 16
"""Height and width of a frame must be multiples of this [px], as matching begins at 1/16."""


class FrameFeatures(NamedTuple):
    """The encoder's features of a frame, which the decoder may use of a neighbour."""

    half: Tensor  # (B, c, H/2, W/2)
    quarter: Tensor  # (B, c, H/4, W/4)


class Encoding(NamedTuple):
    """A frame as the encoder sees it."""

    latents: Tensor  # (B, C, H/8, W/8), not yet quantised
    features: FrameFeatures

    def chunk(self, count: int) -> "list[Encoding]":
        """Split a batch into ``count`` equal parts."""
        tensors = zip(*(t.chunk(count) for t in (self.latents, *self.features)), strict=True)
        return [Encoding(latents, FrameFeatures(*features)) for latents, *features in tensors]


class JoinedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation by the statistics of all ranks' batches, which have equal size.

    torch's own ``SyncBatchNorm`` is for GPUs only.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (B, C, h, w): in training by the batch, else by running statistics."""
        if not (self.training and ranks.are_several()):
            return super().forward(features)
        precise, dims = features.float(), (0, 2, 3)
        count = ranks.number() * precise.numel() // precise.shape[1]
        mean = ranks.total(precise.sum(dims)) / count
        centred = precise - mean.view(1, -1, 1, 1)
        variance = ranks.total(centred.square().sum(dims)) / count
        self._follow(mean.detach(), variance.detach() * (count / (count - 1)))
        normalised = centred * (variance + self.eps).rsqrt().view(1, -1, 1, 1)
        return normalised.to(features.dtype)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Update the running statistics with a batch's."""
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


class Encoder(nn.Module):
    """Pixel-unshuffle by two, then strided convolutions to 1/8."""

    def __init__(self, channels: tuple[int, int, int], latent_channels: int) -> None:
        """Build it.

        Args:
            channels: channels of the features at 1/2, 1/4 and 1/8, multiples of eight.
            latent_channels: channels of the latent, C.
        """
        super().__init__()
        half, quarter, eighth = channels
        self.to_half = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, half, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.SiLU(),
        )
        self.to_quarter = nn.Sequential(downsample(half, quarter), residual_block(quarter))
        self.to_eighth = nn.Sequential(
            downsample(quarter, eighth), residual_block(eighth), residual_block(eighth)
        )
        self.to_latents = nn.Sequential(
            nn.GroupNorm(8, eighth),
            nn.SiLU(),
            nn.Conv2d(eighth, latent_channels, 1),
            # Without centring, all tokens point the same way. The quantiser sees directions only.
            JoinedBatchNorm2d(latent_channels),
        )

    def forward(self, frames: Tensor) -> Encoding:
        """Encode frames in [-1, 1], shape (B, 3, H, W).

        An H or W that is not a multiple of ``STRIDE`` raises ``ValueError``.
        """
        height, width = frames.shape[-2:]
        if height % STRIDE or width % STRIDE:
            raise ValueError(
                f"frame size must be a multiple of {STRIDE}, got {height}x{width}; "
                "call pad_to_multiple() first"
            )
        features = self.look(frames)
        return Encoding(self.to_latents(self.to_eighth(features.quarter)), features)

    def look(self, frames: Tensor) -> FrameFeatures:
        """Return the features of frames (B, 3, H, W) without the latent, for half of the work."""
        half = self.to_half(frames)
        return FrameFeatures(half, self.to_quarter(half))


def pad_to_multiple(frames: Tensor, multiple: int = STRIDE) -> Tensor:
    """Repeat the right and lower edge until height and width are multiples of ``multiple``.

    A frame that would be a single cell is made two cells wide. Keys are centred over the frame's
    cells, which takes at least two.
    """
    height, width = frames.shape[-2:]
    padding = [0, -width % multiple, 0, -height % multiple]
    if max(height, width) <= multiple:
        padding[1] += multiple
    return torch.nn.functional.pad(frames, padding, mode="replicate")
