"""What is asked of the hardware changes how a training computes, not what it leaves."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diffusion import FrameInterpolationPipeline
from diffusion.config import DecoderConfig, DiffusionConfig
from diffusion.module import DiffusionModule
from diffusion.train import training_data
from nakawari.training.config import parse_config
from nakawari.training.run import train
from tests.builders.trainings import autoencoder_config, figures, fit_autoencoder
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
    first, last = figures(tmp_path, "validation/lpips_decoded")
    assert last < first


@pytest.mark.usefixtures("in_bf16")
def test_both_parts_of_stage_2_train_in_bf16(tmp_path: Path) -> None:
    tiny_autoencoder().save_pretrained(tmp_path / "stage_1")
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/smoke.yaml"])
    config = dataclasses.replace(
        config,
        autoencoder=str(tmp_path / "stage_1"),
        # Of every kind of latents, so that each meets what it is mixed with.
        decoder=DecoderConfig(learning_rate=1e-3),
        data=dataclasses.replace(config.data, workers=0, validation_samples=2, batch_size=8),
        trainer=dataclasses.replace(
            config.trainer, run=str(tmp_path / "run"), max_updates=2, validate_every=2, log_every=1
        ),
    )
    module = DiffusionModule(config)
    train(module, training_data(config, module), config.trainer)
    assert all(torch.isfinite(torch.tensor(figures(tmp_path / "run", "train/latents"))))
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "run" / "weights")
    assert {p.dtype for p in pipeline.unet.parameters()} == {torch.float32}
