"""The average of the weights takes along what belongs to them, and the trained ones come back."""

import pytest
import torch
from torch import nn

from autoencoder.quantiser import Quantiser
from nakawari.training.average import AveragedWeights


def trained(model: nn.BatchNorm1d, average: AveragedWeights, updates: int) -> list[torch.Tensor]:
    """Change weights and statistics, and return the statistics after each update."""
    seen = []
    for update in range(updates):
        with torch.no_grad():
            model.weight.fill_(update + 1.0)
        model(torch.full((4, 2), 10.0 * update) + torch.randn(4, 2))
        average.step()
        assert model.running_mean is not None
        seen.append(model.running_mean.clone())
    return seen


def test_statistics_are_averaged_as_the_weights_are() -> None:
    model = nn.BatchNorm1d(2)
    average = AveragedWeights(model, decay=0.75)
    seen = trained(model, average, 40)
    average.apply()
    expected_mean, expected_weight = seen[0], torch.ones(2)
    for update in range(1, 40):
        # As diffusers' warm-up has it: 1 - (1 + update) ** -0.75, at most the decay.
        decay = min(0.75, 1 - (1 + update) ** -0.75)
        expected_mean = torch.lerp(seen[update], expected_mean, decay)
        expected_weight = torch.lerp(torch.full((2,), update + 1.0), expected_weight, decay)
    assert torch.allclose(model.weight, expected_weight)
    assert model.running_mean is not None
    assert torch.allclose(model.running_mean, expected_mean, rtol=1e-4)
    assert model.num_batches_tracked == 40  # whole numbers are not averaged
    average.leave()
    assert torch.equal(model.running_mean, seen[-1])
    assert torch.equal(model.weight, torch.full((2,), 40.0))


def test_a_resumed_average_goes_on_with_its_statistics() -> None:
    model = nn.BatchNorm1d(2)
    average = AveragedWeights(model, decay=0.9)
    trained(model, average, 5)
    resumed = AveragedWeights(model, decay=0.9)
    resumed.load_state_dict(average.state_dict())
    shown = []
    for one in (average, resumed):
        one.step()
        one.apply()
        shown.append([tensor.clone() for tensor in model.state_dict().values()])
        one.leave()
    assert all(map(torch.equal, *shown))


def test_a_state_from_before_statistics_were_averaged_begins_with_the_trained_ones() -> None:
    model = nn.BatchNorm1d(2)
    average = AveragedWeights(model, decay=0.9)
    seen = trained(model, average, 5)
    state = average.state_dict()
    del state["buffers"]
    average.load_state_dict(state)
    average.apply()
    assert model.running_mean is not None
    assert torch.equal(model.running_mean, seen[-1])


@pytest.mark.parametrize("updates", [3, 12])
def test_averaged_codes_keep_their_length_of_one(updates: int) -> None:
    torch.manual_seed(0)
    quantiser = Quantiser(channels=8, heads=2, codebook_size=8).train()
    average = AveragedWeights(quantiser, decay=0.9)
    for _ in range(updates):
        quantiser(torch.randn(2, 8, 6, 6))
        average.step()
    codes = quantiser.codebook.codebook
    trained_codes = codes.clone()
    average.apply()
    assert not torch.equal(codes, trained_codes)
    assert torch.allclose(codes.norm(dim=-1), torch.ones(()))
    average.leave()
    assert torch.equal(quantiser.codebook.codebook, trained_codes)
