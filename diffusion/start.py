"""What a U-Net's motion starts from where the exposure sheet knows the camera's."""

import torch
from torch import Tensor

from nakawari.data.triplet import Triplet


def camera_start(triplet: Triplet, share: float) -> Tensor:
    """Return the motion to start from, (B, 4, 1, 1), in pixels of a map of one pixel.

    Most samples start from none. A ``share`` of them starts from the motion that most of the frame
    has, as a camera's is known, and a fifth of those from another sample's: it is advice.
    """
    motion = torch.cat([triplet.motion_0, triplet.motion_1], dim=1)  # (B, 4, H, W)
    height, width = motion.shape[-2:]
    most = motion[..., ::4, ::4].flatten(2).median(dim=2).values  # (B, 4)
    chosen = torch.rand(len(most), 1, device=most.device) < share
    wrong = torch.rand(len(most), 1, device=most.device) < 0.2
    most = torch.where(wrong, most.roll(1, dims=0), most) * chosen
    in_shares = most / most.new_tensor([width, height] * 2)
    return in_shares.view(-1, 4, 1, 1)
