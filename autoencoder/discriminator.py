"""The discriminator of stage 1's adversarial loss."""

from torch import Tensor, nn


class PatchDiscriminator(nn.Sequential):
    """Tells of each 34x34 patch whether it is drawn or decoded (PatchGAN, Isola et al., 2017)."""

    def __init__(self, channels: int = 48) -> None:
        super().__init__(
            nn.Conv2d(3, channels, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),
            nn.GroupNorm(8, 2 * channels),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * channels, 4 * channels, 4, padding=1),
            nn.GroupNorm(8, 4 * channels),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * channels, 1, 4, padding=1),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits (B, 1, h, w) of frames (B, 3, H, W); a positive one means drawn."""
        return super().forward(frames)
