"""Releasing a training's weights."""

from pathlib import Path

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from diffusion import FrameInterpolationPipeline
from diffusion import release as module
from diffusion.release import release
from tests.tiny import tiny_autoencoder, tiny_unet


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    pipeline = FrameInterpolationPipeline(
        tiny_autoencoder(), tiny_unet(), FlowMatchEulerDiscreteScheduler()
    )
    pipeline.save_pretrained(tmp_path / "trained")
    return tmp_path / "trained"


def test_released_weights_are_the_trained_ones_to_half_precision(
    trained: Path, tmp_path: Path
) -> None:
    size = release(trained, tmp_path / "released")
    full, half = (
        FrameInterpolationPipeline.from_pretrained(folder)
        for folder in (trained, tmp_path / "released")
    )
    for name in ("autoencoder", "unet"):
        of_half = getattr(half, name).state_dict()
        for key, tensor in getattr(full, name).state_dict().items():
            torch.testing.assert_close(of_half[key], tensor, rtol=1e-3, atol=1e-6)
    written = sum(file.stat().st_size for file in tmp_path.glob("released/*/*.safetensors"))
    assert size <= written < 1.2 * size


def test_nothing_of_this_machine_is_released(trained: Path, tmp_path: Path) -> None:
    release(trained, tmp_path / "released")
    for config in tmp_path.glob("released/**/*.json"):
        assert str(tmp_path) not in config.read_text()


def test_too_large_a_model_fails(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1000)
    with pytest.raises(ValueError, match="ship a smaller model"):
        release(trained, tmp_path / "released")
