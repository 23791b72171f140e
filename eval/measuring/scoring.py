"""The scores of one drawn frame."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from eval.sets.pictures import frame_from_pixels
from eval.sets.triplet_list import Region
from nakawari.flow import dis_flow
from nakawari.metrics import (
    chamfer_distances,
    changed_area,
    colour_shift,
    line_sharpness,
    load_lpips,
    motion_error,
    psnr,
    psnr_div,
    ssim,
)


class Metric(NamedTuple):
    """How a metric is written in tables, and which way is better."""

    label: str
    higher_is_better: bool
    decimals: int
    scale: float = 1.0  # factor by which a score is multiplied when it is written

    def write(self, value: float) -> str:
        """Return a score as it is written in tables."""
        return f"{value * self.scale:.{self.decimals}f}"

    @property
    def heading(self) -> str:
        """The label, and an arrow that says which way is better."""
        return f"{self.label} {'↑' if self.higher_is_better else '↓'}"


METRICS = {
    "lpips": Metric("LPIPS", higher_is_better=False, decimals=4),
    "psnr": Metric("PSNR [dB]", higher_is_better=True, decimals=2),
    "ssim": Metric("SSIM", higher_is_better=True, decimals=4),
    "lpips_changed": Metric("LPIPS, changed area", higher_is_better=False, decimals=4),
    "psnr_changed": Metric("PSNR [dB], changed area", higher_is_better=True, decimals=2),
    "ssim_changed": Metric("SSIM, changed area", higher_is_better=True, decimals=4),
    "chamfer": Metric("Chamfer [10⁻⁵]", higher_is_better=False, decimals=2, scale=1e5),
    "chamfer_weighted": Metric(
        "Chamfer [10⁻⁵], weighted", higher_is_better=False, decimals=2, scale=1e5
    ),
    "flolpips": Metric("FloLPIPS (DIS)", higher_is_better=False, decimals=4),
    "psnr_div": Metric("PSNR_DIV (DIS) [dB]", higher_is_better=True, decimals=2),
    "sharpness_off": Metric(
        "Line sharpness off [%]", higher_is_better=False, decimals=1, scale=100
    ),
    "colour_shift": Metric("Colour shift [code values]", higher_is_better=False, decimals=3),
    "flicker": Metric("Flicker [code values]", higher_is_better=False, decimals=3),
    "lpips_roi": Metric("LPIPS, region", higher_is_better=False, decimals=4),
    "psnr_roi": Metric("PSNR [dB], region", higher_is_better=True, decimals=2),
    "ssim_roi": Metric("SSIM, region", higher_is_better=True, decimals=4),
}
"""Every score of a sample, in the order of the tables; ``docs/benchmark.md`` defines them."""
FRAME_METRICS = tuple(name for name in METRICS if name != "flicker")
"""The metrics for which one drawn frame is enough; flicker needs the frames before and after."""
HEADLINE = ("lpips", "lpips_changed", "chamfer", "psnr", "ssim")
"""The columns of the first table."""
SMALLEST_REGION = 31  # px, the least width and height for LPIPS's backbone


class Reference(NamedTuple):
    """The tensors with which drawn frames are compared, on the device of the run."""

    target: Tensor  # (1, 3, H, W) in [-1, 1]
    frame_1: Tensor  # (1, 3, H, W)
    changed: Tensor  # (1, 1, H, W) bool
    region: Region | None


class Scorer:
    """Scores 8-bit pictures, so that the saved PNGs give the same scores to everybody."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._lpips = load_lpips("alex").to(device)

    def reference(
        self,
        frame_0: np.ndarray,
        target: np.ndarray,
        frame_1: np.ndarray,
        region: Region | None = None,
    ) -> Reference:
        """Prepare a triplet of pictures, (H, W, 3) uint8, for all methods."""
        frames = [frame_from_pixels(p).to(self._device) for p in (frame_0, target, frame_1)]
        return Reference(frames[1], frames[2], changed_area(frames), region)

    @torch.inference_mode()
    def __call__(self, prediction: np.ndarray, reference: Reference) -> dict[str, float]:
        """Compare (H, W, 3) uint8 with the truth; return ``FRAME_METRICS``, NaN if undefined.

        The PSNR of identical pictures is ``inf``. Scores of the changed area are undefined if
        nothing changes, those of the rest if everything changes. Scores of a region are undefined
        if none is given, or if it is too small for LPIPS.
        """
        ours, theirs = frame_from_pixels(prediction).to(self._device), reference.target
        flow = dis_flow(ours, reference.frame_1)
        wrong_motion = motion_error(flow, dis_flow(theirs, reference.frame_1))
        if not wrong_motion.any():
            wrong_motion = torch.ones_like(wrong_motion)  # all weights 0: all pixels count alike
        areas = [None, reference.changed, wrong_motion]
        whole, changed, moving = self._perceptual(ours, theirs, areas)
        chamfer = chamfer_distances(ours, theirs)
        sharpness = line_sharpness(ours, theirs, reference.changed)
        return {
            "lpips": whole,
            "psnr": psnr(ours, theirs).item(),
            "ssim": ssim(ours, theirs).item(),
            "lpips_changed": changed,
            "psnr_changed": psnr(ours, theirs, reference.changed).item(),
            "ssim_changed": ssim(ours, theirs, reference.changed).item(),
            "chamfer": chamfer.plain.item(),
            "chamfer_weighted": chamfer.weighted.item(),
            "flolpips": moving,
            "psnr_div": psnr_div(ours, theirs, flow).item(),
            "sharpness_off": (sharpness - 1).abs().item(),
            "colour_shift": colour_shift(ours, theirs, ~reference.changed).item(),
            **self._in_region(ours, theirs, reference.region),
        }

    def _perceptual(
        self, ours: Tensor, theirs: Tensor, areas: list[Tensor | None]
    ) -> tuple[float, ...]:
        # TF32, the default of convolutions on recent GPUs, would change LPIPS's third digit.
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            return tuple(d.item() for d in self._lpips.all_areas(ours, theirs, areas))

    def _in_region(self, ours: Tensor, theirs: Tensor, region: Region | None) -> dict[str, float]:
        """Score the cropped region, as is done for published scores of a region."""
        if region is None or min(region.width, region.height) < SMALLEST_REGION:
            return dict.fromkeys(("lpips_roi", "psnr_roi", "ssim_roi"), float("nan"))
        rows = slice(region.y, region.y + region.height)
        columns = slice(region.x, region.x + region.width)
        ours, theirs = ours[..., rows, columns], theirs[..., rows, columns]
        return {
            "lpips_roi": self._perceptual(ours, theirs, [None])[0],
            "psnr_roi": psnr(ours, theirs).item(),
            "ssim_roi": ssim(ours, theirs).item(),
        }
