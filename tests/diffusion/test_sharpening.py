"""In-betweens have lines as sharp as the neighbours', and nothing else is touched."""

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion.sharpening import sharpen
from nakawari.metrics import line_sharpness

HALF = torch.tensor([0.5])


def lines_at(x: int) -> Tensor:
    """Return a frame with dark upright lines, the first ``x`` px from the left: (1, 3, 48, 96)."""
    frame = torch.full((1, 3, 48, 96), 0.5)
    frame[:, :, 8:40, x : x + 40 : 8] = -0.5
    frame[:, :, 8:40, x + 1 : x + 41 : 8] = -0.5
    return frame


def softened(frame: Tensor) -> Tensor:
    """Return what a mixture of two fetched frames half a pixel apart looks like."""
    return torch.lerp(frame, F.pad(frame, (1, 0, 0, 0), mode="replicate")[..., :-1], 0.15)


def test_soft_lines_become_as_sharp_as_the_neighbours() -> None:
    soft = softened(lines_at(24))
    assert line_sharpness(soft, lines_at(24)).item() < 0.85
    sharp = sharpen(soft, lines_at(20), lines_at(28), HALF)
    assert 0.93 < line_sharpness(sharp, lines_at(24)).item() < 1.05


def test_soft_neighbours_are_not_outdone() -> None:
    soft = softened(lines_at(24))
    drawn = sharpen(soft, softened(lines_at(20)), softened(lines_at(28)), HALF)
    torch.testing.assert_close(drawn, soft)


def test_the_nearer_neighbour_says_more() -> None:
    soft, before, after = softened(lines_at(24)), softened(lines_at(20)), lines_at(28)
    early, late = (
        line_sharpness(sharpen(soft, before, after, torch.tensor([time])), lines_at(24)).item()
        for time in (0.25, 0.75)
    )
    assert early < late - 0.02


def test_each_frame_has_an_amount_of_its_own() -> None:
    frames = torch.cat([softened(lines_at(24)), lines_at(24)])
    around = [lines_at(x).expand(2, -1, -1, -1) for x in (20, 28)]
    drawn = sharpen(frames, *around, HALF.expand(2))
    assert not torch.equal(drawn[0], frames[0])
    torch.testing.assert_close(drawn[1], frames[1])


def test_what_stands_still_is_left_as_it_is() -> None:
    still = softened(lines_at(8))[..., :48]  # soft lines that no frame moves
    frame_0, drawn, frame_1 = (
        torch.cat([still, moving[..., :48]], dim=3)
        for moving in (lines_at(2), softened(lines_at(4)), lines_at(6))
    )
    sharp = sharpen(drawn, frame_0, frame_1, HALF)
    assert torch.equal(sharp[..., :44], drawn[..., :44])
    assert not torch.equal(sharp, drawn)


def test_frames_that_are_alike_come_back_unchanged() -> None:
    frame = lines_at(24)
    assert torch.equal(sharpen(frame, frame, frame, HALF), frame)
