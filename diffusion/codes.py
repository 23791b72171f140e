"""Stage 1's codes of a training sample, computed by the process that draws the sample.

Stage 1 takes longer to encode three frames than the U-Net takes to learn from them. As its
encoder is frozen, the result is always the same. So it is computed once, and kept with the sample
as codes.
"""

from copy import deepcopy

import torch
from torch import Tensor

from autoencoder import VQAutoencoder
from autoencoder.quantiser import Quantiser
from nakawari.data.triplet import Triplet, as_frames


class WithCodes:
    """Adds the codes of its frames to a sample. It is picklable, for workers."""

    def __init__(self, autoencoder: VQAutoencoder) -> None:
        # A copy: the original moves to the training device, which workers cannot use.
        self._autoencoder = deepcopy(autoencoder)

    @torch.no_grad()
    def __call__(self, triplet: Triplet) -> Triplet:
        """Return the sample, not batched, with its codes."""
        frames = as_frames(triplet)
        batch = Triplet(*(tensor.unsqueeze(0) for tensor in frames))
        codes = (found.squeeze(0) for found in codes_of(batch, self._autoencoder))
        known = dict(zip(("codes_0", "codes", "codes_1"), codes, strict=True))
        return triplet._replace(**known)


@torch.no_grad()
def codes_of(triplet: Triplet, autoencoder: VQAutoencoder) -> tuple[Tensor, Tensor, Tensor]:
    """Return the codes (B, h, w, k) int16 of frame_0, target and frame_1, frames in [-1, 1]."""
    stacked = torch.cat([triplet.frame_0, triplet.target, triplet.frame_1])
    codes = autoencoder.quantise(autoencoder.encode(stacked).latents).indices.short()
    codes_0, codes_target, codes_1 = codes.chunk(3)
    return codes_0, codes_target, codes_1


def latents_of(codes: Tensor, quantiser: Quantiser) -> Tensor:
    """Return the latents (B, C, h, w) that codes (B, h, w, k) of any integer type stand for."""
    return quantiser.lookup(codes.long())
