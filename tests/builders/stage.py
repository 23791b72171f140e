"""A background and a figure for tests of the detector: everything in them is known."""

from __future__ import annotations

import cv2
import numpy as np

from nakawari.video.pictures.picture import Picture

HEIGHT, WIDTH = 180, 320
_MARGIN = 64


def shifted(x: float, y: float = 0.0) -> np.ndarray:
    """Return the motion of a shift by (x, y) px."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y]])


def background(seed: int = 0) -> np.ndarray:
    """Return a painted ground larger than the picture, uint8 luma."""
    generator = np.random.default_rng(seed)
    size = (HEIGHT + 2 * _MARGIN, WIDTH + 2 * _MARGIN)
    ground = cv2.GaussianBlur(generator.uniform(0, 255, size).astype(np.float32), (0, 0), 6)
    ground = 128 + (ground - ground.mean()) * 4
    for _ in range(24):
        corner = generator.integers((0, 0), size[::-1])
        far = corner + generator.integers(15, 60, 2)
        cv2.rectangle(ground, corner.tolist(), far.tolist(), float(generator.integers(40, 220)), -1)
    return np.clip(ground, 0, 255).astype(np.uint8)


def shot_at(
    x: float = 0.0,
    y: float = 0.0,
    zoom: float = 1.0,
    figure: tuple[float, float] | None = (150.0, 90.0),
    mouth: int = 0,
    seed: int = 0,
) -> Picture:
    """Return the picture that a camera at (x, y) px sees.

    Args:
        x: of the camera [px]; the background goes the other way.
        y: likewise, down.
        zoom: of the background, about the middle of the picture.
        figure: where its middle is on the screen [px]; None for none.
        mouth: its height [px].
        seed: of the background.
    """
    middle = (_MARGIN + WIDTH / 2, _MARGIN + HEIGHT / 2)
    matrix = cv2.getRotationMatrix2D(middle, 0, zoom)
    matrix[:, 2] -= (_MARGIN + x, _MARGIN + y)
    luma = cv2.warpAffine(background(seed), matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
    if figure is not None:
        _draw_figure(luma, figure, mouth)
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return Picture(luma, chroma, chroma)


def _draw_figure(luma: np.ndarray, at: tuple[float, float], mouth: int) -> None:
    shift = 4  # fractional bits of OpenCV's coordinates
    x, y = (round(value * 2**shift) for value in at)

    def ellipse(dx: int, dy: int, width: int, height: int, value: int) -> None:
        centre = (x + dx * 2**shift, y + dy * 2**shift)
        axes = (width * 2**shift, height * 2**shift)
        cv2.ellipse(luma, centre, axes, 0, 0, 360, value, -1, cv2.LINE_AA, shift)

    ellipse(0, 0, 40, 50, 20)
    ellipse(0, 0, 37, 47, 225)
    ellipse(-14, -12, 6, 8, 30)
    ellipse(14, -12, 6, 8, 30)
    if mouth:
        ellipse(0, 22, 8, mouth, 60)
