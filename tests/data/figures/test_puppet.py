"""Characters move in the parts that are to move, and hair of many locks swings far."""

import numpy as np
import pytest

from nakawari.data.figures import puppet
from nakawari.data.figures.figure import Manner
from nakawari.data.moving.linear import LinearValue
from nakawari.data.moving.render import Layer, render
from nakawari.data.moving.warps import Chain, Placement

SIZE = 192


def moved(seed: int, active: set[str], gestures: puppet.Gestures | None = None) -> np.ndarray:
    """Return how far each pixel of one character goes, where it is before the empty ground [px]."""
    figure = puppet.puppet_figure(
        np.random.default_rng(seed), 300.0, (0.0, 200.0), Manner(0.0, 14.0), active, gestures
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


@pytest.mark.parametrize("gestures", [None, puppet.Gestures(hair=45.0)])
def test_nothing_of_a_held_character_moves(gestures: puppet.Gestures | None) -> None:
    for seed in range(3):
        assert moved(seed, set(), gestures).max() < 0.01


def all_moved(active: set[str], gestures: puppet.Gestures | None = None) -> np.ndarray:
    return np.concatenate([moved(seed, active, gestures) for seed in range(6)])


def test_many_locks_swing_farther_than_other_hair() -> None:
    usual, many = all_moved({"hair"}), all_moved({"hair"}, puppet.Gestures(hair=45.0))
    assert (many > 15).mean() > 1.5 * (usual > 15).mean()


def test_many_locks_swing_no_farther_than_they_may() -> None:
    far, near = (all_moved({"hair"}, puppet.Gestures(hair=sway)) for sway in (45.0, 5.0))
    assert (near > 15).mean() < 0.5 * (far > 15).mean()


def test_raised_arms_wave_though_nothing_else_moves() -> None:
    near, far = (all_moved(set(), puppet.Gestures(hands=hands)) for hands in (10.0, 60.0))
    assert 4.0 < near.max() < 20.0
    assert 25.0 < far.max() < 100.0
