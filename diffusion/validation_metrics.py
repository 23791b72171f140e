"""Metrics of a validation that judge the U-Net itself, each beside that of a trivial baseline."""

import torch
import torch.nn.functional as F
from torch import Tensor

from autoencoder.quantiser import Quantiser
from diffusion.bridge import Denoised
from diffusion.codes import latents_of
from diffusion.losses import truth_at
from nakawari.data.triplet import Triplet


def validation_metrics(
    denoised: Denoised, triplet: Triplet, quantiser: Quantiser
) -> dict[str, Tensor]:
    """Return scalars by name, means over a batch.

    ``latent_error`` is the squared error of the clean latents, and ``codes_right`` the share of
    codes that are the true ones. ``motion_error`` is the end-point error of the motion at 1/4 [px
    of the frame] over visible points. ``visible_right`` is the share of points whose visibility is
    right. Each has a baseline: the mean of both neighbours' latents, no motion, everything visible.
    """
    latents_0, target, latents_1 = (
        latents_of(codes, quantiser) for codes in (triplet.codes_0, triplet.codes, triplet.codes_1)
    )
    mean = torch.lerp(latents_0, latents_1, triplet.frame_time.view(-1, 1, 1, 1))
    fine = denoised.fine.motion
    truth = truth_at(triplet, (fine.shape[-2], fine.shape[-1]))
    stride = triplet.target.shape[-1] / fine.shape[-1]
    visible = truth.visible * truth.known
    seen = denoised.steps[-1].visible
    coarse = truth_at(triplet, (seen.shape[-2], seen.shape[-1])).visible

    def error(motion: Tensor) -> Tensor:
        distance = (motion - truth.motion).unflatten(1, (2, 2)).norm(dim=2)
        return stride * (distance * visible).sum() / visible.sum().clamp(min=1)

    def right(latents: Tensor) -> Tensor:
        return (quantiser(latents).indices == triplet.codes.long()).float().mean()

    return {
        "latent_error": F.mse_loss(denoised.latents, target),
        "latent_error_of_mean": F.mse_loss(mean, target),
        "codes_right": right(denoised.latents),
        "codes_right_of_mean": right(mean),
        "motion_error": error(fine),
        "motion_error_of_none": error(torch.zeros_like(fine)),
        "visible_right": ((seen > 0) == (coarse > 0.5)).float().mean(),
        "visible_right_of_all": coarse.mean(),
    }
