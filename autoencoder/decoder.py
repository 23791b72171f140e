"""The decoder: it draws a frame from the frame's latent and the two neighbour frames.

It moves pixels rather than inventing them, so that lines stay sharp. The latent says what is to be
drawn, and the decoder looks for it in the neighbours' latents: a global match at 1/16 is refined at
1/8. The caller may also give a motion, as stage 2 does. The decoder follows it, point by point,
where the latent agrees with what lies there, so that a wrong motion does no harm. The motion is
refined once more at 1/4 and 1/2, and the neighbours' pixels are warped along it. Where neither
neighbour shows what the latent asks for, the decoder paints.

Legend: B batch, C latent channels, H/W frame size. Motion is (B, 4, h, w): the flow to frame_0
(x, y), then the flow to frame_1, in pixels of its own map. A given motion is at 1/4.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencoder.composition import Composition
from autoencoder.encoder import Encoding
from autoencoder.layers import downsample, residual_block, upsample
from autoencoder.matching import Match, correlation, global_match, local_correlation, unit_length
from autoencoder.refinement import Belief, Refinement
from nakawari.motion.warping import evened, resize_flow, warp

RADIUS = 2
"""Radius of the local correlations, in cells of their map. At 1/8 the neighbours are warped first,
so errors of up to 16 px can be corrected."""


class Description(NamedTuple):
    """The decoder's features and keys of a latent. The keys of two frames can be matched."""

    eighth: Tensor  # (B, c, H/8, W/8)
    sixteenth: Tensor  # (B, c, H/16, W/16)
    key_8: Tensor  # (B, match channels / 2, H/8, W/8)
    key_16: Tensor  # (B, match channels, H/16, W/16)


class Neighbour(NamedTuple):
    """A frame next to the one to draw, prepared for the decoder."""

    frame: Tensor  # (B, 3, H, W), or larger; the frame is drawn in this size
    quarter: Tensor  # (B, c, H/4, W/4), keys that are compared at 1/4
    description: Description  # of its own latent, which is not quantised

    def expand(self, batch: int) -> "Neighbour":
        """Repeat one frame for a batch of ``batch`` without copying it."""

        def expanded(tensor: Tensor) -> Tensor:
            return tensor.expand(batch, -1, -1, -1)

        return Neighbour(
            expanded(self.frame),
            expanded(self.quarter),
            Description(*map(expanded, self.description)),
        )


class Neighbours(NamedTuple):
    """The two frames before and after the one to draw."""

    of_0: Neighbour
    of_1: Neighbour

    def expand(self, batch: int) -> "Neighbours":
        """Repeat one interval for a batch of ``batch`` without copying it."""
        return Neighbours(self.of_0.expand(batch), self.of_1.expand(batch))


class Motion(NamedTuple):
    """Where the latent's content is found in the two neighbours, from coarse to fine."""

    sixteenth: Tensor  # (B, 4, H/16, W/16)
    eighth: Tensor  # (B, 4, H/8, W/8)
    quarter: Tensor  # (B, 4, H/4, W/4)
    belief: Tensor  # (B, 2, H/8, W/8) in [0, 1], in each of the two given flows
    hidden: Tensor  # (B, c, H/4, W/4), features for the next level


class Decoded(NamedTuple):
    """A decoded frame, and what it was made of."""

    frames: Tensor  # (B, 3, H, W)
    motion: tuple[Tensor, ...]  # motion at 1/16, 1/8, 1/4 and 1/2; empty without neighbours
    weights: Tensor  # (B, 3, H, W), of frame_0, frame_1 and paint; they sum to one
    sketch: Tensor  # (B, 3, H/2, W/2), the frame as decoded from the latent alone
    description: Description  # of the latent


class Decoder(nn.Module):
    """Matches the latent in both neighbours, warps and blends their pixels, and paints the rest."""

    def __init__(
        self,
        encoder_channels: tuple[int, int, int],
        latent_channels: int,
        channels: tuple[int, int, int],
        match_channels: int,
    ) -> None:
        """Build it.

        Args:
            encoder_channels: channels of the encoder's features at 1/2, 1/4 and 1/8.
            latent_channels: channels of the latent, C.
            channels: channels of the decoder's features at 1/2, 1/4 and 1/8, multiples of eight.
            match_channels: channels of the keys at 1/16; those at 1/8 have half as many.
        """
        super().__init__()
        half, quarter, eighth = channels
        self.context_8 = nn.Sequential(
            nn.Conv2d(latent_channels, eighth, 3, padding=1),
            residual_block(eighth),
            residual_block(eighth),
        )
        self.context_16 = nn.Sequential(downsample(eighth, eighth), residual_block(eighth))
        # Instance normalisation centres the keys over the frame: what all its points share does not
        # tell one from another. The same network describes all three frames, so that keys match
        # even before any training.
        self.key_16 = nn.Sequential(
            nn.Conv2d(eighth, match_channels, 1), nn.InstanceNorm2d(match_channels)
        )
        self.key_8 = nn.Sequential(
            nn.Conv2d(eighth, match_channels // 2, 1), nn.InstanceNorm2d(match_channels // 2)
        )
        self.sketch = nn.Conv2d(eighth, 3 * 4**2, 1)
        self.log_temperature = nn.Parameter(torch.tensor(0.07).log())
        self.log_nearness = nn.Parameter(torch.tensor(0.06).log())

        self.refine_16 = Refinement(eighth + 6, eighth, blocks=2)
        self.refine_8 = Refinement(2 * eighth + 4 + 2 * (2 * RADIUS + 1) ** 2, eighth, blocks=2)
        self.believe = Belief(eighth)
        self.key_4 = nn.Conv2d(encoder_channels[1], quarter // 2, 1)
        self.refine_4 = Refinement(eighth + quarter + 4 + (2 * RADIUS + 1) ** 2, quarter, blocks=2)
        self.compose = Composition(quarter, half)

    def describe(self, latents: Tensor) -> Description:
        """Read latents (B, C, H/8, W/8), quantised or not."""
        eighth = self.context_8(latents)
        sixteenth = self.context_16(eighth)
        return Description(eighth, sixteenth, self.key_8(eighth), self.key_16(sixteenth))

    def look_at(self, frame: Tensor, encoding: Encoding) -> Neighbour:
        """Prepare a neighbour frame (B, 3, H, W), once for all in-betweens of an interval."""
        return Neighbour(
            frame,
            self.key_4(encoding.features.quarter),
            self.describe(encoding.latents),
        )

    def forward(
        self,
        latents: Tensor,
        neighbours: Neighbours | None = None,
        given: Tensor | None = None,
        frame_time: Tensor | None = None,
    ) -> Decoded:
        """Draw a frame.

        Args:
            latents: the frame's latents, (B, C, H/8, W/8).
            neighbours: the prepared neighbour frames. None paints the whole frame.
            given: a motion that the caller knows, (B, 4, H/4, W/4), or None.
            frame_time: (B,) in (0, 1). Everything is then taken to move evenly from frame_0 to
                frame_1. None lets the latents say where things are: those of a real frame know
                it, those predicted from both neighbours do not.
        """
        description = self.describe(latents)
        sketch = F.pixel_shuffle(self.sketch(description.eighth), 4)  # (B, 3, H/2, W/2)
        if neighbours is None:
            return self._paint(description, sketch)
        motion = self.motion(description, neighbours, given, frame_time)
        composed = self.compose(
            motion.hidden,
            sketch,
            motion.quarter,
            neighbours.of_0.frame,
            neighbours.of_1.frame,
            frame_time,
        )
        levels = (motion.sixteenth, motion.eighth, motion.quarter, composed.motion)
        return Decoded(composed.frames, levels, composed.weights, sketch, description)

    def match(self, queries: Tensor, keys: Tensor) -> Match:
        """Match each ``key_16`` of one description among those of another, (B, c, h, w) each."""
        return global_match(queries, keys, self.log_temperature.exp(), self.log_nearness.exp())

    def motion(
        self,
        description: Description,
        neighbours: Neighbours,
        given: Tensor | None = None,
        frame_time: Tensor | None = None,
    ) -> Motion:
        """Find what the described latent shows in the two neighbours, down to 1/4.

        ``given`` and ``frame_time`` are those of ``forward``.
        """
        of_0, of_1 = neighbours.of_0.description, neighbours.of_1.description
        match_0 = self.match(description.key_16, of_0.key_16)
        match_1 = self.match(description.key_16, of_1.key_16)
        hidden, motion_16 = self.refine_16(
            torch.cat([match_0.flow, match_1.flow], 1),
            [description.sixteenth, match_0.confidence, match_1.confidence],
        )

        motion_8 = resize_flow(motion_16, _size(description.eighth))
        correlations = _correlate(description, of_0, of_1, motion_8, RADIUS)
        hidden, motion_8 = self.refine_8(
            motion_8, [upsample(hidden), description.eighth, *correlations]
        )

        size_4 = _size(neighbours.of_0.quarter)
        motion_4 = resize_flow(motion_8, size_4)
        belief = motion_8.new_zeros(len(motion_8), 2, *_size(motion_8))
        if given is not None:
            given_8 = resize_flow(given, _size(motion_8))
            there = _correlate(description, of_0, of_1, given_8, 1)
            belief = self.believe(hidden, given_8 - motion_8, there)
            motion_8 = _lean(motion_8, given_8, belief)
            motion_4 = _lean(motion_4, given, _resize(belief, size_4))
        motion_4 = evened(motion_4, frame_time)
        warped = _warp_both(neighbours.of_0.quarter, neighbours.of_1.quarter, motion_4)
        from_0, from_1 = (unit_length(one) for one in warped.chunk(2, dim=1))
        alike = correlation(from_0, from_1, RADIUS)
        hidden, motion_4 = self.refine_4(motion_4, [upsample(hidden), warped, alike])
        return Motion(motion_16, motion_8, evened(motion_4, frame_time), belief, hidden)

    def _paint(self, description: Description, sketch: Tensor) -> Decoded:
        """Draw from the latent alone. Inputs that would come from the neighbours are zero."""
        hidden = upsample(description.eighth)
        still = hidden.new_zeros(len(hidden), 4, *_size(hidden))
        absent = still[:, :1].expand(-1, self.refine_4.in_channels - hidden.shape[1] - 4, -1, -1)
        hidden, _ = self.refine_4(still, [hidden, absent])
        composed = self.compose.paint(hidden, sketch)
        return Decoded(composed.frames, (), composed.weights, sketch, description)


def _size(features: Tensor) -> tuple[int, int]:
    return features.shape[-2], features.shape[-1]


def _warp_both(features_0: Tensor, features_1: Tensor, motion: Tensor) -> Tensor:
    return torch.cat([warp(features_0, motion[:, :2]), warp(features_1, motion[:, 2:])], dim=1)


def _correlate(
    description: Description, of_0: Description, of_1: Description, motion: Tensor, radius: int
) -> list[Tensor]:
    return [
        local_correlation(description.key_8, of.key_8, flow, radius)
        for of, flow in ((of_0, motion[:, :2]), (of_1, motion[:, 2:]))
    ]


def _lean(motion: Tensor, given: Tensor, belief: Tensor) -> Tensor:
    """Interpolate from ``motion`` to ``given``, (B, 4, h, w), by ``belief`` (B, 2, h, w)."""
    return torch.lerp(motion, given, belief.repeat_interleave(2, dim=1).to(motion.dtype))


def _resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
