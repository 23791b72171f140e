"""Parts of the decoder that refine the motion, level by level.

Legend: B batch, h/w size of the level's map. Motion is (B, 4, h, w): the flow to frame_0 (x, y),
then the flow to frame_1, in pixels of the map.
"""

import torch
from torch import Tensor, nn

from autoencoder.layers import residual_block, zero_out


class Refinement(nn.Module):
    """One level: it takes motion and evidence, and returns hidden features and refined motion.

    The evidence is a list of maps (B, c, h, w).
    """

    def __init__(self, in_channels: int, channels: int, blocks: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.enter = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(residual_block(channels) for _ in range(blocks)))
        self.correction = nn.Conv2d(channels, 4, 3, padding=1)
        zero_out(self.correction)

    def forward(self, motion: Tensor, evidence: list[Tensor]) -> tuple[Tensor, Tensor]:
        # Displacements reach tens of pixels; divided by 8 they have the scale of features.
        hidden = self.blocks(self.enter(torch.cat([motion / 8, *evidence], dim=1)))
        return hidden, motion + self.correction(hidden)


_AGREES = 0.5
"""Cosine of two keys, the latent's and a neighbour's. From this value on they count as the same,
and a given motion may be believed in full. Below it, the limit falls linearly to zero."""


class Belief(nn.Module):
    """Tells how far to believe a given motion, (B, 2, h, w) in [0, 1], one value for each flow.

    It judges by the hidden features, by how the given motion differs from the one found, and by the
    correlation of the latent with what lies where the given motion points.
    """

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
        # Whatever it learns, it does not believe a motion where the latent shows something else.
        # Where they agree, it may believe in full: the mean of two motions is neither of them.
        return self.layers(stacked).sigmoid() * (cosines / _AGREES).clamp(0, 1)
