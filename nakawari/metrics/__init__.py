"""How far a drawn frame is from the true one, one value for each frame."""

from nakawari.metrics.lines import chamfer_distances, line_sharpness
from nakawari.metrics.lpips import LearnedPerceptualDistance, load_lpips
from nakawari.metrics.motion import motion_error, psnr_div
from nakawari.metrics.psnr import psnr
from nakawari.metrics.ssim import ssim
from nakawari.metrics.still_area import changed_area, colour_shift, flicker

__all__ = [
    "LearnedPerceptualDistance",
    "chamfer_distances",
    "changed_area",
    "colour_shift",
    "flicker",
    "line_sharpness",
    "load_lpips",
    "motion_error",
    "psnr",
    "psnr_div",
    "ssim",
]
