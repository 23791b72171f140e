"""Triplets on disk in ATD-12K's layout."""

from pathlib import Path

import cv2
import numpy as np


def write_triplet(folder: Path, height: int = 54, width: int = 96, ending: str = ".png") -> None:
    folder.mkdir(parents=True)
    for number, level in ((1, 50), (2, 100), (3, 150)):
        frame = np.full((height, width, 3), level, np.uint8)
        cv2.imwrite(str(folder / f"frame{number}{ending}"), frame)
