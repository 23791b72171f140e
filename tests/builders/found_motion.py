"""Triplets that move as one is told, and what a perfect network would find of them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.bridge import Denoised
from diffusion.conditions import Estimate
from diffusion.losses import truth_at
from diffusion.search import Choice, Logits, classes
from diffusion.unet import FineMotion
from nakawari.data.triplet import Triplet
from nakawari.motion.warping import flow_of


def moving(
    to_0: tuple[float, float], to_1: tuple[float, float], height: int = 32, width: int = 48
) -> Triplet:
    """All of it goes from ``to_0`` to ``to_1`` [px]; the upper half cannot be seen in frame_1."""
    frames = torch.zeros(3, 1, 3, height, width)
    motions = [torch.tensor(to).view(1, 2, 1, 1).expand(1, 2, height, width) for to in (to_0, to_1)]
    seen = torch.ones(1, 1, height, width)
    hidden = seen.clone()
    hidden[:, :, : height // 2] = 0
    return Triplet(*frames, torch.tensor([0.4]), *motions, seen, hidden, torch.tensor([True]))


def sure_of(flow: Tensor) -> Tensor:
    """Return logits of all flows within three cells, by who knows that it is ``flow``."""
    return (classes(flow, 3) + 1e-9).log()


def found(triplet: Triplet, latents: Tensor, scales: tuple[int, ...] = (2, 1)) -> Denoised:
    """Return what a perfect network would find of ``triplet``, latents (1, 8, h, w)."""
    steps = []
    for scale in scales:
        size = (latents.shape[-2] // scale, latents.shape[-1] // scale)
        truth = truth_at(triplet, size)
        nothing = torch.zeros(1, 1, *size)
        seen = 100 * (2 * truth.visible - 1)
        at_size = F.adaptive_avg_pool2d(latents, size)
        flow = flow_of(truth.motion) * scale
        flows = torch.stack([flow, flow + flow.new_tensor([2, -1]).view(1, 2, 1, 1)], dim=1)
        choice = Choice(flows, torch.tensor([9.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, *size))
        steps.append(Estimate(at_size, truth.motion, seen, nothing, nothing, choice))
    fine = truth_at(triplet, (2 * latents.shape[-2], 2 * latents.shape[-1])).motion
    truth = truth_at(triplet, (latents.shape[-2], latents.shape[-1]))
    said = sure_of(flow_of(truth.motion))
    return Denoised(Logits(said, said), steps, FineMotion(fine, torch.zeros_like(fine[:, :1])))
