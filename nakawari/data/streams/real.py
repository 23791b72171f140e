"""Real triplets as training samples: a window is cut out of them, and the motion is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from nakawari.data.intact import is_cut_short
from nakawari.data.triplet import Triplet


class UnreadableSampleError(ValueError):
    """A sample on disk is no triplet: it is damaged, no picture, or of frames unequal in size."""


class Window(NamedTuple):
    """How large a part of the frames is cut out [px], and whether its place is random."""

    height: int
    width: int
    crop: bool = True


def decode_picture(data: bytes, name: str) -> np.ndarray:
    """Return the pixels of a picture file, (H, W, 3) uint8 RGB.

    Data that is no picture, or is cut short, raises ``UnreadableSampleError`` with ``name``.
    """
    if is_cut_short(data):
        raise UnreadableSampleError(f"{name} is cut short")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if pixels is None:
        raise UnreadableSampleError(f"{name} is not a picture")
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def real_triplet(
    frames: Sequence[np.ndarray],
    frame_time: float,
    window: Window,
    rng: np.random.Generator,
    name: str,
) -> Triplet:
    """Return a window of frame_0, target and frame_1, whose motion is marked as unknown.

    Larger frames are first shrunk until the window covers a random share of them, then cut at a
    random place; smaller ones are enlarged. Without ``window.crop`` they are shrunk as far as the
    window allows and cut in the middle.

    Args:
        frames: frame_0, target and frame_1, each (H, W, 3) uint8; of one size, or
            ``UnreadableSampleError``.
        frame_time: of the target, in (0, 1).
        window: the size to cut out.
        rng: chooses the share and the place.
        name: of the sample, for the error.
    """
    if len({frame.shape for frame in frames}) > 1:
        sizes = ", ".join(f"{frame.shape[1]}x{frame.shape[0]}" for frame in frames)
        raise UnreadableSampleError(f"frames of {name} differ in size: {sizes}")
    first, target, last = _cut(frames, window, rng)
    still = torch.zeros(2, window.height, window.width, dtype=torch.float16)
    unseen = torch.zeros(1, window.height, window.width, dtype=torch.bool)
    return Triplet(
        frame_0=first,
        target=target,
        frame_1=last,
        frame_time=torch.tensor(frame_time, dtype=torch.float32),
        motion_0=still,
        motion_1=still.clone(),
        visible_0=unseen,
        visible_1=unseen.clone(),
        has_motion=torch.tensor(False),
    )


def _cut(frames: Sequence[np.ndarray], window: Window, rng: np.random.Generator) -> list[Tensor]:
    height, width, crop = window
    rows, columns = frames[0].shape[:2]
    cover = max(height / rows, width / columns)  # the smallest scale at which the window fits
    # The view is like that of the drawn scenes, 288 px high, where the window allows it.
    usual = max(cover, min(288 / rows, 1.0))
    scale = float(rng.uniform(usual, max(usual, 1.4 * usual))) if crop else cover
    size = (max(round(columns * scale), width), max(round(rows * scale), height))
    share = rng.random(2) if crop else np.array([0.5, 0.5])
    x = round(share[0] * (size[0] - width))
    y = round(share[1] * (size[1] - height))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    cut = []
    for frame in frames:
        sized = cv2.resize(frame, size, interpolation=kind)
        part = sized[y : y + height, x : x + width]
        cut.append(torch.from_numpy(np.ascontiguousarray(part.transpose(2, 0, 1))))
    return cut
