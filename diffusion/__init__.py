"""Stage 2: a latent U-Net predicts the middle frame's latent; the pipeline joins both stages."""

from diffusion.pipeline import FrameInterpolationPipeline
from diffusion.unet import InBetweenUNet

__all__ = ["FrameInterpolationPipeline", "InBetweenUNet"]
