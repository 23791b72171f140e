"""Characters move in the parts that are to move, and hair of many locks swings far."""

import numpy as np
import pytest

from nakawari.data import puppet
from nakawari.data.figures import Manner
from nakawari.data.linear import LinearValue
from nakawari.data.render import Layer, render
from nakawari.data.warps import Chain, Placement

SIZE = 192


def moved(seed: int, active: set[str]) -> np.ndarray:
    """Return how far each pixel of one character goes, where it is before the empty ground [px]."""
    figure = puppet.puppet_figure(
        np.random.default_rng(seed), 300.0, (0.0, 200.0), Manner(0.0, 14.0), active
    )
    middle = Placement((0.0, 0.0), LinearValue(SIZE / 2), LinearValue(SIZE / 2))
    layers = [
        Layer(part.pixels, Chain([*part.warps, part.group, *figure.warps, middle]))
        for part in figure.parts
    ]
    ground = Layer(np.full((SIZE, SIZE, 4), 255, np.uint8), Chain())
    picture = render([ground, *layers], 0.5, SIZE, SIZE, motion_times=(0.0, 1.0))
    far = np.linalg.norm(picture.motions[1].astype(float) - picture.motions[0], axis=-1)
    return far[picture.layer_ids > 0]


@pytest.fixture(params=[0.0, 1.0])
def share(request, monkeypatch) -> float:
    """Return the share of the characters that have many locks: none, or all."""
    monkeypatch.setattr(puppet, "_MANED", request.param)
    return request.param


def test_nothing_of_a_held_character_moves(share: float) -> None:
    for seed in range(3):
        assert moved(seed, set()).max() < 0.01


def test_many_locks_swing_farther_than_other_hair(monkeypatch) -> None:
    far = {}
    for share in (0.0, 1.0):
        monkeypatch.setattr(puppet, "_MANED", share)
        far[share] = np.concatenate([moved(seed, {"hair"}) for seed in range(6)])
    assert (far[1.0] > 15).mean() > 1.5 * (far[0.0] > 15).mean()
