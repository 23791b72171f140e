"""Lets diffusers load these weights, with ``pip install nakawari`` beside it.

``DiffusionPipeline.from_pretrained(FOLDER, custom_pipeline=FOLDER, trust_remote_code=True)``
"""

from diffusion import FrameInterpolationPipeline

__all__ = ["FrameInterpolationPipeline"]
