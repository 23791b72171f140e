"""Pictures for tests: a square that moves over a ground with some texture, and noise."""

import numpy as np

from nakawari.video.pictures.picture import Picture

SIZE = (40, 48)  # H, W: above LPIPS's smallest


def moving_square(left: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Draw (H, W, 3) uint8, the square's left edge at ``left``."""
    height, width = size
    y, x = np.mgrid[:height, :width]
    picture = np.stack([90 + 40 * np.sin(x / 5), 110 + 40 * np.cos(y / 4), 80 + x + y], axis=2)
    picture[height // 4 : 3 * height // 4, left : left + 14] = (230, 60, 40)
    picture[height // 2, left : left + 14] = 0  # a line on it
    return picture.clip(0, 255).astype(np.uint8)


def noise(seed: int) -> Picture:
    """Return a picture of 64x48 in which nothing is like anything else."""
    generator = np.random.default_rng(seed)
    return Picture(
        generator.integers(0, 256, (48, 64), np.uint8),
        generator.integers(0, 256, (24, 32), np.uint8),
        generator.integers(0, 256, (24, 32), np.uint8),
    )
