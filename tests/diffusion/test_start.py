"""The camera's motion that a training starts from: advice, and now and then wrong."""

import torch

from diffusion.start import camera_start
from nakawari.data.triplet import Triplet
from tests.diffusion.test_losses import moving


def batch(*shifts: float) -> Triplet:
    """Samples whose ground pans so many px to the right, over a figure that stands still."""
    samples = []
    for shift in shifts:
        triplet = moving((-shift, 0.0), (shift, 0.0))
        motions = [triplet.motion_0.clone(), triplet.motion_1.clone()]
        for motion in motions:
            motion[..., 12:24, 16:32] = 0.0
        samples.append(triplet._replace(motion_0=motions[0], motion_1=motions[1]))
    return Triplet(*(torch.cat(tensors) for tensors in zip(*samples, strict=True)))


def test_no_share_starts_from_nothing() -> None:
    assert not camera_start(batch(8.0, 4.0), 0.0).any()


def test_a_camera_is_what_most_of_the_frame_does_in_shares_of_its_size() -> None:
    start = camera_start(batch(12.0, 12.0), 1.0)  # each other's motion is the same
    expected = torch.tensor([-0.25, 0.0, 0.25, 0.0]).view(1, 4, 1, 1).expand(2, -1, -1, -1)
    torch.testing.assert_close(start, expected)


def test_a_share_starts_from_it_and_a_fifth_of_those_from_anothers() -> None:
    torch.manual_seed(0)
    shifts = [12.0, 6.0] * 1000
    start = 48 * camera_start(batch(*shifts), 0.5)[:, 2, 0, 0]
    own = torch.tensor(shifts)
    none = (start == 0).float().mean()
    wrong = ((start != 0) & ((start - own).abs() > 1)).float().mean()
    assert abs(none - 0.5) < 0.05
    assert abs(wrong - 0.1) < 0.03
