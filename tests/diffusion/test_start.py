"""What the motion starts from: a cheap flow, a camera's motion that may be wrong, or nothing."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diffusion.losses import play_backwards
from diffusion.start import camera_start, cheap_flows, flow_start, mixed_start
from nakawari.data.triplet import Triplet
from tests.diffusion.test_losses import moving

SIZE = (2, 3)
"""Of the latents of a batch's frames, 16x24."""
FLOW = 5.0
"""Cells to the right that the cheap flow of a batch tells."""


def batch(*shifts: float) -> Triplet:
    """Samples whose ground pans so many px to the right, over a figure that stands still.

    Their frame_time is 0.4. Their cheap flow, ``FLOW``, is another one.
    """
    samples = []
    for shift in shifts:
        triplet = moving((-shift, 0.0), (shift, 0.0), 16, 24)
        motions = [triplet.motion_0.clone(), triplet.motion_1.clone()]
        for motion in motions:
            motion[..., 4:12, 8:16] = 0.0
        flows = torch.tensor([FLOW, 0.0, -FLOW, 0.0]).view(1, 4, 1, 1).expand(1, 4, *SIZE)
        samples.append(
            triplet._replace(motion_0=motions[0], motion_1=motions[1], flows=flows.half())
        )
    return Triplet(*(torch.cat(tensors) for tensors in zip(*samples, strict=True)))


def to_frame_1(start: Tensor) -> Tensor:
    """Return how far each sample starts to the right towards frame_1, (B,); it is one motion."""
    assert (start == start[..., :1, :1]).all()
    return start[:, 2, 0, 0]


@settings(deadline=None, max_examples=50)
@given(
    x=st.floats(-20, 20),
    y=st.floats(-20, 20),
    frame_time=st.floats(0.01, 0.99),
)
def test_of_one_shift_for_all_the_motion_at_any_time_is_exact(
    x: float, y: float, frame_time: float
) -> None:
    there = torch.tensor([x, y]).view(1, 2, 1, 1).expand(1, 2, 4, 6)
    start = flow_start(torch.cat([there, -there], dim=1), torch.tensor([frame_time]))
    torch.testing.assert_close(start[:, :2], -frame_time * there)
    torch.testing.assert_close(start[:, 2:], (1 - frame_time) * there)


def test_the_nearer_frame_says_more_of_where_a_flow_is() -> None:
    # Only frame_0's flow knows of a movement: it counts the more, the nearer frame_0 is.
    flows = torch.zeros(2, 4, 4, 6)
    flows[:, 0] = 8.0
    start = flow_start(flows, torch.tensor([0.25, 0.75]))
    torch.testing.assert_close((start[:, 2] - start[:, 0])[:, 0, 0], torch.tensor([6.0, 2.0]))


def test_played_backwards_the_start_is_the_same_turned_round() -> None:
    forth = batch(12.0, 6.0)._replace(flows=torch.randn(2, 4, *SIZE))
    back = play_backwards(forth, torch.tensor([True, True]))
    turned = flow_start(forth.flows, forth.frame_time).roll(2, dims=1)
    torch.testing.assert_close(flow_start(back.flows, back.frame_time), turned)


def test_the_cheap_flow_of_a_pan_is_its_shift_in_cells() -> None:
    scene = torch.rand(1, 3, 20, 40, generator=torch.Generator().manual_seed(0)) * 2 - 1
    scene = F.interpolate(scene, scale_factor=8, mode="bicubic").clamp(-1, 1)
    # What is at x in frame_0 is 8 px further to the left in frame_1: a cell.
    flows = cheap_flows(scene[..., 16:272], scene[..., 24:280])
    assert flows.shape == (1, 4, 20, 32)
    inside = flows[..., 3:-3, 3:-3].mean((2, 3))
    torch.testing.assert_close(inside, torch.tensor([[-1.0, 0.0, 1.0, 0.0]]), atol=0.1, rtol=0)


def test_a_camera_is_what_most_of_the_frame_does_in_pixels_of_the_map() -> None:
    start = camera_start(batch(12.0, 12.0), SIZE)  # each other's motion is the same
    expected = torch.tensor([-1.5, 0.0, 1.5, 0.0]).view(1, 4, 1, 1).expand(2, -1, *SIZE)
    torch.testing.assert_close(start, expected)


def test_a_fifth_of_the_cameras_are_anothers() -> None:
    torch.manual_seed(0)
    shifts = [12.0, 6.0] * 1000
    start = 8 * to_frame_1(camera_start(batch(*shifts), SIZE))
    wrong = (start - torch.tensor(shifts)).abs() > 1
    torch.testing.assert_close(start[wrong], torch.tensor(shifts).roll(1)[wrong])
    assert abs(wrong.float().mean() - 0.2) < 0.03


@pytest.mark.parametrize(("flow", "camera"), [(0.5, 0.15), (0.2, 0.6), (0.0, 0.3), (0.7, 0.3)])
def test_each_kind_of_start_comes_as_often_as_its_share(flow: float, camera: float) -> None:
    torch.manual_seed(0)
    found = to_frame_1(mixed_start(batch(*[12.0] * 2000), flow, camera, SIZE))
    kinds = {0.6 * FLOW: flow, 12 / 8: camera, 0.0: 1 - flow - camera}
    shares = {kind: float((found - kind).abs().lt(1e-3).float().mean()) for kind in kinds}
    assert sum(shares.values()) == pytest.approx(1)  # there is no other kind
    for kind, share in kinds.items():
        assert abs(shares[kind] - share) < 0.04, kind


def test_a_share_of_all_or_none_leaves_nothing_to_chance() -> None:
    samples = batch(*[12.0] * 50)
    flow = flow_start(samples.flows.float(), samples.frame_time)
    assert torch.equal(mixed_start(samples, 1.0, 0.0, SIZE), flow)
    assert torch.equal(mixed_start(samples, 0.0, 1.0, SIZE), camera_start(samples, SIZE))
    assert not mixed_start(samples, 0.0, 0.0, SIZE).any()
