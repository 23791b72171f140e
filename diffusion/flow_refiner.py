"""A network that mends a classical optical flow where it fails.

DIS is exact where there is texture, and lost where something goes farther than it is wide, or looks
like its own neighbour. Here every point of one frame is compared with all of the other's, and what
lies round it says which likeness to believe.

After RAFT (Teed and Deng, ECCV 2020): correlations of all pairs, looked up round where the flow
points, change it step by step; its convex upsampling. What is new is what it starts from, and that
the start is taken where it was right.

Legend: B batch, c channels, H/W frame size, h/w = H/8, W/8. Flows are (x, y), in pixels of their
own map.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from autoencoder.layers import box_mean, downsample, residual_block, zero_out
from autoencoder.matching import pixel_grid, resize_flow, warp
from diffusion.neighbour_flow import Flows

MOST_POINTS = 4096
"""Compared with as many: each way that takes 90 MB. Larger frames are looked at reduced."""

_LEAST_GAIN = 0.01
"""Of likeness, frames being in [-1, 1]; from twice as much on, a flow is changed."""

_EVIDENCE = 5
"""Maps that say how right the flow to begin with is; see ``_evidence``."""


class Refined(NamedTuple):
    """Flow from one frame to the other, as it became better."""

    flow: Tensor  # (B, 2, H/4, W/4)
    steps: list[Tensor]  # (B, 2, h, w) each, or smaller


class FlowRefiner(ModelMixin, ConfigMixin):
    """Mends flows both ways between two frames."""

    @register_to_config
    def __init__(
        self,
        encoder_channels: int = 64,
        match_channels: int = 64,
        channels: int = 64,
        levels: int = 3,
        radius: int = 3,
        steps: int = 3,
        encoder: str | None = None,
    ) -> None:
        """Build it.

        Args:
            encoder_channels: of the autoencoder's features at 1/4.
            match_channels: of what is compared.
            channels: of the network's own features, a multiple of eight.
            levels: of the other frame's pyramid, from 1/8 on.
            radius: of the windows looked up in each, in cells of the level.
            steps: how often the flow is changed.
            encoder: that it was trained on, by ``diffusion.loading.encoder_hash``; kept here
                because its features fit no other.
        """
        super().__init__()
        self.look = nn.Sequential(
            downsample(encoder_channels, channels), residual_block(channels), nn.SiLU()
        )
        self.to_keys = nn.Conv2d(channels, match_channels, 1)
        self.to_context = nn.Conv2d(channels, channels, 1)
        seen = levels * (2 * radius + 1) ** 2
        self.enter = nn.Sequential(nn.Conv2d(seen + 4 + _EVIDENCE, channels, 1), nn.SiLU())
        self.change = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=2, dilation=2),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.to_change = nn.Conv2d(channels, 2, 3, padding=1)
        self.to_mask = nn.Conv2d(channels, 4 * 9, 1)
        self.to_quarter = nn.Conv2d(channels, 4 * 16, 1)
        self.choose = nn.Sequential(
            nn.Conv2d(16 + 6, 24, 3, padding=1), nn.SiLU(), nn.Conv2d(24, 1, 3, padding=1)
        )
        zero_out(self.to_change)
        zero_out(self.to_mask)

    def forward(
        self, features: tuple[Tensor, Tensor], frames: tuple[Tensor, Tensor], flows: Tensor
    ) -> tuple[Refined, Refined]:
        """Mend the flow from the first frame to the second, and back.

        Args:
            features: of both frames, the encoder's at 1/4, (B, c, H/4, W/4).
            frames: both, (B, 3, H/4, W/4) in [-1, 1].
            flows: from the first to the second and back, (2 * B, 2, H/4, W/4), one after the other.
        """
        full, frames_4 = (flows.shape[-2], flows.shape[-1]), frames
        reduction = _reduction(*full)
        if reduction > 1:
            features = (_reduced(features[0], reduction), _reduced(features[1], reduction))
            frames = (_reduced(frames[0], reduction), _reduced(frames[1], reduction))
        size = (features[0].shape[-2], features[0].shape[-1])
        found = resize_flow(flows, size) if reduction > 1 else flows
        finer, doubt, steps = self._find(features, frames, found)
        if reduction > 1:
            finer = resize_flow(finer, full)
            doubt = F.interpolate(doubt, size=full, mode="bilinear", align_corners=False)
        if not self.training:
            doubt = doubt * _gain(frames_4, flows, finer)
        of_01, of_10 = torch.lerp(flows, finer, doubt.to(finer.dtype)).chunk(2)
        both = [step.chunk(2) for step in steps]
        return Refined(of_01, [step[0] for step in both]), Refined(
            of_10, [step[1] for step in both]
        )

    def _find(
        self, features: tuple[Tensor, Tensor], frames: tuple[Tensor, Tensor], flows: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Return flows both ways, how far to doubt the given for them, and the steps to them."""
        seen = self.look(torch.cat(features))
        keys_0, keys_1 = F.normalize(self.to_keys(seen), dim=1).chunk(2)
        pyramids = _all_pairs(keys_0, keys_1, self.config.levels)
        here, there = torch.cat(frames), torch.cat(frames[::-1])
        back = torch.cat(flows.chunk(2)[::-1])
        evidence_4 = _evidence(here, there, flows, back)
        size = (seen.shape[-2], seen.shape[-1])
        evidence = F.interpolate(evidence_4, size=size, mode="area")
        start = resize_flow(flows, size)
        flow, steps = start, []
        hidden = self.to_context(seen).tanh()
        for _ in range(self.config.steps):
            flow = flow.detach()
            alike = _look_up(pyramids, flow, self.config.radius)
            stacked = torch.cat([alike, flow / 8, (start - flow) / 8, evidence], dim=1)
            hidden = hidden + self.change(torch.cat([hidden, self.enter(stacked)], dim=1))
            flow = flow + self.to_change(hidden)
            steps.append(flow)
        finer = _upsample(flow, self.to_mask(hidden))
        error = (here - warp(there, finer)).abs().mean(1, keepdim=True)
        known = [F.pixel_shuffle(self.to_quarter(hidden), 2), flows - finer, error]
        doubt = self.choose(torch.cat([*known, evidence_4[:, :3]], dim=1)).sigmoid()
        return finer, doubt, steps


def _reduction(height: int, width: int) -> int:
    """Return by how much maps are reduced so that not too many points are compared: 1, 2, 4 ..."""
    reduction = 1
    while height * width > MOST_POINTS * (2 * reduction) ** 2:
        reduction *= 2
    return reduction


def _reduced(maps: Tensor, reduction: int) -> Tensor:
    # Even, as the network halves it once more.
    size = [2 * -(-length // (2 * reduction)) for length in maps.shape[-2:]]
    return F.interpolate(maps, size=size, mode="area")


def _evidence(here: Tensor, there: Tensor, flow: Tensor, back: Tensor) -> Tensor:
    """Return how far the frames, and the flows both ways, contradict ``flow``: (B, 5, h, w)."""
    difference = (here - warp(there, flow)).abs()
    contradiction = flow + warp(back, flow)
    return torch.cat(
        [
            difference.mean(1, keepdim=True),
            difference.amax(1, keepdim=True),
            (contradiction.square().sum(1, keepdim=True) + 1e-6).sqrt().clamp(max=16) / 8,
            contradiction.clamp(-16, 16) / 8,
        ],
        dim=1,
    )


def _gain(frames: tuple[Tensor, Tensor], flows: Tensor, finer: Tensor) -> Tensor:
    """Return whether ``finer`` fetches what looks more like each frame than ``flows`` does.

    Soft, in [0, 1], (2 * B, 1, h, w), by the mean over 5x5. The true motion of what the other frame
    hides leads to what hides it, and shows that twice; a flow that only seeks likeness does not.
    """
    here, there = torch.cat(frames), torch.cat(frames[::-1])
    errors = [(here - warp(there, flow)).abs().mean(1, keepdim=True) for flow in (flows, finer)]
    gain = box_mean(errors[0] - errors[1], 5)
    return ((gain - _LEAST_GAIN) / _LEAST_GAIN).clamp(0, 1)


def _all_pairs(keys_0: Tensor, keys_1: Tensor, levels: int) -> list[Tensor]:
    """Return the likeness of every point of each frame with all of the other.

    Keys are (B, c, h, w); level l is (2 * B, h * w, h / 2**l, w / 2**l): first frame_0's points,
    then frame_1's.
    """
    pyramids = []
    queries = torch.cat([keys_0, keys_1]).flatten(2).transpose(1, 2)
    others = torch.cat([keys_1, keys_0])
    for level in range(levels):
        if level:
            others = F.avg_pool2d(others, 2, ceil_mode=True, count_include_pad=False)
        alike = queries @ others.flatten(2)
        pyramids.append(alike.unflatten(2, others.shape[-2:]))
    return pyramids


def _look_up(pyramids: list[Tensor], flow: Tensor, radius: int) -> Tensor:
    """Return the likeness round where ``flow`` (B, 2, h, w) points, all levels' windows stacked."""
    height, width = flow.shape[-2:]
    pointed = (pixel_grid(height, width, flow) + flow).flatten(2)  # (B, 2, N)
    window = torch.arange(-radius, radius + 2, device=flow.device)
    found = []
    for level, alike in enumerate(pyramids):
        rows, columns = alike.shape[-2:]
        place = (pointed + 0.5) / 2**level - 0.5
        corner = place.floor()
        x_share, y_share = (place - corner).unbind(1)  # (B, N)
        x = corner[:, 0, :, None].long() + window  # (B, N, 2r + 2)
        y = corner[:, 1, :, None].long() + window
        inside_x, inside_y = (x >= 0) & (x < columns), (y >= 0) & (y < rows)
        index = y.clamp(0, rows - 1).unsqueeze(3) * columns + x.clamp(0, columns - 1).unsqueeze(2)
        values = alike.flatten(2).gather(2, index.flatten(2)).float().view(index.shape)
        values = values * (inside_y.unsqueeze(3) & inside_x.unsqueeze(2))
        values = torch.lerp(values[..., :-1], values[..., 1:], x_share[..., None, None])
        values = torch.lerp(values[..., :-1, :], values[..., 1:, :], y_share[..., None, None])
        found.append(values.flatten(2).transpose(1, 2).unflatten(2, (height, width)))
    return torch.cat(found, dim=1)


def _upsample(flow: Tensor, mask: Tensor) -> Tensor:
    """Double a flow's size, each point a weighted mean of nine (RAFT, section 3.3)."""
    batch, _, height, width = flow.shape
    around = F.unfold(F.pad(2 * flow, [1] * 4, mode="replicate"), 3)
    around = around.view(batch, 2, 9, 1, height, width)
    shares = mask.view(batch, 1, 9, 4, height, width).softmax(2)
    return F.pixel_shuffle((around * shares).sum(2).flatten(1, 2), 2)


def refine(
    refiner: FlowRefiner,
    features: tuple[Tensor, Tensor],
    frames: tuple[Tensor, Tensor],
    flows: Flows,
) -> Flows:
    """Return ``flows`` mended.

    ``features`` are the encoder's at 1/4, (B, c, H/4, W/4), of both ``frames``, (B, 3, H, W).
    """
    of_01, of_10 = refine_all(refiner, features, frames, flows)
    return Flows(of_01.flow, of_10.flow)


def refine_all(
    refiner: FlowRefiner,
    features: tuple[Tensor, Tensor],
    frames: tuple[Tensor, Tensor],
    flows: Flows,
) -> tuple[Refined, Refined]:
    """Do what ``refine`` does, and return every step on the way, as training looks at it."""
    size = (features[0].shape[-2], features[0].shape[-1])
    small = [F.interpolate(frame, size=size, mode="area") for frame in frames]
    return refiner(features, (small[0], small[1]), torch.cat(flows))
