"""PSNR."""

import math

import pytest
import torch

from nakawari.metrics import psnr


def test_identical_frames_are_infinitely_close() -> None:
    frame = torch.rand(1, 3, 8, 8) * 2 - 1
    assert psnr(frame, frame).item() == math.inf


def test_black_against_white_is_zero_decibel() -> None:
    white = torch.ones(1, 3, 8, 8)
    assert psnr(-white, white).item() == 0


def test_a_uniform_error_of_one_8_bit_step_is_20_log10_255() -> None:
    frame = torch.zeros(1, 3, 8, 8)
    assert psnr(frame + 2 / 255, frame).item() == pytest.approx(20 * math.log10(255), abs=1e-4)


def test_each_frame_of_a_batch_is_measured_by_itself() -> None:
    target = torch.zeros(2, 3, 8, 8)
    prediction = torch.stack([target[0] + 0.1, target[1] + 0.2])
    alone = torch.cat([psnr(prediction[i : i + 1], target[i : i + 1]) for i in range(2)])
    assert torch.equal(psnr(prediction, target), alone)


def test_frames_of_different_shapes_fails() -> None:
    with pytest.raises(ValueError, match=r"\(1, 3, 8, 8\) and \(1, 3, 8, 9\)"):
        psnr(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 9))


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 8, 8)])
def test_what_is_no_batch_of_rgb_frames_fails(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be RGB"):
        psnr(torch.zeros(shape), torch.zeros(shape))
