"""What transmission does to a frame: the mild noise of a compressed video."""

import cv2
import numpy as np


def sample_noise(rng: np.random.Generator, frame: np.ndarray) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB frame as after mild lossy compression.

    Blocks and ringing by JPEG at quality 80 to 95, with the chroma at half size as in video.
    """
    quality = int(rng.integers(80, 96))
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if rng.random() < 0.7:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    else:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    # The channel order does not matter to take part in the same colour transform: swap to BGR.
    _, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
