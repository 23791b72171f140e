"""Pieces that move as one are found again, and are moved where nothing else explains the frames."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from diffusion.pieces import CANDIDATES, find_pieces, move_pieces

GROUND = np.random.default_rng(3).integers(90, 130, (128, 256, 3))
BLOCKS = np.random.default_rng(4).integers(0, 255, (6, 6, 3), np.uint8)
FIGURE = cv2.resize(BLOCKS, (48, 48), interpolation=cv2.INTER_CUBIC)
TOP, LEFT, WAY = 40, 40, (72, 12)  # px; it goes farther than it is wide


def scene(x: int, y: int) -> Tensor:
    """A figure of 48 px before a ground, (1, 3, H, W) in [-1, 1]."""
    picture = GROUND.copy()
    picture[y : y + 48, x : x + 48] = FIGURE
    return torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1


FRAMES = (scene(LEFT, TOP), scene(LEFT + WAY[0], TOP + WAY[1]))
UNMOVED = torch.zeros(1, 4, 32, 64)


def test_a_figure_is_found_again_however_far_it_went() -> None:
    pieces = find_pieces(*FRAMES)
    assert pieces.shape == (1, CANDIDATES, 2, 3)
    for corner in [(LEFT, TOP), (LEFT + 48, TOP + 48)]:
        arrived = pieces[0, 0].numpy() @ (*corner, 1)
        np.testing.assert_allclose(arrived - corner, WAY, atol=0.5)


def test_nothing_is_found_where_nothing_changes() -> None:
    pieces = find_pieces(FRAMES[0], FRAMES[0])
    assert bool(pieces.isnan().all())
    motion = torch.randn(1, 4, 32, 64)
    moved = move_pieces(motion, pieces, (FRAMES[0], FRAMES[0]), torch.tensor([0.5]))
    assert torch.equal(moved.motion, motion)
    assert not moved.certainty.any()


@pytest.mark.parametrize("time", [0.25, 0.5])
def test_it_is_moved_evenly_and_nothing_else_is(time: float) -> None:
    moved = move_pieces(UNMOVED, find_pieces(*FRAMES), FRAMES, torch.tensor([time]))
    x, y = (int((start + time * way) // 4) for start, way in zip((LEFT, TOP), WAY, strict=True))
    inside = (slice(None), slice(None), slice(y + 3, y + 9), slice(x + 3, x + 9))
    wanted = torch.tensor([-time, -time, 1 - time, 1 - time]) * torch.tensor([*WAY, *WAY]) / 4
    assert (moved.motion[inside] - wanted.view(1, 4, 1, 1)).abs().max() < 0.3
    assert moved.certainty[inside].min() == 1
    assert not moved.certainty[..., :6, :].any()
    assert torch.equal(moved.motion[..., :6, :], UNMOVED[..., :6, :])


def test_a_motion_that_explains_as_much_is_kept() -> None:
    right = torch.tensor([-0.5, -0.5, 0.5, 0.5]) * torch.tensor([*WAY, *WAY]) / 4
    motion = right.view(1, 4, 1, 1).expand(1, 4, 32, 64) + 0.05
    moved = move_pieces(motion, find_pieces(*FRAMES), FRAMES, torch.tensor([0.5]))
    assert torch.equal(moved.motion, motion)


def test_of_motions_that_explain_a_pattern_the_one_that_explains_its_ends_too_is_taken() -> None:
    period, length, way = 16, 96, 48
    stripes = 128 + 100 * np.sign(np.sin(2 * np.pi * (np.arange(length) + 0.5) / period))
    pictures = []
    for left in (LEFT, LEFT + way):
        picture = GROUND.copy()
        picture[TOP : TOP + 48, left : left + length] = stripes[:, None]
        pictures.append(torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1)
    pieces = torch.eye(2, 3, dtype=torch.float64).repeat(1, 3, 1, 1)
    pieces[0, :, 0, 2] = torch.tensor([way - period, way, way + period])
    moved = move_pieces(UNMOVED, pieces, (pictures[0], pictures[1]), torch.tensor([0.5]))
    x, y = (LEFT + way // 2) // 4, TOP // 4
    inside = moved.motion[0, :, y + 3 : y + 9, x + 3 : x + length // 4 - 3]
    wanted = torch.tensor([-way / 2, 0, way / 2, 0]) / 4
    assert (inside - wanted.view(4, 1, 1)).abs().max() < 0.3


def test_many_times_and_samples_come_out_as_one_by_one() -> None:
    pieces, times = find_pieces(*FRAMES), torch.tensor([0.25, 0.5, 0.75])
    together = move_pieces(
        UNMOVED.expand(3, -1, -1, -1),
        pieces.expand(3, -1, -1, -1),
        (FRAMES[0].expand(3, -1, -1, -1), FRAMES[1].expand(3, -1, -1, -1)),
        times,
    )
    for number, time in enumerate(times.split(1)):
        alone = move_pieces(UNMOVED, pieces, FRAMES, time)
        torch.testing.assert_close(together.motion[number : number + 1], alone.motion)
        torch.testing.assert_close(together.certainty[number : number + 1], alone.certainty)
    mixed = find_pieces(torch.cat([FRAMES[0], FRAMES[0]]), torch.cat([FRAMES[0], FRAMES[1]]))
    assert bool(mixed[0].isnan().all())
    torch.testing.assert_close(mixed[1], pieces[0], equal_nan=True)
