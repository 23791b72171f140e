"""What is asked of the hardware changes how a training computes, not what it leaves."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diffusion import FrameInterpolationPipeline
from diffusion.config import DecoderConfig
from tests.builders.trainings import (
    autoencoder_config,
    diffusion_config,
    fit_autoencoder,
    fit_diffusion,
    logged,
)
from tests.tiny import tiny_autoencoder
from tests.training.process import losses

WEIGHTS = "weights/diffusion_pytorch_model.safetensors"


def test_translated_networks_train_and_are_exported_as_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced, but not translated: the translation itself takes minutes on a CPU.
    compile_it = torch.nn.Module.compile
    monkeypatch.setattr(torch.nn.Module, "compile", lambda net: compile_it(net, backend="eager"))
    for run, translated in (("plain", False), ("translated", True)):
        config = autoencoder_config(
            tmp_path / run, max_updates=1, validate_every=1, log_every=1, compile=translated
        )
        fit_autoencoder(config)
    assert losses(tmp_path / "translated") == losses(tmp_path / "plain")
    kept = [load_file(tmp_path / run / WEIGHTS) for run in ("plain", "translated")]
    assert kept[0].keys() == kept[1].keys()  # no prefix of the translation's
    assert all(torch.equal(tensor, kept[1][name]) for name, tensor in kept[0].items())


@pytest.fixture
def in_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")


@pytest.mark.usefixtures("in_bf16")
def test_stage_1_learns_in_bf16(tmp_path: Path) -> None:
    fit_autoencoder(autoencoder_config(tmp_path, max_updates=8, validate_every=4))
    first, last = logged(tmp_path, "validation/lpips_decoded")
    assert last < first


@pytest.mark.usefixtures("in_bf16")
def test_both_parts_of_stage_2_train_in_bf16(tmp_path: Path) -> None:
    tiny_autoencoder().save_pretrained(tmp_path / "stage_1")
    run = tmp_path / "run"
    config = diffusion_config(
        run, tmp_path / "stage_1", max_updates=2, validate_every=2, log_every=1
    )
    config = dataclasses.replace(
        config,
        loss=dataclasses.replace(config.loss, picture=1.0),
        # True latents and sampled ones, so that each meets what it is mixed with.
        decoder=DecoderConfig(learning_rate=1e-3, true_share=0.5),
    )
    fit_diffusion(config)
    for name in ("latents", "motion", "picture_pixels"):
        assert torch.tensor(logged(run, f"train/{name}")).isfinite().all()
    pipeline = FrameInterpolationPipeline.from_pretrained(run / "weights")
    assert {p.dtype for p in pipeline.unet.parameters()} == {torch.float32}
