"""Pictures of linear light, as compositing programs write them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def linear(shade: Any) -> Any:
    """Return the light of a shade [0 to 255] of sRGB, or of an array of them; white at 1."""
    return ((shade / 255 + 0.055) / 1.055) ** 2.4


def write_exr(path: Path, pixels: np.ndarray) -> None:
    """Write RGB or RGBA light, (H, W, 3 or 4) float32, as it is."""
    encoder = av.CodecContext.create("exr", "w")
    encoder.height, encoder.width = pixels.shape[:2]
    encoder.pix_fmt = "gbrpf32le" if pixels.shape[2] == 3 else "gbrapf32le"
    encoder.time_base = Fraction(1, 24)
    frame = av.VideoFrame.from_ndarray(pixels, encoder.pix_fmt)
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))
