"""Convex enlargement is bilinear until it is told to choose."""

import torch
import torch.nn.functional as F

from nakawari.motion.convex import convex_upsample


def maps() -> torch.Tensor:
    return torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(0))


def test_without_logits_it_is_nearly_bilinear() -> None:
    found = convex_upsample(maps(), torch.zeros(2, 9, 10, 12))
    bilinear = F.interpolate(maps(), scale_factor=2, mode="bilinear", align_corners=False)
    assert (found - bilinear).abs().max() < 0.1
    assert (found - bilinear).abs().mean() < 0.02
    flat = torch.full((1, 2, 3, 4), 7.0)
    torch.testing.assert_close(
        convex_upsample(flat, torch.zeros(1, 9, 6, 8)), torch.full((1, 2, 6, 8), 7.0)
    )


def test_a_logit_singles_out_a_neighbour() -> None:
    logits = torch.zeros(2, 9, 10, 12)
    logits[:, 5] = 50  # the one to the right
    found = convex_upsample(maps(), logits)
    right = F.pad(maps(), [0, 1, 0, 0], mode="replicate")[..., 1:]
    torch.testing.assert_close(found, F.interpolate(right, scale_factor=2, mode="nearest"))


def test_a_contour_stays_one_if_each_side_keeps_its_own() -> None:
    edge = torch.zeros(1, 1, 4, 6)
    edge[..., 3:] = 40.0
    own = torch.zeros(1, 9, 8, 12)
    own[:, 4] = 50  # the middle one
    kept = F.interpolate(edge, scale_factor=2, mode="nearest")
    torch.testing.assert_close(convex_upsample(edge, own), kept)
    mixed = convex_upsample(edge, torch.zeros(1, 9, 8, 12))
    assert ((mixed > 5) & (mixed < 35)).any()
