"""SSIM against skimage's."""

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from nakawari.metrics import ssim


def _skimage(prediction: Tensor, target: Tensor) -> list[float]:
    return [
        structural_similarity(
            _levels(ours),
            _levels(theirs),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
        )
        for ours, theirs in zip(prediction, target, strict=True)
    ]


def _levels(frame: Tensor) -> np.ndarray:
    return (frame.permute(1, 2, 0) * 127.5 + 127.5).round().to(torch.uint8).numpy()


def _eight_bit(frames: Tensor) -> Tensor:
    return (frames.clamp(-1, 1) * 127.5 + 127.5).round() / 127.5 - 1


@pytest.mark.parametrize("size", [(11, 11), (40, 53)])
@pytest.mark.parametrize("noise", [0.01, 0.3])
def test_equals_skimage_on_8_bit_frames(size: tuple[int, int], noise: float) -> None:
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 3, *size, generator=generator) * 2 - 1
    target[:, :, : size[0] // 2] = 0.3  # flat colour, where E[x^2] - E[x]^2 cancels
    prediction = target + noise * torch.randn(target.shape, generator=generator)
    prediction, target = _eight_bit(prediction), _eight_bit(target)
    assert ssim(prediction, target).tolist() == pytest.approx(
        _skimage(prediction, target), abs=1e-6
    )


def test_identical_frames_score_one() -> None:
    frame = torch.rand(1, 3, 16, 16) * 2 - 1
    assert ssim(frame, frame).item() == pytest.approx(1)


def test_frames_of_different_shapes_fails() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        ssim(torch.zeros(1, 3, 16, 16), torch.zeros(2, 3, 16, 16))


def test_frames_smaller_than_the_window_fails() -> None:
    with pytest.raises(ValueError, match="at least 11x11 for SSIM, got 10x16"):
        ssim(torch.zeros(1, 3, 10, 16), torch.zeros(1, 3, 10, 16))
