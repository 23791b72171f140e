"""Parts of the decoder that make motion better, level by level.

Legend: B batch, h/w size of the level's map. Motion is (B, 4, h, w): the flow to frame_0 (x, y),
then the flow to frame_1, in pixels of the map.
"""

import torch
from torch import Tensor, nn

from autoencoder.layers import residual_block, zero_out


class Refinement(nn.Module):
    """One level: motion and evidence in, hidden features and better motion out."""

    def __init__(self, in_channels: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.enter = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(residual_block(channels) for _ in range(blocks)))
        self.correction = nn.Conv2d(channels, 4, 3, padding=1)
        zero_out(self.correction)

    def forward(self, motion: Tensor, evidence: list[Tensor]) -> tuple[Tensor, Tensor]:
        # Displacements reach tens of pixels; the convolutions see them at the scale of features.
        stacked = torch.cat([motion / 8, *evidence], dim=1)
        evidence.clear()  # at 1/2 of 720p it holds 75 MB, which nobody needs any more
        hidden = self.enter(stacked)
        del stacked
        hidden = self.blocks(hidden)
        return hidden, motion + self.correction(hidden)


_AGREES = 0.5
"""Cosine from which on a latent and what lies somewhere are taken for the same."""


class Belief(nn.Module):
    """How far to believe a given motion, by what was found and what lies where it points."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 4 + 2 * 3**2, 32, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(32, 2, 3, padding=1),
        )

    def forward(self, hidden: Tensor, difference: Tensor, there: list[Tensor]) -> Tensor:
        stacked = torch.cat([hidden, difference / 8, *there], dim=1)
        cosines = torch.cat([of_one[:, 4:5] for of_one in there], dim=1)
        # Whatever it learns, a motion is not believed where the latent sees something else; and
        # where it agrees it may be believed in full: halfway between two motions lies neither.
        return self.layers(stacked).sigmoid() * (cosines / _AGREES).clamp(0, 1)
