"""Trainings of either stage that take seconds, and the metrics that a run logged."""

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion.codes import WithCodes
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.data.triplet import Triplet
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train


def autoencoder_config(run: Path, **trainer: object) -> AutoencoderConfig:
    config = parse_config(AutoencoderConfig, ["--config", "configs/autoencoder/smoke.yaml"])
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, workers=0, validation_samples=4, batch_size=2),
        trainer=dataclasses.replace(config.trainer, run=str(run), **trainer),  # type: ignore[arg-type]
    )


def fit_autoencoder(config: AutoencoderConfig) -> None:
    torch.manual_seed(config.trainer.seed)
    train(
        AutoencoderModule(config),
        TripletData(config.data, config.trainer.accumulate),
        config.trainer,
    )


def fit_with(config: AutoencoderConfig, before_update: Callable[[int], None]) -> None:
    """Train, and call a function with the number of updates made before each."""
    torch.manual_seed(config.trainer.seed)
    module = AutoencoderModule(config)
    step = module.training_step

    def training_step(batch: Triplet, batch_idx: int) -> None:
        before_update(module.global_step)
        step(batch, batch_idx)

    module.training_step = training_step  # type: ignore[method-assign]
    train(module, TripletData(config.data, config.trainer.accumulate), config.trainer)


def logged(run: Path, name: str) -> list[float]:
    with (run / "figures" / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


def diffusion_config(run: Path, stage_1: Path, **trainer: object) -> DiffusionConfig:
    """Return the settings of a tiny training of stage 2 on stage 1's weights."""
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/smoke.yaml"])
    return dataclasses.replace(
        config,
        autoencoder=str(stage_1),
        data=dataclasses.replace(
            config.data, workers=0, validation_samples=2, batch_size=2, visits=1, store=None
        ),
        trainer=dataclasses.replace(config.trainer, run=str(run), **trainer),  # type: ignore[arg-type]
    )


def fit_diffusion(config: DiffusionConfig) -> DiffusionModule:
    """Train, and return what was trained."""
    torch.manual_seed(config.trainer.seed)
    module = DiffusionModule(config)
    data = TripletData(config.data, config.trainer.accumulate, WithCodes(module.autoencoder))
    train(module, data, config.trainer)
    return module
