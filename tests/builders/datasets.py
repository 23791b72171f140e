"""A film whose drawings are known, datasets built from films, and what is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nakawari.cli import main
from nakawari.data.streams.shards import EPISODES_FOLDER

HOLDS = (2, 2, 3, 1, 2, 2, 3, 2)


def film(seed: int = 0, holds: tuple[int, ...] = HOLDS) -> list[np.ndarray]:
    """Return frames of a figure that walks before a ground, each drawing held as told."""
    rng = np.random.default_rng(seed)
    ground = np.full((144, 256, 4), 255, np.uint8)
    ground[..., :3] = np.kron(rng.integers(60, 200, (9, 16, 3)), np.ones((16, 16, 1)))
    frames = []
    for drawing, hold in enumerate(holds):
        picture = ground.copy()
        left = 20 + 9 * drawing
        picture[40:110, left : left + 40, :3] = (230, 60, 40)
        picture[50:60, left + 8 : left + 16, :3] = 20
        frames += [picture] * hold
    return frames


def build(*arguments: object) -> int:
    return main(["dataset", "build", *map(str, arguments), "--workers", "1"])


def everything(root: Path) -> dict[str, tuple[float, bytes]]:
    """Return each file's time and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mtime, path.read_bytes())
        for path in sorted((root / EPISODES_FOLDER).rglob("*"))
        if path.is_file()
    }
