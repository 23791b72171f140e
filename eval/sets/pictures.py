"""Pictures on disk and frames in memory."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from nakawari.errors import UserError

# Pillow's modes with more than 8 bits a channel, which convert("RGB") would clip.
_DEEP_MODES = ("F", "I", "I;16", "I;16B", "I;16L")


class PictureSize(NamedTuple):
    width: int
    height: int


def picture_size(path: Path) -> PictureSize:
    """Read the header of a picture; ``UserError`` if the file is missing or is not a picture."""
    with _open(path) as image:
        return PictureSize(*image.size)


def read_pixels(path: Path) -> np.ndarray:
    """Read a PNG, WebP or JPEG as (H, W, 3) uint8; transparency is ignored.

    Raises ``UserError`` if the file is missing, truncated, not a picture, or has more than 8 bits.
    """
    with _open(path) as image:
        if image.mode in _DEEP_MODES:
            raise UserError(f"{path} has more than 8 bits a channel; convert it to 8-bit RGB")
        try:
            return np.array(image.convert("RGB"))
        except (OSError, SyntaxError, ValueError) as error:  # Pillow's PNG reader raises the others
            raise UserError(f"cannot read {path}: {error}; replace the file") from error


def read_frame(path: Path) -> Tensor:
    """Read a picture as ``read_pixels`` does, as a frame in [-1, 1], shape (1, 3, H, W)."""
    return frame_from_pixels(read_pixels(path))


def frame_from_pixels(pixels: np.ndarray) -> Tensor:
    """Turn (H, W, 3) uint8 into a frame in [-1, 1], shape (1, 3, H, W)."""
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1


def pixels_from_frame(frame: Tensor) -> np.ndarray:
    """Clip a frame to [-1, 1], shape (1, 3, H, W), and round it to (H, W, 3) uint8."""
    levels = (frame[0].float().clamp(-1, 1) * 127.5 + 127.5).round()
    return levels.to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def write_png(pixels: np.ndarray, path: Path) -> None:
    """Write (H, W, 3) uint8; the folder is made if it does not exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG", compress_level=4)


def _open(path: Path) -> Image.Image:
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for its writer
            raise UserError(f"{path} is not a file; give a PNG, WebP or JPEG")
        return Image.open(path)
    except UnidentifiedImageError as error:
        raise UserError(f"{path} is no picture; give a PNG, WebP or JPEG") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check the path") from error
    except (ValueError, Image.DecompressionBombError) as error:
        # No system has such a name, a text inside is huge, or the picture itself is.
        raise UserError(f"cannot read {str(path)!r}: {error}; give another picture") from error
