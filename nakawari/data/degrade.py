"""What grading, scaling and transmission do to drawn frames."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Look:
    """What all frames of a shot share: order of the channels, softness and contrast.

    Attributes:
        channels: the order of the colour channels.
        sigma: standard deviation of a blur [px], as TV is drawn smaller than it is shown; 0 leaves
            frames sharp.
        floor, ceiling: the code values that black and white become, as in haze or at night.
    """

    channels: tuple[int, int, int] = (0, 1, 2)
    sigma: float = 0.0
    floor: float = 0.0
    ceiling: float = 255.0

    def apply(self, frame: np.ndarray) -> np.ndarray:
        """Return the (H, W, 3) uint8 RGB frame in this look."""
        if self.channels != (0, 1, 2):
            frame = np.ascontiguousarray(frame[:, :, self.channels])
        if self.sigma > 0:
            frame = cv2.GaussianBlur(frame, (0, 0), self.sigma, borderType=cv2.BORDER_REPLICATE)
        if (self.floor, self.ceiling) != (0.0, 255.0):
            levels = self.floor + np.arange(256) * (self.ceiling - self.floor) / 255
            frame = cv2.LUT(frame, levels.round().astype(np.uint8))
        return frame


def sample_look(rng: np.random.Generator) -> Look:
    """Return a random look: half are soft, two in five of lower contrast, half in other colours."""
    order = rng.permutation(3) if rng.random() < 0.5 else np.arange(3)
    soft, flat = rng.random() < 0.5, rng.random() < 0.4
    return Look(
        channels=(int(order[0]), int(order[1]), int(order[2])),
        sigma=float(rng.uniform(0.4, 1.1)) if soft else 0.0,
        floor=float(rng.uniform(0, 60)) if flat else 0.0,
        ceiling=float(rng.uniform(120, 255)) if flat else 255.0,
    )


def sample_noise(rng: np.random.Generator, frame: np.ndarray) -> np.ndarray:
    """Return the (H, W, 3) uint8 RGB frame as after mild lossy compression.

    JPEG at quality 80 to 95 makes the blocks and the ringing, mostly with the chroma at half size
    as in video.
    """
    quality = int(rng.integers(80, 96))
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if rng.random() < 0.7:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    else:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    # OpenCV takes BGR, so swap: otherwise the colour transform would take red for blue.
    _, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), options)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
