"""The latent U-Net of stage 2, built from diffusers' blocks.

Legend: B batch, C latent channels, h/w latent size (H/8, W/8).
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from diffusion.alignment import Conditions


class InBetweenUNet(ModelMixin, ConfigMixin):
    """Predict the clean latent of the middle frame from a noisy one and both neighbours.

    It goes down by strided convolutions; each skip carries the features right after a
    downsampling (the first: after the input convolution). Noise level and frame_time act twice:
    through one projection for the whole network, and through one of its own in every residual
    block.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 32,
        channels: tuple[int, ...] = (96, 128, 192, 256),
        blocks_per_level: int = 1,
        time_channels: int = 256,
        noise_scale: float = 0.5,
    ) -> None:
        """Build it.

        Args:
            latent_channels: C.
            channels: of each level, multiples of eight; their number is the depth.
            blocks_per_level: residual blocks on the way down, and again on the way up.
            time_channels: of the time embedding.
            noise_scale: standard deviation of the noise that sampling starts from (see
                ``diffusion.bridge``); kept here because weights fit one scale only.
        """
        super().__init__()
        if len(channels) < 2 or any(width % 8 for width in channels):
            raise ValueError(
                f"channels must be two or more multiples of eight, got {tuple(channels)}"
            )
        self.sinusoid = Timesteps(64, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(2 * 64, time_channels)

        def block(in_channels: int, out_channels: int) -> ResnetBlock2D:
            return ResnetBlock2D(
                in_channels=in_channels,
                out_channels=out_channels,
                temb_channels=time_channels,
                groups=8,
            )

        def level(in_channels: int, out_channels: int) -> nn.ModuleList:
            inputs = [in_channels] + [out_channels] * (blocks_per_level - 1)
            return nn.ModuleList(block(width, out_channels) for width in inputs)

        self.enter = nn.Conv2d(Conditions.channels(latent_channels), channels[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(level(width, width) for width in channels)
        self.downsamplers = nn.ModuleList(
            Downsample2D(width, use_conv=True, out_channels=wider, padding=1, name="op")
            for width, wider in pairwise(channels)
        )
        self.up_blocks = nn.ModuleList(level(2 * width, width) for width in reversed(channels))
        self.upsamplers = nn.ModuleList(
            nn.Conv2d(wider, width, 3, padding=1) for wider, width in pairwise(reversed(channels))
        )
        # A correction, and which of the two neighbours to lean to.
        answer = nn.Conv2d(channels[0], latent_channels + 1, 3, padding=1)
        # Untrained, the network stays near its guess. Not at it: an answer of zero lets no gradient
        # into what is behind it, and 400 updates taught nothing (docs/experiments.md, 2026-11-22).
        answer.weight.data.mul_(0.1)
        self.leave = nn.Sequential(nn.GroupNorm(8, channels[0]), nn.SiLU(), answer)

    def forward(self, noisy_latents: Tensor, timestep: Tensor, conditions: Conditions) -> Tensor:
        """Return the clean latents, not quantised, (B, C, h, w).

        Args:
            noisy_latents: (B, C, h, w), h and w of any size.
            timestep: noise level in [0, 1], shape (B,).
            conditions: what is known of the neighbours, and ``frame_time``.
        """
        emb = self.embed_time(timestep, conditions.frame_time)
        hidden = self.enter(torch.cat([noisy_latents, *conditions.maps()], dim=1))
        skips = [hidden]
        for index, blocks in enumerate(self.down_blocks):
            hidden = _run(blocks, hidden, emb)
            if index < len(self.downsamplers):
                hidden = self.downsamplers[index](hidden)
                skips.append(hidden)
        for index, blocks in enumerate(self.up_blocks):
            skip = skips.pop()
            if index > 0:
                # To the skip's size, not twice our own: an odd size was rounded up going down.
                hidden = F.interpolate(hidden, size=skip.shape[-2:], mode="nearest")
                hidden = self.upsamplers[index - 1](hidden)
            hidden = _run(blocks, torch.cat([hidden, skip], dim=1), emb)
        answer = self.leave(hidden)
        correction, leaning = answer[:, :-1], answer[:, -1:].tanh()
        apart = conditions.aligned_0 - conditions.aligned_1
        return conditions.guess + leaning * apart / 2 + correction

    def embed_time(self, timestep: Tensor, frame_time: Tensor) -> Tensor:
        """Return the embedding that every block projects once more, (B, time_channels).

        ``timestep`` and ``frame_time`` are in [0, 1], shape (B,); the sinusoids want [0, 1000].
        """
        sinusoids = [self.sinusoid(1000 * value) for value in (timestep, frame_time)]
        return self.time_embedding(torch.cat(sinusoids, dim=1).to(self.dtype))


def _run(blocks: nn.Module, hidden: Tensor, emb: Tensor) -> Tensor:
    for block in blocks.children():
        hidden = block(hidden, emb)
    return hidden
