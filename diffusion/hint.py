"""A first opinion of the motion between two frames, by a classical method that needs no training.

Dense inverse search (Kroeger et al., ECCV 2016), as OpenCV has it. It is exact to a fraction of a
pixel where there is texture, and lost where motion is large or colour flat; the decoder
believes it point by point, by what the latents say (``autoencoder.decoder``).
"""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def optical_flow(frames: Tensor, others: Tensor) -> Tensor:
    """Return where each point of ``frames`` is in ``others``, (B, 2, H, W) in pixels.

    Both are (B, 3, H, W) in [-1, 1]; frames smaller than 16x16 have no motion. Runs on the CPU,
    one thread a sample.
    """
    if min(frames.shape[-2:]) < 16:
        return frames.new_zeros(len(frames), 2, *frames.shape[-2:])
    pairs = list(zip(_grey(frames), _grey(others), strict=True))
    with ThreadPoolExecutor(max_workers=min(len(pairs), torch.get_num_threads())) as pool:
        flows = np.stack(list(pool.map(_inverse_search, pairs)))  # (B, H, W, 2)
    return torch.from_numpy(flows).permute(0, 3, 1, 2).to(frames)


def _grey(frames: Tensor) -> list[NDArray[np.uint8]]:
    weights = frames.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    luma = (frames.float() * weights).sum(dim=1)
    return list(((luma + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy())


def _inverse_search(pair: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> NDArray[np.float32]:
    # A search keeps buffers, so each has its own.
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(*pair, None), dtype=np.float32)
