"""The few building blocks that encoder and decoder share."""

import torch.nn.functional as F
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn


def residual_block(in_channels: int, out_channels: int | None = None) -> nn.Module:
    """Return diffusers' residual block (GroupNorm, SiLU, 3x3, twice) without a time embedding."""
    return _Residual(in_channels, out_channels or in_channels)


def downsample(in_channels: int, out_channels: int) -> nn.Module:
    """Return a 3x3 convolution of stride 2 that halves height and width."""
    return Downsample2D(in_channels, use_conv=True, out_channels=out_channels, padding=1, name="op")


def upsample(features: Tensor) -> Tensor:
    """Double height and width by bilinear interpolation."""
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


def zero_out(convolution: nn.Conv2d) -> None:
    """Make a convolution return zeros until it is trained."""
    for parameter in convolution.parameters():
        nn.init.zeros_(parameter)


class _Residual(ResnetBlock2D):
    """``ResnetBlock2D`` as a module of one argument, so that it fits in ``nn.Sequential``."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(
            in_channels=in_channels,
            out_channels=out_channels,
            temb_channels=None,
            groups=8,
            eps=1e-5,
        )

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(features, None)
