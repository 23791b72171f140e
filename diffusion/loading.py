"""Reading what mends optical flow, and refusing one that was trained on another encoder."""

from pathlib import Path

import torch

from autoencoder import VQAutoencoder
from diffusion.flow_refiner import FlowRefiner
from nakawari.weights import load_model, weights_hash


def load_flow_refiner(folder: Path, autoencoder: VQAutoencoder) -> FlowRefiner:
    """Load what mends optical flow by features of ``autoencoder``'s encoder.

    Raises as ``load_model`` does, and ``ValueError`` if it was trained on another encoder.
    """
    refiner = load_model(FlowRefiner, folder)
    if refiner.config.encoder != encoder_hash(autoencoder):
        raise ValueError(
            f"the flow refiner in {folder} was trained on another encoder than this "
            "autoencoder's; train one (diffusion/flow_train.py), or go without"
        )
    return refiner


def encoder_hash(autoencoder: VQAutoencoder) -> str:
    """Return a name for the encoder's weights, the same in float32 and in half precision."""
    return weights_hash(autoencoder.encoder, torch.float16)
