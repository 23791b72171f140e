"""Losses of stage 1, each a pure function. Frames are (B, 3, H, W) in [-1, 1]."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.decoder import Decoded, Description, Neighbours
from nakawari.data.triplet import Triplet
from nakawari.motion.warping import pixel_grid, resize_flow

HIDDEN_WEIGHT = 0.1
"""Weight of a flow in the motion loss where its point is hidden in the neighbour; visible points
have one. The true flow is known there, but the decoder must guess it from the surroundings."""


def decoding_terms(
    decoded: Decoded,
    neighbours: Neighbours,
    triplet: Triplet,
    perceptual: Callable[[Tensor, Tensor], Tensor],
    line_strength: float,
) -> dict[str, Tensor]:
    """Return the loss terms of a decoded frame, by the names of ``DecodingLossConfig``'s weights.

    All are scalars. A frame that was decoded without neighbours has no terms of motion.
    ``perceptual`` is LPIPS, ``line_strength`` is that of ``line_weighted_l1``.
    """
    terms = {
        "pixels": line_weighted_l1(decoded.frames, triplet.target, line_strength),
        "perceptual": perceptual(decoded.frames, triplet.target).mean(),
        "sharpness": sharpness_loss(decoded.frames, triplet.target),
        "sketch": (decoded.sketch - F.avg_pool2d(triplet.target, 2)).abs().mean(),
    }
    if decoded.motion:
        of_0, of_1 = (neighbour.description for neighbour in neighbours)
        terms["matching"] = matching_loss(decoded.description, of_0, of_1, triplet)
        terms["motion"] = motion_loss(decoded.motion, triplet)
        terms["source"] = source_loss(decoded, triplet)
    return terms


def lines(frames: Tensor, sigma: float = 1.0, ratio: float = 1.6, gain: float = 10.0) -> Tensor:
    """Return how strongly each pixel belongs to a dark line, shape (B, 1, H, W) in [0, 1].

    This is a difference of Gaussians of the luma (Winnemöller et al., 2012, eq. 1, with ratio 1.6).
    It is positive where a pixel is darker than its surroundings. ``sigma`` is in pixels.
    """
    luma = (frames * frames.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return (gain * (_blur(luma, sigma * ratio) - _blur(luma, sigma))).clamp(0, 1)


def line_weighted_l1(prediction: Tensor, target: Tensor, strength: float) -> Tensor:
    """Return the mean absolute error, in which the target's lines count ``1 + strength`` times."""
    weight = 1 + strength * lines(target)
    return ((prediction - target).abs() * weight).mean()


def sharpness_loss(prediction: Tensor, target: Tensor, window: int = 64) -> Tensor:
    """Return how much the strength of the gradients differs from the target's, a scalar.

    It is the mean absolute difference of the gradients' root mean square in windows of ``window``
    px, or of the frame's shorter side. Blending two frames that are a pixel apart adds little to
    the pixels' error, but it blurs the lines, and this loss counts that. A sharp line that is
    displaced costs nothing here.
    """
    return (_contrast(prediction, window) - _contrast(target, window)).abs().mean()


def _contrast(frames: Tensor, window: int) -> Tensor:
    along_x = frames[..., 1:, 1:] - frames[..., 1:, :-1]
    along_y = frames[..., 1:, 1:] - frames[..., :-1, 1:]
    energy = (along_x.square() + along_y.square()).mean(dim=1, keepdim=True)
    window = min(window, *energy.shape[-2:])
    return (F.avg_pool2d(energy, window, stride=max(window // 2, 1)) + 1e-5).sqrt()


def motion_loss(motion: Sequence[Tensor], triplet: Triplet) -> Tensor:
    """Return the robust error of the motion [px of the frame], mean over all levels, a scalar.

    Points hidden in a neighbour have the weight ``HIDDEN_WEIGHT``. Samples without known motion
    have none. See ``robust_motion_error``.
    """
    truth = torch.cat([triplet.motion_0, triplet.motion_1], dim=1)  # (B, 4, H, W)
    visible = torch.cat([triplet.visible_0, triplet.visible_1], dim=1)  # (B, 2, H, W)
    known = triplet.has_motion.to(truth.dtype).view(-1, 1, 1, 1)
    weight = (HIDDEN_WEIGHT + (1 - HIDDEN_WEIGHT) * visible) * known
    total = truth.new_zeros(())
    for level in motion:
        total = total + robust_motion_error(level, truth, weight)
    return total / max(len(motion), 1)


def robust_motion_error(motion: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """Return a sublinear form of the end-point error [px of the frame], its weighted mean.

    It is an L1 loss as in RAFT, made sublinear: a layer whose motion is lost altogether must not
    drown the sub-pixel errors that make lines soft.

    Args:
        motion: two flows, (B, 4, h, w), in pixels of their own map.
        truth: the true flows, (B, 4, H, W), in pixels of the frame.
        weight: the weight of each point and flow, (B, 2, H, W).
    """
    up = resize_flow(motion, (truth.shape[-2], truth.shape[-1]))
    squared = (up - truth).square().unflatten(1, (2, 2)).sum(2)  # (B, 2, H, W)
    return (weight * (squared + 0.01).pow(0.35)).sum() / weight.sum().clamp(1)


def matching_loss(
    description: Description, of_0: Description, of_1: Description, triplet: Triplet
) -> Tensor:
    """Return the cross-entropy of matching each cell with its true place in a neighbour, a scalar.

    It is the mean over both neighbours and over 1/8 and 1/16. Only cells count that are mostly
    visible in the neighbour. This loss (InfoNCE, van den Oord et al., 2018) separates the keys long
    before the motion found by them is any good.
    """
    total = triplet.motion_0.new_zeros(())
    for of, motion, visible in (
        (of_0, triplet.motion_0, triplet.visible_0),
        (of_1, triplet.motion_1, triplet.visible_1),
    ):
        visible = visible * triplet.has_motion.to(visible.dtype).view(-1, 1, 1, 1)
        for keys, true_keys in ((description.key_8, of.key_8), (description.key_16, of.key_16)):
            total = total + _cell_cross_entropy(keys, true_keys, motion, visible)
    return total / 4


def _cell_cross_entropy(queries: Tensor, keys: Tensor, motion: Tensor, visible: Tensor) -> Tensor:
    height, width = queries.shape[-2:]
    stride = motion.shape[-1] // width
    seen = F.avg_pool2d(visible, stride).flatten(1) > 0.5  # (B, N)
    place = pixel_grid(height, width, motion) + F.avg_pool2d(motion, stride) / stride
    x, y = place.round().long().flatten(2).unbind(1)  # (B, N) each
    seen &= (x >= 0) & (x < width) & (y >= 0) & (y < height)
    cell = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
    queries = F.normalize(queries.flatten(2), dim=1)
    similarity = queries.transpose(1, 2) @ F.normalize(keys.flatten(2), dim=1)  # (B, N, N)
    logits = similarity.float() / 0.1
    entropy = F.cross_entropy(logits.flatten(0, 1), cell.flatten(), reduction="none")
    return (entropy * seen.flatten()).sum() / seen.sum().clamp(min=1)


def end_point_error(motion: Tensor, triplet: Triplet) -> Tensor:
    """Return the mean distance [px of the frame] between motion (B, 4, h, w) and the truth.

    The mean is over the points that are visible in the neighbour; it is a scalar.
    """
    truth = torch.cat([triplet.motion_0, triplet.motion_1], dim=1)
    visible = torch.cat([triplet.visible_0, triplet.visible_1], dim=1)
    up = resize_flow(motion, (truth.shape[-2], truth.shape[-1]))
    error = (up - truth).unflatten(1, (2, 2)).norm(dim=2)
    return (error * visible).sum() / visible.sum().clamp(min=1)


def source_loss(decoded: Decoded, triplet: Triplet) -> Tensor:
    """Return the cross-entropy of taking each pixel from a neighbour that shows it, a scalar.

    A point that is visible in one neighbour should be taken from there, and a point that is visible
    in both from either. A point that is visible in neither should be painted.
    """
    shown_0, shown_1 = triplet.visible_0, triplet.visible_1
    right = torch.cat([shown_0, shown_1, (1 - shown_0) * (1 - shown_1)], dim=1)  # (B, 3, H, W)
    mass = (decoded.weights * right).sum(dim=1).clamp(1e-4, 1)
    known = triplet.has_motion.to(mass.dtype).view(-1, 1, 1)
    return -(mass.log() * known).mean()


def hinge_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return the hinge loss of the discriminator (Lim and Ye, 2017) on its logits."""
    return (F.relu(1 - real) + F.relu(1 + fake)).mean() / 2


def _blur(image: Tensor, sigma: float) -> Tensor:
    radius = int(3 * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    image = F.pad(image, [radius] * 4, mode="replicate")
    image = F.conv2d(image, kernel.view(1, 1, 1, -1))
    return F.conv2d(image, kernel.view(1, 1, -1, 1))
