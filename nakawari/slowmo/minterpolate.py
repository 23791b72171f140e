"""In-betweens by FFmpeg's ``minterpolate``, the filter that most scripts for slow motion call."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import torch
from av.filter import Graph
from torch import Tensor

MOST_STEPS = 64  # largest denominator of a frame_time, which is rounded to such a fraction
# Bidirectional motion estimation in blocks of 16 px, overlapped block motion compensation, and no
# scene change detection.
FILTER = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"


def minterpolate(frame_0: Tensor, frame_1: Tensor, frame_time: Tensor) -> Tensor:
    """Draw in-betweens by motion-compensated interpolation in FFmpeg, which PyAV includes.

    It works on the CPU, on 8-bit frames without chroma subsampling. The filter also looks at the
    frames before and after the two; here these repeat the two. Shapes and range are as in
    ``FrameInterpolator``.
    """
    count = len(frame_time)
    frames_0, frames_1 = (
        frame.expand(count, -1, -1, -1) if len(frame) < count else frame
        for frame in (frame_0, frame_1)
    )
    drawn = [
        _draw(_pixels(frames_0[index]), _pixels(frames_1[index]), float(frame_time[index]))
        for index in range(count)
    ]
    stacked = torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2)
    return (stacked.to(frame_0) / 127.5 - 1).clamp(-1, 1)


def _pixels(frame: Tensor) -> np.ndarray:
    """Turn (3, H, W) in [-1, 1] into (H, W, 3) uint8."""
    levels = (frame.float().clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    return levels.permute(1, 2, 0).contiguous().cpu().numpy()


def _draw(pixels_0: np.ndarray, pixels_1: np.ndarray, time: float) -> np.ndarray:
    """Draw the frame at ``time`` in [0, 1], (H, W, 3) uint8.

    It is the frame at second 1 + ``time`` of a clip with one frame a second. Before it draws, the
    filter needs one frame before the interval and two frames after its start.
    """
    fraction = Fraction(time).limit_denominator(MOST_STEPS)
    if fraction.denominator == 1:  # too near to one of the frames for the filter
        return pixels_1 if fraction else pixels_0
    wanted = 1 + fraction
    height, width = pixels_0.shape[:2]
    graph = _graph(width, height, fraction.denominator)
    for second, pixels in enumerate((pixels_0, pixels_0, pixels_1, pixels_1, pixels_1)):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts, frame.time_base = second, Fraction(1)
        graph.push(frame)
        while (drawn := _pull(graph)) is not None:
            if drawn.pts is not None and drawn.time_base and drawn.pts * drawn.time_base == wanted:
                return drawn.to_ndarray(format="rgb24")
    raise RuntimeError(f"FFmpeg's minterpolate drew no frame at {float(wanted)}")


def _graph(width: int, height: int, rate: int) -> Graph:
    graph = Graph()
    steps = [
        graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat("rgb24", width, height),
            time_base=Fraction(1),
        ),
        graph.add("scale", "out_range=full:flags=accurate_rnd+full_chroma_int"),
        graph.add("format", "yuvj444p"),
        graph.add("minterpolate", f"fps={rate}:{FILTER}"),
        graph.add("scale", "in_range=full:flags=accurate_rnd+full_chroma_int+full_chroma_inp"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ]
    for earlier, later in pairwise(steps):
        earlier.link_to(later)
    graph.configure()
    return graph


def _pull(graph: Graph) -> av.VideoFrame | None:
    try:
        frame = graph.pull()
    except (av.BlockingIOError, av.EOFError):
        return None
    assert isinstance(frame, av.VideoFrame)
    return frame
