"""Losses of stage 2 on latents, motion and visibility, and samples played backwards.

Legend: B batch, C latent channels, H/W frame size, h/w size of the map at hand. Motion is
(B, 4, h, w), in pixels of its own map: the flow to frame_0 (x, y), then to frame_1.
"""

import math
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.bridge import Denoised
from diffusion.candidates import candidate_error
from diffusion.search import choice_error
from nakawari.data.triplet import Triplet
from nakawari.motion.warping import along, flow_of, warp

HIDDEN_WEIGHT = 0.2
"""Weight of a flow in the losses where its point is hidden in the neighbour; visible points have
one. The true flow is known there, but the U-Net must guess it."""

ONE_SIDED_WEIGHT = 4.0
"""Weight of a cell that only one frame shows in the loss of the choice among candidates; other
visible cells have one. Such cells are few, and their choice was wrong most often."""


class Truth(NamedTuple):
    """The true motion and visibility of a batch, on a map."""

    motion: Tensor  # (B, 4, h, w), taken to be even in time
    visible: Tensor  # (B, 2, h, w) in {0, 1}
    known: Tensor  # (B, 1, 1, 1): 0 for samples whose motion is unknown, else 1

    @property
    def weight(self) -> Tensor:
        """The weight of each point and flow, (B, 2, h, w)."""
        return (HIDDEN_WEIGHT + (1 - HIDDEN_WEIGHT) * self.visible) * self.known

    @property
    def weight_of_choice(self) -> Tensor:
        """The weight of each cell when it chooses among candidate flows, (B, 1, h, w)."""
        is_one_sided = self.visible.sum(1, keepdim=True) == 1
        return self.weight.amax(1, True) * torch.where(is_one_sided, ONE_SIDED_WEIGHT, 1.0)


def truth_at(triplet: Triplet, size: tuple[int, int]) -> Truth:
    """Return the truth on a map of ``size`` (h, w), sampled at the middle of each cell.

    It is not the mean over the cell: the mean of a figure's motion and the ground's is neither.
    """
    motion = along(triplet.motion_1 - triplet.motion_0, triplet.frame_time)
    visible = torch.cat([triplet.visible_0, triplet.visible_1], dim=1)
    here = F.interpolate(motion, size=size, mode="nearest-exact")
    scale = here.new_tensor([size[1] / motion.shape[-1], size[0] / motion.shape[-2]] * 2)
    return Truth(
        motion=here * scale.view(1, 4, 1, 1),
        visible=F.interpolate(visible, size=size, mode="nearest-exact"),
        known=triplet.has_motion.to(here.dtype).view(-1, 1, 1, 1),
    )


def step_terms(
    denoised: Denoised, target: Tensor, triplet: Triplet, heads: int
) -> dict[str, Tensor]:
    """Return the loss terms of all denoising steps, by the names of ``LossConfig``'s weights.

    All are scalars. Latents, motion, its unevenness, visibility and choice are means over the
    steps, and ``codes`` is of the last step only.

    Args:
        denoised: the steps, and the motion at 1/4.
        target: the true latents, quantised, (B, C, H/8, W/8).
        triplet: the sample, frames in [-1, 1].
        heads: number of codes of each token.
    """
    said = denoised.logits.of_0
    radius = (math.isqrt(said.shape[1]) - 1) // 2
    latents, motion, uneven, visible, choice = [], [], [], [], []
    for estimate in denoised.steps:
        size = (estimate.motion.shape[-2], estimate.motion.shape[-1])
        truth = truth_at(triplet, size)
        wanted = F.adaptive_avg_pool2d(target, size)
        flow = flow_of(truth.motion) * (target.shape[-1] // size[1])
        latents.append((estimate.latents - wanted).square().mean())
        # In pixels of the step's own map: errors too fine for a coarse step count little.
        motion.append(motion_error(estimate.motion, truth))
        if estimate.choice is not None:
            choice.append(candidate_error(estimate.choice, flow, truth.weight_of_choice))
        uneven.append(unevenness(estimate.motion, truth))
        entropy = F.binary_cross_entropy_with_logits(
            estimate.visible, truth.visible, reduction="none"
        )
        visible.append((entropy * truth.known).mean())
    fine = denoised.fine
    size = (fine.motion.shape[-2], fine.motion.shape[-1])
    fine_truth = truth_at(triplet, size)
    eighth = truth_at(triplet, (said.shape[-2], said.shape[-1]))
    seen = eighth.visible.amax(1, True) * eighth.known
    return {
        "latents": torch.stack(latents).mean(),
        "codes": code_direction_loss(denoised.latents, target, heads),
        "motion": torch.stack(motion).mean(),
        "uneven_motion": torch.stack([*uneven, unevenness(fine.motion, fine_truth) / 2]).mean(),
        "search": choice_error(
            denoised.logits.as_seen(eighth.visible), flow_of(eighth.motion), seen, radius
        ),
        "choice": torch.stack(choice).mean(),
        "visible": torch.stack(visible).mean(),
        "fine_motion": motion_error(fine.motion, fine_truth) / 2,
        "mixed": (mixed(denoised, triplet) - F.interpolate(triplet.target, size=size, mode="area"))
        .abs()
        .mean(),
    }


def mixed(denoised: Denoised, triplet: Triplet) -> Tensor:
    """Return both neighbours, warped along the fine motion and blended by its share, at 1/4."""
    fine = denoised.fine
    size = (fine.motion.shape[-2], fine.motion.shape[-1])
    frame_0, frame_1 = (
        F.interpolate(frame, size=size, mode="area") for frame in (triplet.frame_0, triplet.frame_1)
    )
    from_0, from_1 = warp(frame_0, fine.motion[:, :2]), warp(frame_1, fine.motion[:, 2:])
    return torch.lerp(from_1, from_0, fine.share.sigmoid())


def motion_error(motion: Tensor, truth: Truth) -> Tensor:
    """Return the mean end-point error [px of the map], a scalar. Hidden points count less."""
    squared = (motion - truth.motion).square().unflatten(1, (2, 2)).sum(2)  # (B, 2, h, w)
    return ((squared + 1e-4).sqrt() * truth.weight).sum() / truth.weight.sum().clamp(min=1)


def unevenness(motion: Tensor, truth: Truth) -> Tensor:
    """Return how much the motion's error differs from place to place [px of the map], a scalar.

    A line that is displaced by a pixel as a whole looks right, but a line that is displaced here
    and there is wavy. This is the mean difference of the errors at places one and two pixels apart,
    after the gradient matching of Li and Snavely, "MegaDepth" (CVPR 2018, eq. 4).
    """
    error = motion - truth.motion
    weight = truth.weight.repeat_interleave(2, dim=1)
    differences, weights = [error.new_zeros(())], [error.new_ones(())]
    for axis in (2, 3):
        for apart in (1, 2):
            left = error.shape[axis] - apart
            if left < 1:  # a coarse map of a small crop
                continue
            here, there = error.narrow(axis, 0, left), error.narrow(axis, apart, left)
            counts = torch.minimum(weight.narrow(axis, 0, left), weight.narrow(axis, apart, left))
            differences.append(((here - there).abs() * counts).sum())
            weights.append(counts.sum())
    return torch.stack(differences).sum() / torch.stack(weights).sum()


def code_direction_loss(clean: Tensor, target: Tensor, heads: int) -> Tensor:
    """Return one minus the mean cosine between predicted and true code of each head, a scalar.

    The quantiser goes by direction alone, so this decides which codes it chooses. Both latents are
    (B, C, h, w), with C a multiple of ``heads``.
    """
    cosine = F.cosine_similarity(
        clean.unflatten(1, (heads, -1)), target.unflatten(1, (heads, -1)), dim=2
    )
    return 1 - cosine.mean()


def play_backwards(triplet: Triplet, chosen: Tensor) -> Triplet:
    """Swap the neighbours, and take 1 - frame_time, in samples where ``chosen`` (B,) is true."""
    swapped = partial(_one_way, chosen)
    return triplet._replace(
        frame_0=swapped(triplet.frame_0, triplet.frame_1),
        frame_1=swapped(triplet.frame_1, triplet.frame_0),
        frame_time=swapped(triplet.frame_time, 1 - triplet.frame_time),
        motion_0=swapped(triplet.motion_0, triplet.motion_1),
        motion_1=swapped(triplet.motion_1, triplet.motion_0),
        visible_0=swapped(triplet.visible_0, triplet.visible_1),
        visible_1=swapped(triplet.visible_1, triplet.visible_0),
        codes_0=swapped(triplet.codes_0, triplet.codes_1),
        codes_1=swapped(triplet.codes_1, triplet.codes_0),
    )


def _one_way(backwards: Tensor, forth: Tensor, back: Tensor) -> Tensor:
    """Return ``back`` where ``backwards`` (B,) is true, else ``forth``; both are (B, ...)."""
    if not forth.numel():
        return forth  # the samples have no codes
    return torch.where(backwards.view(-1, *[1] * (forth.ndim - 1)), back, forth)
