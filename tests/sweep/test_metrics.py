"""The shipped sweeps ask for a figure that the training they start does log."""

import csv
import dataclasses
from pathlib import Path

import pytest
import yaml

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train

STAGES = {
    "autoencoder": (AutoencoderConfig, AutoencoderModule),
    "diffusion": (DiffusionConfig, DiffusionModule),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_training_logs_what_its_sweeps_look_at(stage: str, tmp_path: Path) -> None:
    config_class, module_class = STAGES[stage]
    given = ["--autoencoder", "checkpoints/nakawari/autoencoder"] if stage == "diffusion" else []
    config = parse_config(config_class, ["--config", f"configs/{stage}/smoke.yaml", *given])
    config = dataclasses.replace(
        config,
        data=dataclasses.replace(
            config.data, workers=0, height=64, width=64, batch_size=1, validation_samples=1
        ),
        trainer=dataclasses.replace(
            config.trainer, run=str(tmp_path), max_updates=1, validate_every=1, warmup_updates=0
        ),
    )
    train(module_class(config), TripletData(config.data), config.trainer)
    with (tmp_path / "figures" / "metrics.csv").open() as file:
        logged = {name for row in csv.reader(file) for name in row}
    sweeps = [yaml.safe_load(path.read_text()) for path in Path("configs/sweeps").glob("*.yaml")]
    asked = {sweep["metric"]["name"] for sweep in sweeps if sweep["program"] == f"{stage}/train.py"}
    assert asked
    assert asked <= logged
