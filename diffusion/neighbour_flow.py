"""The motion between two frames, both ways, by an optical flow that needs no weights.

It takes longer than an update of the networks, on the CPU: the processes that draw samples find
it, if they are asked to (``with_flows``), and the accelerator need not wait.
"""

from typing import NamedTuple

import cv2
import torch
from torch import Tensor

from autoencoder.matching import resize_flow
from nakawari.data.triplet import Triplet, as_frames
from nakawari.flow import dis_flow

_FINEST_SCALE = 0
"""Full size: at half of it, in-betweens of drawn cels are 3 % worse (LPIPS)."""


class Flows(NamedTuple):
    """Where the points of one frame are in the other, (B, 2, H/4, W/4) in pixels of that map."""

    of_01: Tensor
    of_10: Tensor


def find_flows(frame_0: Tensor, frame_1: Tensor) -> Flows:
    """Find the motion between two frames (B, 3, H, W) in [-1, 1], both ways."""
    here, there = torch.cat([frame_0, frame_1]), torch.cat([frame_1, frame_0])
    # Smoothing takes a third of the time more, and the in-betweens are no better for it.
    flows = dis_flow(here, there, _FINEST_SCALE, refined=False)
    size = (frame_0.shape[-2] // 4, frame_0.shape[-1] // 4)
    return Flows(*resize_flow(flows, size).chunk(2))


def with_flows(triplet: Triplet) -> Triplet:
    """Return one sample, as a dataset gives it, with its flows."""
    cv2.setNumThreads(0)  # one worker is one core
    frames = as_frames(triplet)
    of_01, of_10 = find_flows(frames.frame_0[None], frames.frame_1[None])
    return triplet._replace(flow_01=of_01[0], flow_10=of_10[0])


def flows_of(triplet: Triplet) -> Flows:
    """Return the flows that a batch brought along, or find them."""
    if triplet.flow_01.numel():
        return Flows(triplet.flow_01, triplet.flow_10)
    return find_flows(triplet.frame_0, triplet.frame_1)
