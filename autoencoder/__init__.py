"""Stage 1: a VQ autoencoder whose decoder looks at the neighbour frames."""

from autoencoder.decoder import Decoded, Neighbour, Neighbours
from autoencoder.encoder import Encoding, FrameFeatures, pad_to_multiple
from autoencoder.model import VQAutoencoder

__all__ = [
    "Decoded",
    "Encoding",
    "FrameFeatures",
    "Neighbour",
    "Neighbours",
    "VQAutoencoder",
    "pad_to_multiple",
]
