"""The shipped sweeps ask for a figure that the training they start does log."""

import csv
import dataclasses
from pathlib import Path

import pytest
import yaml

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion.codes import WithCodes
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train
from tests.tiny import tiny_autoencoder

STAGES = {
    "autoencoder": (AutoencoderConfig, AutoencoderModule),
    "diffusion": (DiffusionConfig, DiffusionModule),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_training_logs_what_its_sweeps_look_at(stage: str, tmp_path: Path) -> None:
    config_class, module_class = STAGES[stage]
    tiny_autoencoder().save_pretrained(tmp_path / "stage_1")
    given = ["--autoencoder", str(tmp_path / "stage_1")] if stage == "diffusion" else []
    config = parse_config(config_class, ["--config", f"configs/{stage}/smoke.yaml", *given])
    config = dataclasses.replace(
        config,
        data=dataclasses.replace(
            config.data, workers=0, batch_size=1, validation_samples=1, visits=1, store=None
        ),
        trainer=dataclasses.replace(
            config.trainer,
            run=str(tmp_path / "run"),
            max_updates=1,
            validate_every=1,
            warmup_updates=0,
        ),
    )
    module = module_class(config)
    finish = WithCodes(module.autoencoder) if isinstance(module, DiffusionModule) else None
    train(module, TripletData(config.data, finish=finish), config.trainer)
    with (tmp_path / "run" / "figures" / "metrics.csv").open() as file:
        logged = {name for row in csv.reader(file) for name in row}
    sweeps = [yaml.safe_load(path.read_text()) for path in Path("configs/sweeps").glob("*.yaml")]
    asked = {sweep["metric"]["name"] for sweep in sweeps if sweep["program"] == f"{stage}/train.py"}
    assert asked
    assert asked <= logged
