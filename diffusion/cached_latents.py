"""What stage 1 makes of samples that come again.

The U-Net is trained on latents, and stage 1, which makes them, takes several times as long as the
U-Net. While nothing of it is tuned and nothing is decoded, its answer to a sample is always the
same. It is kept for both ways of playing the sample, as codes (the latents, exactly) and coverage:
44 KB at 256x256. ``diffusion.latent_cache`` keeps it.

Legend: B batch, C latent channels, h/w latent size (H/8, W/8), k codes a token. Two ways: forwards,
backwards (``play_backwards``).
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from autoencoder import VQAutoencoder
from autoencoder.quantiser import Quantiser
from diffusion.alignment import Conditions, align, guess_from, observe
from diffusion.flow_refiner import FlowRefiner
from diffusion.losses import one_way, play_backwards
from diffusion.neighbour_flow import flows_of
from nakawari.data.triplet import Triplet


class CachedLatents(NamedTuple):
    """What stage 1 makes of a sample, or of a batch of them (then every shape has B in front).

    Codes are of the smallest integer type that holds them.
    """

    frame_time: Tensor  # () float32 in (0, 1), forwards
    codes_0: Tensor  # (h, w, k), of frame_0
    codes_1: Tensor  # (h, w, k), of frame_1
    codes: Tensor  # (h, w, k), of the target
    aligned_0: Tensor  # (2, h, w, k), both ways, codes of ``Conditions.aligned_0``
    aligned_1: Tensor  # (2, h, w, k)
    coverage: Tensor  # (2, 2, h, w) float32 in [0, 1], both ways


class Known(NamedTuple):
    """What the U-Net is given, and what it should answer."""

    conditions: Conditions
    target: Tensor  # (B, C, h, w) float32


@torch.no_grad()
def look(
    autoencoder: VQAutoencoder, refiner: FlowRefiner | None, triplet: Triplet
) -> CachedLatents:
    """Let stage 1 look at a batch of frames in [-1, 1], both ways."""
    count = len(triplet.frame_time)
    ways = []
    for backwards in (False, True):
        chosen = torch.full((count,), backwards, device=triplet.frame_time.device)
        played = play_backwards(triplet, chosen)
        around = (played.frame_0, played.frame_1)
        interval = observe(autoencoder, *around, flows=flows_of(played), refiner=refiner)
        ways.append(align(autoencoder, interval, played.frame_time))
    target = autoencoder.quantise(autoencoder.encode(triplet.target).latents).latents

    def codes(latents: Tensor) -> Tensor:
        return _codes(autoencoder.quantiser, latents)

    return CachedLatents(
        frame_time=triplet.frame_time,
        codes_0=codes(ways[0].latents_0),
        codes_1=codes(ways[0].latents_1),
        codes=codes(target),
        aligned_0=torch.stack([codes(way.aligned_0) for way in ways], dim=1),
        aligned_1=torch.stack([codes(way.aligned_1) for way in ways], dim=1),
        coverage=torch.stack([way.coverage for way in ways], dim=1),
    )


def recall(cached: CachedLatents, quantiser: Quantiser, backwards: Tensor) -> Known:
    """Return what ``observe`` and ``align`` would of a batch, played backwards where said, (B,).

    All but the motion, which is the decoder's and left empty.
    """
    swapped = partial(one_way, backwards)
    way = backwards.long()
    sample = torch.arange(len(way), device=way.device)

    def latents(codes: Tensor) -> Tensor:
        return quantiser.lookup(codes.long())

    coverage = cached.coverage[sample, way]
    aligned_0 = latents(cached.aligned_0[sample, way])
    aligned_1 = latents(cached.aligned_1[sample, way])
    frame_time = swapped(cached.frame_time, 1 - cached.frame_time)
    conditions = Conditions(
        latents_0=latents(swapped(cached.codes_0, cached.codes_1)),
        latents_1=latents(swapped(cached.codes_1, cached.codes_0)),
        aligned_0=aligned_0,
        aligned_1=aligned_1,
        coverage=coverage,
        guess=guess_from(aligned_0, aligned_1, coverage, frame_time),
        motion=coverage.new_zeros(len(way), 4, 0, 0),
        frame_time=frame_time,
    )
    return Known(conditions, latents(cached.codes))


def _codes(quantiser: Quantiser, latents: Tensor) -> Tensor:
    """Return the codes (B, h, w, k) that quantised latents (B, C, h, w) are made of."""
    size, heads = quantiser.codebook_size, quantiser.heads
    every = torch.arange(size, device=latents.device).view(1, 1, size, 1).expand(-1, -1, -1, heads)
    table = quantiser.lookup(every)[0, :, 0].unflatten(0, (heads, -1))
    tokens = latents.unflatten(1, (heads, -1)).permute(0, 3, 4, 1, 2)  # (B, h, w, k, C / k)
    codes = []
    for head, of_head in enumerate(table.transpose(1, 2)):
        # Looked for by equality: what is nearest might be a neighbour, after rounding.
        same = (tokens[..., head, None, :] == of_head).all(dim=-1)  # (B, h, w, size)
        assert same.any(dim=-1).all(), "latents that are no codes"
        codes.append(same.int().argmax(dim=-1))
    small = {256: torch.uint8, 32768: torch.int16}
    fitting = (dtype for most, dtype in small.items() if size <= most)
    return torch.stack(codes, dim=-1).to(next(fitting, torch.int32))
