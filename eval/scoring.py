"""The figures of one drawn frame."""

from typing import NamedTuple

import numpy as np
import torch

from eval.pictures import frame_from_pixels
from nakawari.metrics import load_lpips, psnr, ssim


class Metric(NamedTuple):
    """How a figure is written and read; ``METRICS`` lists them in the order of the table."""

    label: str
    higher_is_better: bool
    decimals: int


METRICS = {
    "lpips": Metric("LPIPS", higher_is_better=False, decimals=4),
    "psnr": Metric("PSNR [dB]", higher_is_better=True, decimals=2),
    "ssim": Metric("SSIM", higher_is_better=True, decimals=4),
}


class Scorer:
    """Scores 8-bit pictures, so that whoever reads the saved PNGs finds the same figures."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._lpips = load_lpips("alex").to(device)

    @torch.inference_mode()
    def __call__(self, prediction: np.ndarray, target: np.ndarray) -> dict[str, float]:
        """Compare (H, W, 3) uint8 with the true picture; PSNR of identical pictures is ``inf``."""
        ours = frame_from_pixels(prediction).to(self._device)
        theirs = frame_from_pixels(target).to(self._device)
        # TF32, the default of convolutions on recent GPUs, would move LPIPS's third digit.
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            distance = self._lpips(ours, theirs)
        return {
            "lpips": distance.item(),
            "psnr": psnr(ours, theirs).item(),
            "ssim": ssim(ours, theirs).item(),
        }
