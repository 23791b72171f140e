"""The latent U-Net of stage 2, built from diffusers' blocks.

Legend: B batch, C latent channels, H/W frame size, h/w latent size (H/8, W/8) divided by a step's
scale. Motion is (B, 4, h, w): the flow from the drawing at frame_time to frame_0 (x, y), then to
frame_1, in pixels of its own map.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from autoencoder import VQAutoencoder
from autoencoder.layers import zero_out
from autoencoder.matching import symmetric_correlation, unit_length
from diffusion.candidates import Chooser
from diffusion.conditions import Aligned, Estimate, both_warped
from diffusion.search import Logits, Search, Votes, against_rest, votes
from nakawari.motion.convex import NEIGHBOURS, convex_upsample
from nakawari.motion.warping import along, flow_of

CORRECTION_UNIT = 4.0
"""Unit of the flow correction, in cells of 8 pixels: an output of one moves the flow by so much.
Corrections reach tens of times what a convolution returns by itself."""

_EVIDENCE = 64
"""Channels of the features that a step gets of the votes for all flows."""
_VOTE_TEMPERATURE = 0.4
"""Softmax temperature of the votes that the steps read, relative to the one that the search learns.
The mean of two flows is neither of them: steps do better with a choice that is sometimes wrong than
with all flows that are possible."""
_NEARLY_NOTHING = 0.002
"""Standard deviation of the output layers' initial weights, so that an untrained network stays near
its first estimate."""


class FineMotion(NamedTuple):
    """The last step's motion and share, at 1/4: what the decoder is given."""

    motion: Tensor  # (B, 4, H/4, W/4)
    share: Tensor  # (B, 1, H/4, W/4), logit of frame_0's share in blending both frames


class InBetweenUNet(ModelMixin, ConfigMixin):
    """Predicts the clean latent of the middle frame, its motion and its visibility in either frame.

    A step takes a noisy latent, and both neighbours warped along the motion found so far. The
    network goes down by strided convolutions; each skip carries the features right after a
    downsampling (the first: after the input convolution). Noise level and frame_time act twice:
    through one projection for the whole network, and through another one in every residual block.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 32,
        feature_channels: int = 64,
        key_channels: int = 48,
        channels: tuple[int, ...] = (64, 112, 176),
        blocks_per_level: int = 1,
        time_channels: int = 192,
        radius: int = 2,
        search_radius: int = 12,
        scales: tuple[int, ...] = (4, 2, 1),
        noise_scale: float = 0.5,
    ) -> None:
        """Build it.

        Args:
            latent_channels: channels of the latent, C.
            feature_channels: channels of the encoder's features at 1/4.
            key_channels: channels of the keys by which frames are compared, a multiple of eight.
            channels: channels of each level, multiples of eight; their number is the depth.
            blocks_per_level: residual blocks on the way down, and again on the way up.
            time_channels: channels of the time embedding.
            radius: radius of the correlation of both aligned neighbours around the flow found so
                far, in cells of the step's map, and once more in halves of them.
            search_radius: largest flow of the search to each side, in cells of 8 pixels.
            scales: one for each step, coarse to fine; a step of scale 4 works on latents pooled
                by 4.
            noise_scale: standard deviation of the noise that denoising starts from (see
                ``diffusion.bridge``). It is kept here because weights fit one noise scale only.

        Raises:
            ValueError: if channels are no multiples of eight, there is one level only, or scales
                are not powers of two that fall to 1.
        """
        super().__init__()
        if len(channels) < 2 or any(width % 8 for width in (*channels, key_channels)):
            raise ValueError(
                "channels must be two or more multiples of eight, and key_channels one, got "
                f"{tuple(channels)} and {key_channels}"
            )
        falling = list(scales) == sorted(scales, reverse=True) and 1 in scales
        if not falling or any(scale & (scale - 1) for scale in scales):
            raise ValueError(
                "scales must be powers of two that fall to 1 such as (4, 2, 1), got "
                f"{tuple(scales)}"
            )
        self.sinusoid = Timesteps(64, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(2 * 64, time_channels)
        self.search = Search(feature_channels, search_radius)
        flows = (2 * search_radius + 1) ** 2
        self.read = nn.Conv2d(flows, _EVIDENCE, 1)
        self.look = nn.Sequential(
            Downsample2D(
                feature_channels, use_conv=True, out_channels=key_channels, padding=1, name="op"
            ),
            nn.SiLU(),
            nn.Conv2d(key_channels, key_channels, 3, padding=1),
        )
        self.look_closely = nn.Conv2d(feature_channels, key_channels // 2, 1)

        def block(in_channels: int, out_channels: int) -> ResnetBlock2D:
            return ResnetBlock2D(
                in_channels=in_channels,
                out_channels=out_channels,
                temb_channels=time_channels,
                groups=8,
                time_embedding_norm="scale_shift",
            )

        def level(in_channels: int, out_channels: int) -> nn.ModuleList:
            inputs = [in_channels] + [out_channels] * (blocks_per_level - 1)
            return nn.ModuleList(block(width, out_channels) for width in inputs)

        # The input: noisy and aligned latents, keys, correlations of a cell and of its quarters,
        # motion, visibility, time, hidden features, votes and the flow with most of them.
        compared = 5 * (2 * radius + 1) ** 2
        seen = 3 * latent_channels + 2 * key_channels + compared + 4 + 2 + 1
        self.enter = nn.Conv2d(seen + channels[0] + _EVIDENCE + 2, channels[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(level(width, width) for width in channels)
        self.downsamplers = nn.ModuleList(
            Downsample2D(width, use_conv=True, out_channels=wider, padding=1, name="op")
            for width, wider in pairwise(channels)
        )
        self.up_blocks = nn.ModuleList(level(2 * width, width) for width in reversed(channels))
        self.upsamplers = nn.ModuleList(
            nn.Conv2d(wider, width, 3, padding=1) for wider, width in pairwise(reversed(channels))
        )
        self.leave = nn.Sequential(nn.GroupNorm(8, channels[0]), nn.SiLU())
        # The output: flow, share and latents (as corrections), and visibility.
        self.answer = nn.Conv2d(channels[0], 2 + 2 + 1 + latent_channels, 3, padding=1)
        # Untrained, the network stays near its first estimate, but not at it. Weights of zero let
        # no gradient through to the layers before, and 400 updates taught nothing
        # (docs/experiments.md, 2026-11-22).
        _answer_nearly_nothing(self.answer)
        self.chooser = Chooser(key_channels, channels[0])
        # For each of the 2x2 points at 1/4 that a cell covers: corrections of flow and share, and
        # the weights of the cells around it for convex upsampling.
        finer = nn.Conv2d(64, (3 + NEIGHBOURS) * 4, 3, padding=1)
        _answer_nearly_nothing(finer)
        self.fine = nn.Sequential(nn.Conv2d(channels[0], 64, 3, padding=1), nn.SiLU(), finer)

    def votes(self, logits: Logits) -> Votes:
        """Return the votes by the search's logits; no gradient goes back to the search."""
        with torch.no_grad():
            of_all = votes(logits.both / _VOTE_TEMPERATURE)
            everywhere = of_all.mean(dim=(2, 3), keepdim=True)
            both, of_0, of_1 = (
                votes(against_rest(one, everywhere) / _VOTE_TEMPERATURE)
                for one in (logits.both, logits.of_0, logits.of_1)
            )
        return Votes(both, of_0, of_1, everywhere, self.read(of_all))

    def forward(
        self,
        noisy_latents: Tensor,
        timestep: Tensor,
        frame_time: Tensor,
        around: tuple[Tensor, Tensor],
        aligned: Aligned,
        so_far: Estimate,
        found: Votes,
        scale: int,
    ) -> Estimate:
        """Make one step.

        Args:
            noisy_latents: (B, C, h, w), h and w of any size.
            timestep: noise level in [0, 1], shape (B,).
            frame_time: in (0, 1), shape (B,).
            around: both neighbours' latents as they are, (B, C, h, w) each.
            aligned: the neighbours warped along ``so_far.motion``.
            so_far: the estimate before the step, on maps of the same size.
            found: the votes, on maps of the same size.
            scale: factor by which the latents are pooled: a cell is ``8 * scale`` pixels.
        """
        emb = self.embed_time(timestep, frame_time)
        alike = self._compare(aligned.keys_0, aligned.keys_1, frame_time)
        finer = self._compare(aligned.finer_0, aligned.finer_1, frame_time)
        finer = F.pixel_unshuffle(finer, 2)
        time = frame_time.view(-1, 1, 1, 1).expand(-1, 1, *noisy_latents.shape[-2:])
        known = [so_far.motion / 8, so_far.visible, time, so_far.hidden]
        flow = flow_of(so_far.motion)
        elsewhere = found.flow / scale - flow
        around_here = [*aligned[:4], alike]
        told = [*known, finer, found.evidence, elsewhere / 8]
        seen = torch.cat([noisy_latents, *around_here, *told], dim=1)
        hidden = self.enter(seen.to(noisy_latents.dtype))
        hidden = self.leave(self._descend_and_climb(hidden, emb))
        answer = self.answer(hidden).float()
        correction, visible, share, latents = answer.split([2, 2, 1, noisy_latents.shape[1]], dim=1)
        motion = along(flow + CORRECTION_UNIT / scale * correction, frame_time)
        share = so_far.share + share
        # The new motion is trained by its own losses: no gradient comes to it from the latents.
        fetched_0, fetched_1 = both_warped(*around, motion.detach())
        drawn = torch.lerp(fetched_1, fetched_0, share.sigmoid())
        return Estimate(drawn + latents, motion, visible, share, hidden)

    def refine(self, estimate: Estimate, frame_time: Tensor) -> FineMotion:
        """Return motion and share at 1/4, from the last step's estimate for ``frame_time`` (B,)."""
        fine = F.pixel_shuffle(self.fine(estimate.hidden).float(), 2)
        coarse = torch.cat([2 * flow_of(estimate.motion), estimate.share], dim=1)
        enlarged = convex_upsample(coarse, fine[:, 3:]) + fine[:, :3]
        return FineMotion(along(enlarged[:, :2], frame_time), enlarged[:, 2:])

    def _compare(self, keys_0: Tensor, keys_1: Tensor, frame_time: Tensor) -> Tensor:
        keys_0, keys_1 = unit_length(keys_0), unit_length(keys_1)
        return symmetric_correlation(keys_0, keys_1, frame_time, self.config.radius)

    def embed_time(self, timestep: Tensor, frame_time: Tensor) -> Tensor:
        """Return the embedding that every block projects once more, (B, time_channels).

        ``timestep`` and ``frame_time`` are in [0, 1], shape (B,); the sinusoids expect [0, 1000].
        """
        sinusoids = [self.sinusoid(1000 * value) for value in (timestep, frame_time)]
        return self.time_embedding(torch.cat(sinusoids, dim=1).to(self.dtype))

    def _descend_and_climb(self, hidden: Tensor, emb: Tensor) -> Tensor:
        skips = [hidden]
        for index, blocks in enumerate(self.down_blocks):
            hidden = _run(blocks, hidden, emb)
            if index < len(self.downsamplers):
                hidden = self.downsamplers[index](hidden)
                skips.append(hidden)
        for index, blocks in enumerate(self.up_blocks):
            skip = skips.pop()
            if index > 0:
                # To the skip's size, not to twice its own: odd sizes were rounded up going down.
                hidden = F.interpolate(hidden, size=skip.shape[-2:], mode="nearest")
                hidden = self.upsamplers[index - 1](hidden)
            hidden = _run(blocks, torch.cat([hidden, skip], dim=1), emb)
        return hidden


def _answer_nearly_nothing(convolution: nn.Conv2d) -> None:
    """Make a convolution return small values around zero until it is trained."""
    zero_out(convolution)
    nn.init.normal_(convolution.weight, std=_NEARLY_NOTHING)


def _run(blocks: nn.Module, hidden: Tensor, emb: Tensor) -> Tensor:
    for block in blocks.children():
        hidden = block(hidden, emb)
    return hidden


def check_sizes(unet: InBetweenUNet, autoencoder: VQAutoencoder) -> None:
    """Raise ``ValueError`` if a U-Net was trained on an autoencoder of other sizes."""
    latents = (unet.config.latent_channels, autoencoder.config.latent_channels)
    features = (unet.config.feature_channels, autoencoder.config.encoder_channels[1])
    for name, (ours, theirs) in {"latent": latents, "feature": features}.items():
        if ours != theirs:
            raise ValueError(
                f"the autoencoder has {theirs} {name} channels and the U-Net {ours}; they must "
                "come from one training"
            )
