"""Metrics of a validation: best for who knows everything, the baselines for who knows nothing."""

import math

import pytest
import torch

from autoencoder import VQAutoencoder
from diffusion.bridge import Denoised
from diffusion.codes import latents_of
from diffusion.unet import FineMotion
from diffusion.validation_metrics import validation_metrics
from nakawari.data.triplet import Triplet
from tests.builders.found_motion import found, moving


@pytest.fixture
def triplet(autoencoder: VQAutoencoder) -> Triplet:
    codes = (autoencoder.quantise(torch.randn(1, 8, 4, 6)).indices for _ in range(3))
    codes_0, target, codes_1 = codes
    moved = moving((-8.0, 0.0), (6.0, 8.0))
    return moved._replace(codes_0=codes_0, codes=target, codes_1=codes_1)


def test_who_knows_everything_errs_nowhere(autoencoder: VQAutoencoder, triplet: Triplet) -> None:
    known = found(triplet, latents_of(triplet.codes, autoencoder.quantiser))
    metrics = validation_metrics(known, triplet, autoencoder.quantiser)
    assert metrics["latent_error"] == metrics["motion_error"] == 0
    assert metrics["codes_right"] == metrics["visible_right"] == 1
    assert metrics["latent_error_of_mean"] > 0.1
    assert metrics["codes_right_of_mean"] < 0.9


def test_who_knows_nothing_is_as_good_as_the_baselines(
    autoencoder: VQAutoencoder, triplet: Triplet
) -> None:
    quantiser = autoencoder.quantiser
    before, after = latents_of(triplet.codes_0, quantiser), latents_of(triplet.codes_1, quantiser)
    known = found(triplet, torch.lerp(before, after, 0.4))
    last = known.steps[-1]
    last = last._replace(visible=torch.full_like(last.visible, 3.0))
    none = FineMotion(torch.zeros_like(known.fine.motion), known.fine.share)
    metrics = validation_metrics(Denoised(known.logits, [last], none), triplet, quantiser)
    for name, baseline in (
        ("latent_error", "latent_error_of_mean"),
        ("codes_right", "codes_right_of_mean"),
        ("motion_error", "motion_error_of_none"),
        ("visible_right", "visible_right_of_all"),
    ):
        torch.testing.assert_close(metrics[name], metrics[baseline])
    # Of (14, 8) px in all, 0.4 to frame_0 everywhere; 0.6 to frame_1, in the half where it is seen.
    expected = torch.tensor(math.hypot(14, 8) * (2 * 0.4 + 0.6) / 3)
    torch.testing.assert_close(metrics["motion_error_of_none"], expected)
    torch.testing.assert_close(metrics["visible_right_of_all"], torch.tensor(0.75))
