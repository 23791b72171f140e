"""The quantiser snaps, counts its codes, and revives the dead."""

import pytest
import torch

from autoencoder.quantiser import Quantiser


def test_quantising_twice_changes_nothing() -> None:
    quantiser = Quantiser(8, heads=2, codebook_size=16).eval()
    once = quantiser(torch.randn(2, 8, 4, 5))
    twice = quantiser(once.latents)
    assert torch.equal(once.indices, twice.indices)
    torch.testing.assert_close(once.latents, twice.latents)
    assert once.indices.shape == (2, 4, 5, 2)


def test_latents_have_variance_one() -> None:
    latents = Quantiser(32, heads=4, codebook_size=64).eval()(torch.randn(4, 32, 8, 8)).latents
    assert latents.square().mean().item() == pytest.approx(1.0, abs=1e-4)


def test_the_gradient_passes_straight_through() -> None:
    quantiser = Quantiser(8, heads=2, codebook_size=16).train()
    latents = torch.randn(2, 8, 6, 6, requires_grad=True)
    quantiser(latents).latents.square().sum().backward()
    assert latents.grad is not None
    assert latents.grad.abs().sum() > 0


def test_snapping_does_what_evaluation_does_and_trains_nothing() -> None:
    quantiser = Quantiser(8, heads=2, codebook_size=16).train()
    quantiser(torch.randn(2, 8, 8, 8))  # k-means
    before = {name: tensor.clone() for name, tensor in quantiser.state_dict().items()}
    latents = torch.randn(1, 8, 4, 4)
    snapped = quantiser.snap(latents)
    assert all(torch.equal(before[name], t) for name, t in quantiser.state_dict().items())
    assert quantiser.training
    torch.testing.assert_close(snapped, quantiser.eval()(latents).latents)


def test_share_of_codes_in_use_counts_each_head() -> None:
    quantiser = Quantiser(8, heads=2, codebook_size=4)
    indices = torch.tensor([[0, 0], [1, 0], [2, 0], [3, 0]])
    assert quantiser.share_of_codes_in_use(indices).item() == pytest.approx(5 / 8)


def test_dead_codes_are_revived() -> None:
    torch.manual_seed(0)
    quantiser = Quantiser(4, heads=1, codebook_size=16).train()
    narrow = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 4, 1, 1).expand(2, 4, 8, 8)
    quantiser(narrow + 1e-3 * torch.randn(2, 4, 8, 8))  # k-means sees one direction only
    for _ in range(100):
        wide = torch.randn(2, 4, 8, 8)
        quantised = quantiser(wide)
    assert quantiser.share_of_codes_in_use(quantised.indices).item() > 0.9


def test_channels_that_do_not_divide_fail() -> None:
    with pytest.raises(ValueError, match="multiple of codebook_heads, got 9 and 2"):
        Quantiser(9, heads=2, codebook_size=16)


def test_the_quick_search_finds_what_the_library_finds() -> None:
    quantiser = Quantiser(32, heads=4, codebook_size=64)
    quantiser(torch.randn(4, 32, 8, 8))  # k-means
    quantiser.eval()
    latents = 3 * torch.randn(2, 32, 6, 10)
    found, indices, loss = quantiser.codebook(latents)
    quick = quantiser(latents)
    assert torch.equal(quick.latents, found * quantiser.scale)
    assert torch.equal(quick.indices, indices)
    assert quick.commitment_loss == loss.sum() == 0
    assert torch.equal(quantiser.snap(latents), quick.latents)
