"""What the motion starts from: nothing, a camera's motion, or a match of both frames.

All are advice: a U-Net that has been trained with each of them by chance finds its way without.

Legend: B batch, H/W frame size. Motion is (B, 4, h, w): the flow from the drawing at frame_time to
frame_0 (x, y), then to frame_1, in pixels of its own map. Flows are (B, 4, h, w): from frame_0 to
frame_1, then from frame_1 to frame_0, in pixels of their own map.
"""

import torch
from torch import Tensor

from autoencoder.decoder import Decoder
from autoencoder.matching import along, resize_flow
from nakawari.data.triplet import Triplet


@torch.no_grad()
def matched_flows(decoder: Decoder, latents_0: Tensor, latents_1: Tensor) -> Tensor:
    """Return flows (B, 4, h, w) between frames of latents (B, C, h, w), however large the motion.

    By the decoder's own global match at 1/16: it has learnt to find a latent in a neighbour's.
    """
    key_0, key_1 = decoder.describe(latents_0).key_16, decoder.describe(latents_1).key_16
    flows = [decoder.match(key_0, key_1).flow, decoder.match(key_1, key_0).flow]
    return resize_flow(torch.cat(flows, dim=1), (latents_0.shape[-2], latents_0.shape[-1]))


def matched_start(flows: Tensor, frame_time: Tensor) -> Tensor:
    """Return motion (B, 4, h, w) at ``frame_time`` (B,) as flows (B, 4, h, w) suggest it.

    The flow at a place is taken for that of the drawing at the place. That is wrong near contours,
    by as far as they move: the nearer frame has the greater say.
    """
    time = frame_time.view(-1, 1, 1, 1)
    return along(torch.lerp(flows[:, :2], -flows[:, 2:], time), frame_time)


def camera_start(triplet: Triplet, size: tuple[int, int]) -> Tensor:
    """Return the motion that most of the frame has, as a camera's is known, (B, 4, h, w).

    A fifth of the samples get another sample's.
    """
    motion = torch.cat([triplet.motion_0, triplet.motion_1], dim=1)  # (B, 4, H, W)
    height, width = motion.shape[-2:]
    most = motion[..., ::4, ::4].flatten(2).median(dim=2).values  # (B, 4)
    wrong = torch.rand(len(most), 1, device=most.device) < 0.2
    most = torch.where(wrong, most.roll(1, dims=0), most)
    scaled = most * most.new_tensor([size[1] / width, size[0] / height] * 2)
    return scaled.view(-1, 4, 1, 1).expand(-1, -1, *size)


def mixed_start(triplet: Triplet, match: Tensor, match_share: float, camera_share: float) -> Tensor:
    """Return the motion that each sample of a training batch starts from, (B, 4, h, w).

    A ``match_share`` starts from the cheap flow, a ``camera_share`` from a camera, the others from
    none.
    """
    lots = torch.rand(len(match), 1, 1, 1, device=match.device)
    camera = camera_start(triplet, (match.shape[-2], match.shape[-1]))
    start = torch.where(lots < match_share + camera_share, camera, torch.zeros_like(camera))
    return torch.where(lots < match_share, match, start)
