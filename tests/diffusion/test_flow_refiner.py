"""The flow refiner: what it looks up, what it leaves alone, and that it learns."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from autoencoder import VQAutoencoder
from diffusion.alignment import observe
from diffusion.flow_refiner import FlowRefiner, _all_pairs, _look_up, refine, refine_all
from diffusion.loading import load_flow_refiner
from diffusion.losses import flow_error, flow_loss
from diffusion.neighbour_flow import Flows
from nakawari.data.triplet import Triplet
from tests.tiny import tiny_autoencoder, tiny_refiner


def scene(shift: int, size: int = 64) -> torch.Tensor:
    """A smooth picture, (1, 3, size, size), moved ``shift`` px to the right."""
    noise = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(3)) * 2 - 1
    whole = F.interpolate(noise, scale_factor=6, mode="bicubic").clamp(-1, 1)
    return whole[..., 20 : 20 + size, 40 - shift : 40 - shift + size]


def features_of(autoencoder: VQAutoencoder, frame: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return autoencoder.encode(frame).features.quarter


def test_likeness_is_looked_up_where_the_flow_points() -> None:
    keys_0 = F.normalize(torch.randn(1, 32, 10, 14, generator=torch.Generator().manual_seed(0)))
    keys_1 = keys_0.roll((2, -3), dims=(2, 3))  # what is at (x, y) goes to (x - 3, y + 2)
    pyramids = _all_pairs(keys_0, keys_1, levels=2)
    flow = torch.tensor([-3.0, 2.0]).view(1, 2, 1, 1).expand(1, 2, 10, 14)
    alike = _look_up(pyramids, torch.cat([flow, -flow]), radius=1)
    assert alike.shape == (2, 2 * 9, 10, 14)
    torch.testing.assert_close(alike[0, 4, :8, 3:], torch.ones(8, 11))  # the window's middle
    torch.testing.assert_close(alike[1, 4, 2:, :11], torch.ones(8, 11))
    assert alike[0, :4].max() < 0.9
    half = _look_up(pyramids, torch.cat([flow, -flow]) + torch.tensor([0.5, 0.0]).view(2, 1, 1), 1)
    between = (alike[0, 4] + alike[0, 5]) / 2  # the window's middle and what is right of it
    torch.testing.assert_close(half[0, 4], between)


def test_what_is_looked_up_outside_is_like_nothing() -> None:
    keys = F.normalize(torch.ones(1, 4, 6, 6), dim=1)
    away = torch.full((2, 2, 6, 6), 40.0)
    assert _look_up(_all_pairs(keys, keys, levels=2), away, radius=2).count_nonzero() == 0


def test_untrained_it_leaves_an_even_flow_as_it_is(autoencoder: VQAutoencoder) -> None:
    frames = (scene(0), scene(4))
    features = tuple(features_of(autoencoder, frame) for frame in frames)
    flow = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 16, 16)
    refiner = FlowRefiner(encoder_channels=16, match_channels=8, channels=8)
    mended = refine(refiner, (features[0], features[1]), frames, Flows(flow, -flow))
    torch.testing.assert_close(mended.of_01, flow)
    torch.testing.assert_close(mended.of_10, -flow)


def test_frames_exchanged_exchange_the_flows(autoencoder: VQAutoencoder) -> None:
    frames = (scene(0), scene(7))
    features = [features_of(autoencoder, frame) for frame in frames]
    flows = Flows(*torch.randn(2, 1, 2, 16, 16, generator=torch.Generator().manual_seed(1)))
    refiner = tiny_refiner(autoencoder)
    forth = refine(refiner, (features[0], features[1]), frames, flows)
    back = refine(refiner, (features[1], features[0]), frames[::-1], Flows(*flows[::-1]))
    torch.testing.assert_close(back.of_10, forth.of_01)
    torch.testing.assert_close(back.of_01, forth.of_10)
    assert not torch.allclose(forth.of_01, flows.of_01, atol=1e-2)


def test_it_learns_what_the_flow_to_begin_with_does_not_know(autoencoder: VQAutoencoder) -> None:
    shifts = (-16, 16)
    first = torch.cat([scene(0)] * len(shifts))
    last = torch.cat([scene(shift) for shift in shifts])
    motion = torch.tensor(shifts, dtype=torch.float32).view(-1, 1, 1, 1) * torch.tensor([1.0, 0.0])
    whole = motion.permute(0, 3, 1, 2).expand(-1, 2, 64, 64)
    inside = (torch.arange(64) + whole[:, :1] >= 0) & (torch.arange(64) + whole[:, :1] < 64)
    triplet = Triplet(
        frame_0=first,
        target=first,
        frame_1=last,
        frame_time=torch.zeros(2),
        motion_0=torch.zeros(2, 2, 64, 64),
        motion_1=whole,
        visible_0=torch.ones(2, 1, 64, 64),
        visible_1=inside.float(),
        has_motion=torch.tensor([True, True]),
    )
    unknown = Flows(*torch.zeros(2, 2, 2, 16, 16))
    torch.manual_seed(0)
    refiner = FlowRefiner(encoder_channels=16, match_channels=16, channels=16)
    features = (features_of(autoencoder, first), features_of(autoencoder, last))
    optimiser = torch.optim.AdamW(refiner.parameters(), lr=3e-3)
    start = flow_loss(*flow_error(*unknown, triplet)).item()
    for _ in range(60):
        of_01, of_10 = refine_all(refiner, features, (first, last), unknown)
        loss = flow_loss(*flow_error(of_01.flow, of_10.flow, triplet))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.4 * start


def test_observing_with_a_refiner_mends_the_flows(
    autoencoder: VQAutoencoder, frames: torch.Tensor
) -> None:
    padded = [F.pad(frame, [0, 10, 0, 14], mode="replicate") for frame in frames]
    refiner = tiny_refiner(autoencoder)
    plain = observe(autoencoder, padded[0], padded[2])
    mended = observe(autoencoder, padded[0], padded[2], refiner=refiner)
    assert mended.motion_01.shape == plain.motion_01.shape
    assert not torch.equal(mended.motion_01, plain.motion_01)
    assert torch.equal(mended.latents_0, plain.latents_0)


def test_another_encoder_fails(autoencoder: VQAutoencoder, tmp_path: Path) -> None:
    tiny_refiner(autoencoder).save_pretrained(tmp_path)
    assert load_flow_refiner(tmp_path, tiny_autoencoder()).config.channels == 8
    half = tiny_autoencoder().half().float()  # as released
    load_flow_refiner(tmp_path, half)
    with torch.no_grad():
        next(half.encoder.parameters()).add_(0.1)
    with pytest.raises(ValueError, match=r"was trained on another encoder .* train one"):
        load_flow_refiner(tmp_path, half)
