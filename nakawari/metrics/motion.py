"""Weights for a comparison that looks where the motion is wrong."""

from torch import Tensor

from nakawari.flow import dis_flow
from nakawari.metrics.frames import check_frame_pair


def motion_error(prediction: Tensor, target: Tensor, frame_1: Tensor) -> Tensor:
    """Return how wrong [px] the motion from the drawn frame to the next is, (B, 1, H, W).

    The length of the difference between the optical flow from ``prediction`` to ``frame_1`` and
    that from ``target`` to ``frame_1``, all frames (B, 3, H, W) in [-1, 1]. As weights of LPIPS
    this gives FloLPIPS: Danier, Zhang and Bull, "FloLPIPS: A Bespoke Video Quality Metric for
    Frame Interpolation" (PCS 2022), here with the flow of DIS in the place of PWC-Net and each
    layer's weights averaged over its cells instead of sampled. Frames of different shapes raise
    ``ValueError``.
    """
    check_frame_pair(prediction, target)
    check_frame_pair(prediction, frame_1)
    difference = dis_flow(prediction, frame_1) - dis_flow(target, frame_1)
    return difference.norm(dim=1, keepdim=True)
