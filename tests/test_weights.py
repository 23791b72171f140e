"""A model's weights have a name that changes with them."""

import torch

from nakawari.weights import weights_hash
from tests.tiny import tiny_unet


def test_the_same_weights_have_one_name_and_others_another() -> None:
    name = weights_hash(tiny_unet())
    assert len(name) == 16
    assert weights_hash(tiny_unet()) == name
    other = tiny_unet()
    other.answer.bias.data[0] += 1e-3
    assert weights_hash(other) != name


def test_what_rounding_takes_away_does_not_count() -> None:
    full, half = tiny_unet(), tiny_unet().half().float()
    assert weights_hash(full) != weights_hash(half)
    assert weights_hash(full, torch.float16) == weights_hash(half, torch.float16)


def test_buffers_count_as_well() -> None:
    norm = torch.nn.BatchNorm2d(3)
    before = weights_hash(norm)
    norm.running_mean += 1
    assert weights_hash(norm) != before
