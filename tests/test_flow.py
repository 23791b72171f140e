"""Optical flow by DIS."""

import pytest
import torch

from nakawari.flow import dis_flow


def textured(height: int = 96, width: int = 128) -> torch.Tensor:
    noise = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(3))
    size = (height, width)
    return torch.nn.functional.interpolate(noise * 2 - 1, size=size, mode="bicubic").clamp(-1, 1)


@pytest.mark.parametrize("finest_scale", [0, 1])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(finest_scale: int) -> None:
    frame = textured()
    flow = dis_flow(frame, frame.roll((3, -5), dims=(2, 3)), finest_scale)
    inner = flow[..., 24:-24, 24:-24]
    assert inner[:, 0].median().item() == pytest.approx(-5, abs=0.1)
    assert inner[:, 1].median().item() == pytest.approx(3, abs=0.1)


def test_each_sample_of_a_batch_is_looked_at_by_itself() -> None:
    frame = textured()
    others = [frame.roll(shift, dims=3) for shift in (2, -7)]
    together = dis_flow(frame.expand(2, -1, -1, -1), torch.cat(others))
    for one, other in zip(together, others, strict=True):
        assert torch.equal(one, dis_flow(frame, other)[0])


@pytest.mark.parametrize("size", [(8, 9), (16, 48), (32, 16), (48, 208)])
def test_frames_of_any_size_have_a_flow(size: tuple[int, int]) -> None:
    frame = textured(64, 256)[..., : size[0], : size[1]]
    flow = dis_flow(frame, frame)
    assert flow.shape == (1, 2, *size)
    assert flow.abs().max() < 0.1
