"""Colours: random ones as animation uses them, and recolouring of drawings."""

import colorsys

import cv2
import numpy as np

Colour = tuple[float, float, float]
SKINS = ((255, 226, 204), (250, 214, 184), (238, 190, 150), (196, 140, 100), (130, 86, 60))
INK = (38, 28, 34)


def random_colour(
    rng: np.random.Generator,
    saturation: tuple[float, float] = (0.05, 0.7),
    value: tuple[float, float] = (0.25, 1.0),
) -> Colour:
    """Return a random RGB colour in 0..255, any hue."""
    red, green, blue = colorsys.hsv_to_rgb(
        rng.random(), rng.uniform(*saturation), rng.uniform(*value)
    )
    return red * 255, green * 255, blue * 255


def darker(colour: Colour, factor: float, towards: Colour = (70, 40, 110)) -> Colour:
    """Return the colour in shadow: darker, and a little towards violet as painters do."""
    red, green, blue = (
        c * factor * 0.88 + t * (1 - factor) * 0.35 for c, t in zip(colour, towards, strict=True)
    )
    return red, green, blue


def tint(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Return the (h, w, 3) uint8 picture under light of another colour (evening, night)."""
    light = np.array(random_colour(rng, (0.0, 0.5), (0.5, 1.0)), np.float64) / 255
    return cv2.multiply(pixels, (*light.tolist(), 1.0))


def recolour(rng: np.random.Generator, pixels: np.ndarray, any_hue: float) -> np.ndarray:
    """Return an (h, w, 4) uint8 RGBA drawing in other colours.

    A drawing in greys is given two colours. Of the others, a share of ``any_hue`` have all their
    hues rotated by one random angle; the rest stay as they are.
    """
    colours = pixels[:, :, :3]
    spread = cv2.absdiff(colours[:, :, 0], colours[:, :, 2])
    opaque = pixels[:, :, 3] > 127
    if not opaque.any():
        return pixels
    if float(spread[opaque].mean()) < 8:
        return _duotone(rng, pixels)
    if rng.random() >= any_hue:
        return pixels
    shifted = cv2.cvtColor(colours, cv2.COLOR_RGB2HSV)
    shifted[:, :, 0] = (shifted[:, :, 0].astype(np.int32) + int(rng.integers(180))) % 180
    return np.dstack([cv2.cvtColor(shifted, cv2.COLOR_HSV2RGB), pixels[:, :, 3]])


def _duotone(rng: np.random.Generator, pixels: np.ndarray) -> np.ndarray:
    """Map black to a hair or ink colour and white to a light one."""
    dark = np.array(random_colour(rng, (0.1, 0.8), (0.08, 0.45)))
    light = np.array(
        SKINS[rng.integers(len(SKINS))]
        if rng.random() < 0.5
        else random_colour(rng, (0.0, 0.4), (0.75, 1.0))
    )
    level = np.linspace(0, 1, 256)[:, None]
    table = (dark * (1 - level) + light * level).round().astype(np.uint8)
    grey = cv2.cvtColor(pixels[:, :, :3], cv2.COLOR_RGB2GRAY)
    return np.dstack([table[grey], pixels[:, :, 3]])
