"""What the decoder is given in training is right, or wrong in the way that its name says."""

import pytest
import torch

from autoencoder.config import DisturbanceConfig
from autoencoder.disturbance import disturbed_latents, disturbed_motion
from nakawari.data.triplet import Triplet

KINDS = ("right", "degraded", "stale", "zero", "other")


def only(kind: str, **settings: float) -> DisturbanceConfig:
    """Give nothing but one kind of motion."""
    shares = {f"{name}_share": float(name == kind) for name in KINDS}
    return DisturbanceConfig(**shares, **{"noisy_share": 0.0, "mixed_share": 0.0, **settings})


def batch(size: int = 3) -> Triplet:
    """Samples that each move by a smooth field of their own, some 8 px."""
    generator = torch.Generator().manual_seed(0)
    fields = 8 * torch.randn(2, size, 2, 2, 3, generator=generator)
    motions = [
        torch.nn.functional.interpolate(field, size=(32, 48), mode="bilinear") for field in fields
    ]
    frames, seen = torch.zeros(3, size, 3, 32, 48), torch.ones(size, 1, 32, 48)
    known = torch.ones(size, dtype=torch.bool)
    return Triplet(*frames, torch.full((size,), 0.5), *motions, seen, seen, known)


def truth(triplet: Triplet) -> torch.Tensor:
    motion = torch.cat([triplet.motion_0, triplet.motion_1], dim=1) / 4
    return torch.nn.functional.interpolate(motion, size=(8, 12), mode="bilinear")


def test_a_right_motion_is_the_true_one_at_a_quarter() -> None:
    torch.testing.assert_close(disturbed_motion(batch(), only("right")), truth(batch()))


def test_no_motion_is_none() -> None:
    assert not disturbed_motion(batch(), only("zero")).any()


def test_another_samples_motion_is_another_samples() -> None:
    given = disturbed_motion(batch(), only("other"))
    torch.testing.assert_close(given, truth(batch())[[2, 0, 1]])


def test_a_stale_motion_is_the_true_one_of_another_time() -> None:
    torch.manual_seed(0)
    given, right = disturbed_motion(batch(50), only("stale")), truth(batch(50))
    shares = (given * right).sum((1, 2, 3)) / right.square().sum((1, 2, 3))
    torch.testing.assert_close(given, shares.view(-1, 1, 1, 1) * right)
    assert -0.5 <= shares.min() < 0
    assert 0.5 < shares.max() <= 0.9


def test_a_degraded_motion_is_the_true_one_but_for_a_smooth_error() -> None:
    torch.manual_seed(0)
    given, right = disturbed_motion(batch(50), only("degraded")), truth(batch(50))
    error = (given - right).square().mean((1, 2, 3)).sqrt()
    assert error.min() > 0  # [px at 1/4]
    assert error.median() < 3
    assert error.max() < 20
    rough = (given - right).diff(dim=3).square().mean().sqrt()
    assert rough < 0.7 * error.square().mean().sqrt()


def test_each_kind_comes_as_often_as_its_share() -> None:
    torch.manual_seed(0)
    config = DisturbanceConfig(
        right_share=0.6, degraded_share=0, stale_share=0, zero_share=0.4, other_share=0
    )
    given, right = disturbed_motion(batch(400), config), truth(batch(400))
    is_right = (given == right).all(3).all(2).all(1)
    is_zero = (given == 0).all(3).all(2).all(1)
    assert (is_right | is_zero).all()
    assert 0.5 < is_right.float().mean() < 0.7


def latents() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    true, of_0, of_1 = torch.randn(3, 40, 8, 16, 24, generator=generator)
    return true, of_0, of_1


STILL = torch.zeros(40, 4, 32, 48)


def test_latents_that_no_share_disturbs_stay_as_they_are() -> None:
    true, of_0, of_1 = latents()
    assert torch.equal(disturbed_latents(true, of_0, of_1, STILL, only("right")), true)


def test_noisy_latents_are_off_by_white_noise_of_no_more_than_the_given_deviation() -> None:
    true, of_0, of_1 = latents()
    noisy = disturbed_latents(true, of_0, of_1, STILL, only("right", noisy_share=1.0, noise=0.8))
    deviation = (noisy - true).std((1, 2, 3))
    assert deviation.max() < 0.85
    assert deviation.min() < 0.2
    across = (noisy - true).diff(dim=3).square().mean() / (noisy - true).square().mean()
    assert abs(across - 2) < 0.1  # neighbouring cells know nothing of each other


def test_mixed_latents_lie_between_the_truth_and_the_neighbours_along_the_motion() -> None:
    true, of_0, of_1 = latents()
    config = only("right", mixed_share=1.0, noise=0.0)
    motion = STILL.clone()
    motion[:, 0], motion[:, 2] = 4.0, -4.0  # two cells to the right in frame_0, and back
    mixed = disturbed_latents(true, of_0, of_1, motion, config)
    both = (of_0.roll(-2, 3) + of_1.roll(2, 3)) / 2
    inside = (..., slice(2, -2))
    share = ((mixed - both) / (true - both))[inside].median(dim=1, keepdim=True).values
    assert share.min() > 0
    assert share.max() < 1
    assert share.std((1, 2, 3)).median() > 0.05  # it differs from place to place
    lerped = torch.lerp(both[inside], true[inside], share)
    torch.testing.assert_close(mixed[inside], lerped, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    "shares", [{"right_share": 0.5}, {"zero_share": -0.1, "other_share": 0.35}]
)
def test_shares_of_motions_that_do_not_sum_to_one_fail(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must not be negative and must sum to one, got"):
        DisturbanceConfig(**shares)


@pytest.mark.parametrize("shares", [{"noisy_share": 0.7}, {"mixed_share": -0.1}])
def test_shares_of_latents_above_one_fail(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="noisy_share and mixed_share must not be negative, nor"):
        DisturbanceConfig(**shares)
