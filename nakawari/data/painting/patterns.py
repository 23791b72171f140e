"""Patterns that repeat: cloth, walls, windows, lattices. Every period looks like the next."""

import math
from collections.abc import Callable

import numpy as np

from nakawari.data.painting.colour import INK, darker, random_colour
from nakawari.data.painting.sprites import Sprite

PERIODS = (6.0, 40.0)
"""Shortest and longest period [px] at a view 288 px high: cloth has short periods, the windows of a
house long ones."""
_INK_LEVEL = 0.3
"""Share of full brightness up to which a pixel is part of a line, which patterns leave visible."""


def sample_pattern(rng: np.random.Generator, height: int, width: int, scale: float) -> np.ndarray:
    """Return how far a random pattern's marks cover each pixel, (height, width) in [0, 1].

    ``scale`` is the view's height divided by 288 px.
    """
    low, high = PERIODS
    period = scale * low * (high / low) ** rng.random()
    angle = rng.normal() * 0.15 if rng.random() < 0.8 else rng.uniform(0, math.pi)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    along = (x * math.cos(angle) + y * math.sin(angle)) / period + rng.random()
    across = (y * math.cos(angle) - x * math.sin(angle)) / (period * rng.uniform(0.6, 1.6))
    kind = _KINDS[rng.integers(len(_KINDS))]
    return kind(along, across + rng.random(), float(rng.uniform(0.2, 0.7)), 1 / period)


def patterned(rng: np.random.Generator, sprite: Sprite, scale: float) -> Sprite:
    """Return the drawing with a pattern over it, under its lines."""
    pixels = sprite.pixels
    marks = sample_pattern(rng, pixels.shape[0], pixels.shape[1], scale)
    alpha = pixels[:, :, 3:].astype(np.float32)
    colours = pixels[:, :, :3].astype(np.float32)
    is_filled = colours.max(axis=2, keepdims=True) > _INK_LEVEL * alpha
    own = tuple(colours[alpha[:, :, 0] > 250].mean(axis=0)) if (alpha > 250).any() else INK
    other = random_colour(rng) if rng.random() < 0.5 else darker(own, rng.uniform(0.4, 0.85))
    share = marks[:, :, None] * is_filled * rng.uniform(0.5, 1.0)
    drawn = colours + share * (np.array(other, np.float32) * alpha / 255 - colours)
    return Sprite(np.dstack([drawn.round().astype(np.uint8), pixels[:, :, 3]]), sprite.anchor)


def _edge(distance: np.ndarray, pixel: float) -> np.ndarray:
    """Return a mark: 1 where ``distance`` [periods] is above 0, with an edge a ``pixel`` wide."""
    return np.clip(distance / pixel + 0.5, 0, 1)


def _wave(phase: np.ndarray) -> np.ndarray:
    """Return the distance of a phase [periods] from the middle of its period, 0 to 0.5."""
    return np.abs(phase - np.floor(phase) - 0.5)


def _stripes(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    return _edge(_wave(along) - (1 - share) / 2, pixel)


def _checks(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    bars = _stripes(along, across, share, pixel), _stripes(across, along, share, pixel)
    return (bars[0] + bars[1]) / 2


def _grid(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    thin = 0.4 * share
    return np.maximum(_stripes(along, across, thin, pixel), _stripes(across, along, thin, pixel))


def _dots(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    return _edge(0.6 * share - np.hypot(0.5 - _wave(along), 0.5 - _wave(across)), pixel)


def _bricks(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    shifted = along / 2 + 0.5 * (np.floor(across) % 2)
    thin = 0.25 * share
    return np.maximum(_stripes(shifted, across, thin, pixel), _stripes(across, along, thin, pixel))


def _windows(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    half = 0.5 - share / 2
    return np.minimum(_edge(_wave(along) - half, pixel), _edge(_wave(across) - half, pixel))


def _zigzag(along: np.ndarray, across: np.ndarray, share: float, pixel: float) -> np.ndarray:
    return _stripes(along + 2 * _wave(across), across, share, pixel)


_Kind = Callable[[np.ndarray, np.ndarray, float, float], np.ndarray]
_KINDS: tuple[_Kind, ...] = (_stripes, _stripes, _checks, _grid, _dots, _bricks, _windows, _zigzag)
