"""What the motion starts from: a match, a camera's motion that may be wrong, or nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from autoencoder import VQAutoencoder
from diffusion.start import camera_start, matched_flows, matched_start, mixed_start
from nakawari.data.triplet import Triplet
from tests.diffusion.test_losses import moving

SIZE = (2, 3)
"""Of the latents of a batch's frames, 16x24."""
MATCH = 3.0
"""Cells to the right, towards frame_1, that the match of a batch tells."""


def batch(*shifts: float) -> Triplet:
    """Samples whose ground pans so many px to the right, over a figure that stands still.

    Their frame_time is 0.4.
    """
    samples = []
    for shift in shifts:
        triplet = moving((-shift, 0.0), (shift, 0.0), 16, 24)
        motions = [triplet.motion_0.clone(), triplet.motion_1.clone()]
        for motion in motions:
            motion[..., 4:12, 8:16] = 0.0
        samples.append(triplet._replace(motion_0=motions[0], motion_1=motions[1]))
    return Triplet(*(torch.cat(tensors) for tensors in zip(*samples, strict=True)))


def match(samples: Triplet) -> Tensor:
    """Return a start that is not the samples' own motion."""
    start = torch.tensor([-2.0, 0.0, MATCH, 0.0]).view(1, 4, 1, 1)
    return start.expand(len(samples.frame_time), 4, *SIZE)


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
    start = matched_start(torch.cat([there, -there], dim=1), torch.tensor([frame_time]))
    torch.testing.assert_close(start[:, :2], -frame_time * there)
    torch.testing.assert_close(start[:, 2:], (1 - frame_time) * there)


def test_the_nearer_frame_says_more_of_where_a_flow_is() -> None:
    # Only frame_0's flow knows of a movement: it counts the more, the nearer frame_0 is.
    flows = torch.zeros(2, 4, 4, 6)
    flows[:, 0] = 8.0
    start = matched_start(flows, torch.tensor([0.25, 0.75]))
    torch.testing.assert_close((start[:, 2] - start[:, 0])[:, 0, 0], torch.tensor([6.0, 2.0]))


def test_played_backwards_the_start_is_the_same_turned_round() -> None:
    flows, times = torch.randn(2, 4, *SIZE), torch.tensor([0.4, 0.25])
    turned = matched_start(flows, times).roll(2, dims=1)
    torch.testing.assert_close(matched_start(flows.roll(2, dims=1), 1 - times), turned)


def test_a_match_finds_what_moved_far(autoencoder: VQAutoencoder) -> None:
    # Latents by chance, whose like is nowhere else: six cells of the match to the side.
    scene = torch.randn(1, 8, 24, 72, generator=torch.Generator().manual_seed(0))
    torch.nn.init.constant_(autoencoder.decoder.log_nearness, -12.0)
    torch.nn.init.constant_(autoencoder.decoder.log_temperature, -8.0)
    flows = matched_flows(autoencoder.decoder, scene[..., :60], scene[..., 12:])
    assert flows.shape == (1, 4, 24, 60)
    # What is at x in frame_0 is 12 cells of 8 px to the left in frame_1.
    middle = flows[0, :, 8:-8, 26:34].flatten(1).median(dim=1).values
    torch.testing.assert_close(middle, torch.tensor([-12.0, 0.0, 12.0, 0.0]), atol=0.5, rtol=0)


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
    samples = batch(*[12.0] * 2000)
    found = to_frame_1(mixed_start(samples, match(samples), flow, camera))
    kinds = {MATCH: flow, 12 / 8: camera, 0.0: 1 - flow - camera}
    shares = {kind: float((found - kind).abs().lt(1e-3).float().mean()) for kind in kinds}
    assert sum(shares.values()) == pytest.approx(1)  # there is no other kind
    for kind, share in kinds.items():
        assert abs(shares[kind] - share) < 0.04, kind


def test_a_share_of_all_or_none_leaves_nothing_to_chance() -> None:
    samples = batch(*[12.0] * 50)
    given = match(samples)
    assert torch.equal(mixed_start(samples, given, 1.0, 0.0), given)
    assert torch.equal(mixed_start(samples, given, 0.0, 1.0), camera_start(samples, SIZE))
    assert not mixed_start(samples, given, 0.0, 0.0).any()
