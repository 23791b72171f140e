"""How far a drawn frame is from the true one: PSNR, SSIM and LPIPS, one value for each frame."""

from nakawari.metrics.lpips import LearnedPerceptualDistance, load_lpips
from nakawari.metrics.psnr import psnr
from nakawari.metrics.ssim import ssim

__all__ = ["LearnedPerceptualDistance", "load_lpips", "psnr", "ssim"]
