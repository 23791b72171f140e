"""Pictures that are embedded in a page."""

import base64
import io

import numpy as np
from PIL import Image

MAX_WIDTH = 768  # px; larger pictures are scaled down for the report, after scoring


def data_uri(pixels: np.ndarray) -> str:
    """Return (H, W, 3) uint8 as a data URI, which embeds the picture in a page."""
    image = Image.fromarray(pixels)
    image.thumbnail((MAX_WIDTH, MAX_WIDTH * 4))
    buffer = io.BytesIO()
    # WebP keeps the edges of thin lines clean, where a JPEG of the same size has ringing.
    image.save(buffer, format="WEBP", quality=90)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
