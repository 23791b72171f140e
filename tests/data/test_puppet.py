"""Characters move in the parts that are to move, and hair of many locks swings far."""

import numpy as np
import pytest

from nakawari.data import puppet
from nakawari.data.figures import Manner
from nakawari.data.linear import LinearValue
from nakawari.data.render import Layer, render
from nakawari.data.warps import Chain, Placement

SIZE = 192


def moved(seed: int, active: set[str], maned: bool) -> np.ndarray:
    """Return how far each pixel of one character goes, where it is before the empty ground [px]."""
    figure = puppet.puppet_figure(
        np.random.default_rng(seed), 300.0, (0.0, 200.0), Manner(0.0, 14.0), active, maned
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


@pytest.mark.parametrize("maned", [False, True])
def test_nothing_of_a_held_character_moves(maned: bool) -> None:
    for seed in range(3):
        assert moved(seed, set(), maned).max() < 0.01


def test_many_locks_swing_farther_than_other_hair() -> None:
    usual, maned = (
        np.concatenate([moved(seed, {"hair"}, maned) for seed in range(6)])
        for maned in (False, True)
    )
    assert (maned > 15).mean() > 1.5 * (usual > 15).mean()
