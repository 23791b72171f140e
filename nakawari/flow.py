"""Optical flow by DIS, as OpenCV implements it: no weights, the same on every machine."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from torch import Tensor

MINIMUM_SIZE = 32
"""Least width and height [px]: DIS raises on smaller pictures, so these are padded."""


def dis_flow(
    frame_0: Tensor, frame_1: Tensor, finest_scale: int = 1, *, refined: bool = True
) -> Tensor:
    """Estimate the optical flow from ``frame_0`` to ``frame_1``, for each point of ``frame_0``.

    Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), preset "medium", on
    8-bit luma, on the CPU, with one thread for each sample. The flow is exact to a fraction of a
    pixel where there is texture. It is wrong where the motion is large or the colour is flat.

    Args:
        frame_0: (B, 3, H, W) in [-1, 1].
        frame_1: as ``frame_0``.
        finest_scale: the search ends at ``1 / 2**finest_scale`` of the size. The preset has 1; 0
            is finer and takes three times as long.
        refined: whether the flow is smoothed at the end, as in the preset. Without it, full size
            takes two thirds of the time.

    Returns:
        Flow (B, 2, H, W), (x, y) in pixels, float32, on the device of ``frame_0``.
    """
    height, width = frame_0.shape[-2:]
    pairs = list(zip(luma(frame_0), luma(frame_1), strict=True))
    with ThreadPoolExecutor(min(len(pairs), torch.get_num_threads())) as pool:
        searches = pool.map(
            lambda pair: luma_flow(pair[0], pair[1], finest_scale, refined=refined), pairs
        )
        flows = np.stack(list(searches))[:, :height, :width]
    return torch.from_numpy(flows).permute(0, 3, 1, 2).to(frame_0.device)


def luma_flow(
    picture_0: np.ndarray, picture_1: np.ndarray, finest_scale: int = 1, *, refined: bool = True
) -> np.ndarray:
    """Do what ``dis_flow`` does for two pictures, (H, W) uint8, at least 32 px a side.

    Returns flow (H, W, 2), (x, y) in pixels, float32.
    """
    # A new instance for each call: an instance keeps buffers of the last call's size.
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(finest_scale)
    if not refined:
        search.setVariationalRefinementIterations(0)
    return search.calc(picture_0, picture_1, None)


def luma(frames: Tensor) -> list[np.ndarray]:
    """Return the luma of frames (B, 3, H, W) in [-1, 1], each (H, W) uint8.

    Frames of less than ``MINIMUM_SIZE`` are padded to it by repeating their border.
    """
    levels = (frames.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    pictures = levels.permute(0, 2, 3, 1).cpu().numpy()
    height, width = pictures.shape[1:3]
    missing = ((0, max(0, MINIMUM_SIZE - height)), (0, max(0, MINIMUM_SIZE - width)))
    return [
        np.pad(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), missing, "edge")
        for picture in pictures
    ]
