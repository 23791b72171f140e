"""LPIPS against the package loaded in its own way, and what a training loss needs of it."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from nakawari.metrics import LearnedPerceptualDistance, load_lpips
from nakawari.metrics.lpips import _unit_length

# The package's own distances for _pattern(0) and _pattern(shift): lpips 0.1.4,
# LPIPS(net="alex"), its call of torchvision's alexnet(pretrained=True) answered with
# torchvision's model holding these convolutions; torch 2.15.0, float32, CPU.
# (Its published 0.722 and 0.138 belong to picture pairs of its repository that neither its wheel
# nor its sdist contains.)
REFERENCE = {1: 0.0259518, 5: 0.2114395, 20: 0.3615485}


def _pattern(shift: int) -> Tensor:
    """Stripes, squares and rings in whole numbers, so that every machine draws the same."""
    y, x = torch.meshgrid(torch.arange(96), torch.arange(128), indexing="ij")
    x = x + shift
    stripes = (x * 7 + y * 3) % 256
    squares = ((x // 16 + y // 16) % 2) * 200
    rings = ((x - 64) ** 2 + (y - 48) ** 2) // 30 % 256
    return torch.stack([stripes, squares, rings])[None].float() / 127.5 - 1


@pytest.fixture(scope="module")
def alex() -> LearnedPerceptualDistance:
    return load_lpips()


@pytest.mark.parametrize("shift", REFERENCE)
def test_gives_the_packages_distances(alex: LearnedPerceptualDistance, shift: int) -> None:
    assert alex(_pattern(0), _pattern(shift)).item() == pytest.approx(REFERENCE[shift], abs=1e-5)


def test_agrees_with_the_forward_of_the_package(alex: LearnedPerceptualDistance) -> None:
    frames_0, frames_1 = torch.rand(2, 2, 3, 40, 48) * 2 - 1
    expected = alex._network(frames_0, frames_1).flatten()
    assert torch.allclose(alex(frames_0, frames_1), expected, atol=1e-6)


def test_is_symmetric_and_zero_for_identical_frames(alex: LearnedPerceptualDistance) -> None:
    assert alex(_pattern(0), _pattern(0)).item() == 0
    there, back = alex(_pattern(0), _pattern(9)), alex(_pattern(9), _pattern(0))
    assert torch.allclose(there, back)


def test_stays_frozen_and_in_evaluation_mode_inside_a_trained_module() -> None:
    training = torch.nn.Sequential(load_lpips()).train()
    assert not any(module.training for module in training[0].modules())
    assert not any(parameter.requires_grad for parameter in training.parameters())


def test_the_gradient_reaches_the_frame_and_stays_finite_where_features_vanish(
    alex: LearnedPerceptualDistance,
) -> None:
    features = torch.zeros(1, 64, 4, 4, requires_grad=True)
    _unit_length(features).square().sum().backward()
    assert features.grad is not None
    assert torch.equal(features.grad, torch.zeros_like(features))

    frame = _pattern(3).requires_grad_()
    alex(frame, _pattern(0)).sum().backward()
    assert frame.grad is not None
    assert frame.grad.isfinite().all()
    assert frame.grad.abs().sum() > 0


def test_loading_leaves_the_random_numbers_of_the_caller_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    load_lpips()
    assert torch.equal(torch.rand(1), expected)


def _vgg_convolutions() -> dict[str, Tensor]:
    widths = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128)}
    widths |= {10: (128, 256), 12: (256, 256), 14: (256, 256), 17: (256, 512)}
    widths |= dict.fromkeys((19, 21, 24, 26, 28), (512, 512))
    convolutions = {}
    for index, (inputs, outputs) in widths.items():
        convolutions[f"features.{index}.weight"] = torch.full((outputs, inputs, 3, 3), 0.01).half()
        convolutions[f"features.{index}.bias"] = torch.zeros(outputs).half()
    return convolutions


def test_the_vgg_backbone_loads_from_half_precision_at_a_given_path(tmp_path: Path) -> None:
    path = tmp_path / "vgg.safetensors"
    save_file(_vgg_convolutions(), path)
    vgg = load_lpips("vgg", path)
    assert vgg(_pattern(0)[..., :32, :32], _pattern(4)[..., :32, :32]).shape == (1,)
    assert {parameter.dtype for parameter in vgg.parameters()} == {torch.float32}


def test_a_missing_weights_file_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no vgg weights at .*; give weights="):
        load_lpips("vgg", tmp_path / "absent.safetensors")


def test_an_unknown_backbone_fails() -> None:
    with pytest.raises(ValueError, match="got 'squeeze'"):
        load_lpips("squeeze")


def test_a_file_of_another_network_fails(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="lacks 9 of 10 tensors"):
        load_lpips(weights=path)


def test_convolutions_of_another_shape_fails(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    names = [f"features.{i}.{kind}" for i in (0, 3, 6, 8, 10) for kind in ("weight", "bias")]
    save_file({name: torch.zeros(1) for name in names}, path)
    with pytest.raises(ValueError, match="do not fit LPIPS's alex"):
        load_lpips(weights=path)


def test_frames_of_different_shapes_fails(alex: LearnedPerceptualDistance) -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        alex(_pattern(0), _pattern(0)[..., :64])


def test_frames_that_the_poolings_swallow_fails(alex: LearnedPerceptualDistance) -> None:
    with pytest.raises(ValueError, match="at least 31x31 for LPIPS, got 30x31"):
        alex(torch.zeros(1, 3, 30, 31), torch.zeros(1, 3, 30, 31))
    assert alex(torch.zeros(1, 3, 31, 31), torch.zeros(1, 3, 31, 31)).item() == 0
