"""Bringing two pictures into register: a known shift of a fraction of a pixel is found."""

import pytest
import torch

from autoencoder.registration import displacement
from nakawari.motion.warping import warp


@pytest.fixture
def picture(frames: torch.Tensor) -> torch.Tensor:
    return frames[0]  # (1, 3, 48, 64)


def shifted(picture: torch.Tensor, x: float, y: float) -> torch.Tensor:
    """Return the picture whose point p is that of ``picture`` at p + (x, y)."""
    flow = torch.zeros(1, 2, *picture.shape[-2:])
    flow[:, 0], flow[:, 1] = x, y
    return warp(picture, flow, "bicubic")


@pytest.mark.parametrize(("x", "y"), [(0.5, 0.0), (0.0, -0.4), (-0.3, 0.6)])
def test_a_shift_of_a_fraction_of_a_pixel_is_found(
    picture: torch.Tensor, x: float, y: float
) -> None:
    # What picture shows at p, its shifted copy shows at p - (x, y).
    found = displacement(picture, shifted(picture, x, y))[..., 8:-8, 8:-8].mean(dim=(0, 2, 3))
    torch.testing.assert_close(found, torch.tensor([-x, -y]), atol=0.1, rtol=0)


def test_swapped_pictures_turn_it_round(frames: torch.Tensor) -> None:
    forth, back = displacement(frames[0], frames[1]), displacement(frames[1], frames[0])
    torch.testing.assert_close(forth, -back)


def test_it_goes_no_further_than_a_pixel_and_nowhere_on_a_flat_picture(
    frames: torch.Tensor,
) -> None:
    assert displacement(frames[0], frames[1]).norm(dim=1).max() <= 1 + 1e-5
    flat = torch.zeros_like(frames[0])
    assert not displacement(flat, flat + 0.5).any()
