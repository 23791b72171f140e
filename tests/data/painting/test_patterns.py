"""Patterns repeat, lie on the drawing alone, and things and foregrounds are what they should be."""

import numpy as np
import pytest

from nakawari.data.figures.figure import Manner
from nakawari.data.moving.render import Layer, render
from nakawari.data.moving.warps import Chain
from nakawari.data.painting.patterns import PERIODS, patterned, sample_pattern
from nakawari.data.painting.sprites import Sprite, canvas, fill
from nakawari.data.scenes.things import foreground, thing_figure

SEEDS = range(24)


def marks(seed: int) -> np.ndarray:
    return sample_pattern(np.random.default_rng(seed), 200, 240, 1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pattern_has_marks_and_gaps_all_over(seed: int) -> None:
    found = marks(seed)
    assert found.shape == (200, 240)
    assert found.min() >= 0
    assert found.max() <= 1
    for half in (found[:100, :120], found[100:, 120:]):
        assert 0.02 < half.mean() < 0.98


def test_a_pattern_looks_like_itself_a_few_pixels_on() -> None:
    repeats = 0
    for seed in SEEDS:
        found = marks(seed) - marks(seed).mean()
        power = np.abs(np.fft.rfft2(found)) ** 2
        likeness = np.fft.irfft2(power, found.shape) / (found**2).sum()
        far = int(2.5 * PERIODS[1])
        near = likeness[:far, :far].copy()
        near[: int(PERIODS[0] / 2), : int(PERIODS[0] / 2)] = 0  # where it lies on itself
        repeats += near.max() > 0.6
    assert repeats >= 0.9 * len(SEEDS)


def test_a_pattern_lies_on_the_drawing_and_leaves_its_lines() -> None:
    pixels = canvas(120, 120)
    fill(pixels, np.array([(20, 20), (100, 20), (100, 100), (20, 100)]), (250, 200, 180), line=3.0)
    sprite = Sprite(pixels, (60.0, 60.0))
    drawn = patterned(np.random.default_rng(1), sprite, 1.0)
    assert drawn.anchor == sprite.anchor
    assert np.array_equal(drawn.pixels[..., 3], pixels[..., 3])
    outside = pixels[..., 3] == 0
    assert not drawn.pixels[outside].any()
    inside = drawn.pixels[30:90, 30:90, :3].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) > 1
    line = pixels[60, 15:26]
    dark = (line[:, 3] == 255) & (line[:, :3].max(axis=1) < 60)
    assert dark.any()
    assert np.array_equal(drawn.pixels[60, 15:26][dark], line[dark])
    assert (drawn.pixels[..., :3] <= drawn.pixels[..., 3:]).all()  # premultiplied


@pytest.mark.parametrize("seed", SEEDS)
def test_a_thing_is_seen_and_goes_about_as_far_as_it_is_told(seed: int) -> None:
    figure = thing_figure(np.random.default_rng(seed), 80.0, (96.0, 72.0), Manner(12.0, 0.0), 1.0)
    layers = [Layer(part.pixels, Chain([*part.warps, *figure.warps])) for part in figure.parts]
    ground = Layer(np.full((144, 192, 4), 255, np.uint8), Chain([]), endless=True)
    drawn = render([ground, *layers], 0.5, 144, 192, motion_times=(0.0, 1.0))
    seen = drawn.layer_ids > 0
    assert seen.any()
    moved = np.linalg.norm((drawn.motions[1] - drawn.motions[0])[seen], axis=-1)
    assert 1 < moved.mean() < 60


@pytest.mark.parametrize("seed", SEEDS)
def test_a_foreground_covers_some_of_the_picture_and_leaves_some(seed: int) -> None:
    sprite = foreground(np.random.default_rng(seed), 300, 200, 0.7)
    assert sprite.pixels.shape == (200, 300, 4)
    covered = (sprite.pixels[..., 3] > 127).mean()
    assert 0 < covered < 0.9
    assert sprite.anchor == (150, 100)
