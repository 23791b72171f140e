"""Where a drawn frame's motion is wrong or diverges, so that other metrics can look there.

Flows are (B, 2, H, W), (x, y) in pixels, from a drawn frame to the next one of the clip.
"""

import torch
from torch import Tensor

from nakawari.metrics.frames import check_frame_pair
from nakawari.metrics.psnr import psnr

_LUMA = (0.2126, 0.7152, 0.0722)  # weights of R, G and B in BT.709's luma
# Divergence above this share of the greatest in the frame counts, as in Daly et al.
_DIVERGES = 0.01


def motion_error(flow: Tensor, true_flow: Tensor) -> Tensor:
    """Return the end-point error [px] of a drawn frame's flow, (B, 1, H, W).

    Used as the weights of LPIPS, it gives FloLPIPS: Danier, Zhang and Bull, "FloLPIPS: A Bespoke
    Video Quality Metric for Frame Interpolation" (PCS 2022). Here each layer's weights are averaged
    over its cells instead of sampled. Flows of different shapes raise ``ValueError``.
    """
    if flow.shape != true_flow.shape:
        raise ValueError(
            f"flows must have one shape, got {tuple(flow.shape)} and {tuple(true_flow.shape)}"
        )
    return (flow - true_flow).norm(dim=1, keepdim=True)


def divergent_area(flow: Tensor) -> Tensor:
    """Return where the motion diverges or converges, (B, 1, H, W) bool.

    That is where the absolute divergence is more than a hundredth of the greatest in the frame. If
    it is zero everywhere, the area is the whole frame.
    """
    across = torch.gradient(flow[:, 0:1].double(), dim=3)[0]
    down = torch.gradient(flow[:, 1:2].double(), dim=2)[0]
    divergence = (across + down).abs()
    greatest = divergence.amax(dim=(1, 2, 3), keepdim=True)
    return (divergence > _DIVERGES * greatest) | (greatest == 0)


def psnr_div(prediction: Tensor, target: Tensor, flow: Tensor) -> Tensor:
    """Return the PSNR [dB] of the luma where the drawn frame's motion diverges, shape (B,).

    Daly, Ramsook and Kokaram, "An Efficient Quality Metric for Video Frame Interpolation Based on
    Motion-Field Divergence" (QoMEX 2025): artefacts of interpolation tear the motion. Their program
    takes each derivative along the other axis; here it is the divergence that their paper names.

    ``flow`` is that of ``prediction``. Frames are (B, 3, H, W) in [-1, 1]; frames of other or
    different shapes raise ``ValueError``.
    """
    check_frame_pair(prediction, target)
    return psnr(_grey(prediction), _grey(target), divergent_area(flow))


def _grey(frames: Tensor) -> Tensor:
    weights = torch.tensor(_LUMA, dtype=torch.float64, device=frames.device).view(1, 3, 1, 1)
    return (frames.double() * weights).sum(dim=1, keepdim=True).expand_as(frames)
