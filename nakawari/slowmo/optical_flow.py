"""In-betweens by classical optical flow: an open stand-in for the plug-ins that studios use."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from nakawari.flow import dis_flow

# A point's weight is exp(-DOUBT * (d + 4 * e)): d is the difference in colour [8-bit code values]
# at the other end of its flow, and e is the forward-backward error of the flow [px].
DOUBT = 0.1
MOST_DOUBT = 20.0  # largest exponent, so that no weight becomes 0
BARE = 1e-3  # share of a pixel: where less than that arrives, even at the lowest weight, is a hole


def dis(frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
    """Splat the pixels of both frames along the optical flow that DIS finds, and blend them.

    Each pixel is spread over the four pixels where it comes to lie. Where several meet, a pixel
    weighs more if its colour is the same at the other end of its flow, and the flow leads back.
    This is softmax splatting (Niklaus and Liu, CVPR 2020, eq. 8) with that measure of trust. Holes
    are filled from both frames, along the flow at the hole. It works on the CPU; shapes and range
    are as in ``FrameInterpolator``.
    """
    times = [float(time) for time in frame_time]
    frames_0, frames_1 = (
        frame.expand(len(times), -1, -1, -1) if len(frame) < len(times) else frame
        for frame in (frame_0, frame_1)
    )
    drawn, known = [], None
    for index, time in enumerate(times):
        if known is None or len(frame_0) > 1:  # a single interval is analysed only once
            known = _Interval(frames_0[index : index + 1], frames_1[index : index + 1])
        drawn.append(known.draw(time))
    stacked = torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2)
    return stacked.to(frame_0).clamp(-1, 1)


class _Interval:
    """Two frames as (H, W, 3) float32, the flow both ways, and the weight of each point."""

    def __init__(self, frame_0: Tensor, frame_1: Tensor) -> None:
        self._frames = [_array(frame_0), _array(frame_1)]
        self._flows = [_array(dis_flow(frame_0, frame_1)), _array(dis_flow(frame_1, frame_0))]
        self._trust = [self._trust_of(0), self._trust_of(1)]

    def _trust_of(self, index: int) -> np.ndarray:
        flow = self._flows[index]
        there = _fetch(self._frames[1 - index], flow)
        difference = 127.5 * np.abs(self._frames[index] - there).mean(axis=2)
        astray = np.linalg.norm(flow + _fetch(self._flows[1 - index], flow), axis=2)
        return np.exp(-np.minimum(DOUBT * (difference + 4 * astray), MOST_DOUBT))

    def draw(self, time: float) -> np.ndarray:
        """Draw the frame at ``time`` in (0, 1), (H, W, 3) float32."""
        shares = (1 - time, time)
        total, fill = np.zeros_like(self._frames[0]), np.zeros_like(self._frames[0])
        weight = np.zeros_like(total[..., :1])
        for frame, flow, trust, share in zip(
            self._frames, self._flows, self._trust, shares, strict=True
        ):
            way = (1 - share) * flow
            carried = _splat(np.dstack([frame, np.ones_like(trust)]), way, share * trust)
            total, weight = total + carried[..., :3], weight + carried[..., 3:]
            fill = fill + share * _fetch(frame, -way)
        # Only the ratio of the weights counts; they may be as small as exp(-MOST_DOUBT).
        bare = np.clip(1 - weight / (BARE * np.exp(-MOST_DOUBT)), 0, 1)
        return (1 - bare) * total / np.maximum(weight, 1e-30) + bare * fill


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor[0].permute(1, 2, 0).float().cpu().numpy())


def _grid(flow: np.ndarray) -> np.ndarray:
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([x, y]) + flow


def _fetch(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Sample a picture (H, W, C) at ``p + flow[p]``; outside it, its border is repeated."""
    place = _grid(flow).astype(np.float32)
    return cv2.remap(picture, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _splat(values: np.ndarray, flow: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Splat values (H, W, C) times ``weight`` (H, W) to ``p + flow[p]``; sum where they meet."""
    height, width, channels = values.shape
    place = _grid(flow)
    corner = np.floor(place)
    fraction = place - corner
    weighted = values * weight[..., None]
    total = np.zeros((height * width, channels))
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = (corner[..., 0] + dx).astype(int), (corner[..., 1] + dy).astype(int)
            share = np.abs(1 - dx - fraction[..., 0]) * np.abs(1 - dy - fraction[..., 1])
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            index = (y * width + x)[inside]
            arriving = weighted[inside] * share[inside][:, None]
            for channel in range(channels):
                total[:, channel] += np.bincount(index, arriving[:, channel], height * width)
    return total.reshape(height, width, channels)
