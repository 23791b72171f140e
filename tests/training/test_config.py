"""Settings come from YAML and dotted overrides; what is unknown or senseless is refused."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor

from autoencoder.config import AutoencoderConfig
from diffusion.config import DiffusionConfig
from nakawari.training.config import DataConfig, TrainerConfig, parse_config
from nakawari.training.data import TripletData
from nakawari.training.launch import Launch
from nakawari.training.run import _strategy
from tests.training.tiny_training import fit, tiny_config

CONFIGS = sorted(file for file in Path("configs").rglob("*.yaml") if "sweeps" not in file.parts)


@pytest.mark.parametrize("file", CONFIGS, ids=str)
def test_every_shipped_config_parses(file: Path) -> None:
    of_stage_1 = "autoencoder" in (file.parent.name, file.stem)
    stage = AutoencoderConfig if of_stage_1 else DiffusionConfig
    assert isinstance(parse_config(stage, ["--config", str(file)]), stage)


def test_each_size_of_the_recipe_has_its_three_trainings() -> None:
    sizes = [folder for folder in Path("configs/recipe").iterdir() if folder.is_dir()]
    assert {folder.name for folder in sizes} == {"cpu", "gpu"}
    for folder in sizes:
        assert {file.stem for file in folder.iterdir()} == {"autoencoder", "unet", "both"}


def test_without_arguments_the_built_in_cels_are_trained_on() -> None:
    config = parse_config(AutoencoderConfig, [])
    assert config == AutoencoderConfig()
    assert config.data.art == ()
    assert config.data.triplets is None


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("trainer: {max_updates: 7, run: there}\n")
    argv = ["--config", str(file), "--trainer.max_updates", "9", "--data.art", "[a, b]"]
    config = parse_config(AutoencoderConfig, argv)
    assert config.trainer.max_updates == 9
    assert config.trainer.run == "there"
    assert config.data.art == ("a", "b")


def test_an_unknown_key_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("trainer: {max_update: 7}\n")
    for argv in (["--config", str(file)], ["--trainer.max_update", "7"]):
        with pytest.raises(SystemExit) as stop:
            parse_config(AutoencoderConfig, argv)
        assert stop.value.code == 2
        told = capsys.readouterr().err
        assert "max_update" in told
        assert told.count("\n") == 1


def test_a_size_that_no_network_takes_fails() -> None:
    with pytest.raises(ValueError, match=r"data.height must be a positive multiple of 16, got 100"):
        DataConfig(height=100)


def test_an_empty_batch_fails() -> None:
    with pytest.raises(ValueError, match=r"data.batch_size must be at least 1, got 0"):
        DataConfig(batch_size=0)


def test_a_batch_that_no_machine_holds_fails() -> None:
    with pytest.raises(ValueError, match=r"data.batch_size must be at most 4096, got 100000"):
        DataConfig(batch_size=100_000)


@pytest.mark.parametrize(
    ("settings", "accumulate"),
    [({"batch_size": 64, "workers": 8, "prefetch": 8}, 1), ({"batch_size": 64, "workers": 0}, 65)],
)
def test_batches_that_would_fill_the_memory_while_they_wait_fail(
    settings: dict[str, int], accumulate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A sample of 256x256 takes 19 bytes a pixel, 1.19 MiB; a batch of 64 of them 76 MiB.
    config = DataConfig(height=256, width=256, validation_samples=1, **settings)
    monkeypatch.setattr("nakawari.training.data.machine_mib", lambda: 65 * 76 + 1)
    TripletData(config, accumulate)
    monkeypatch.setattr("nakawari.training.data.machine_mib", lambda: 65 * 76 - 1)
    with pytest.raises(ValueError, match=r"would take 5 GiB before .* the memory is 5 GiB; lower"):
        TripletData(config, accumulate)


def test_a_negative_number_of_workers_fails() -> None:
    with pytest.raises(ValueError, match=r"data.workers must be at least 0, got -1"):
        DataConfig(workers=-1)


def test_a_training_of_no_length_fails() -> None:
    with pytest.raises(ValueError, match=r"trainer.max_updates must be positive, got 0"):
        TrainerConfig(max_updates=0)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_no_generator_takes_fails(seed: int) -> None:
    with pytest.raises(ValueError, match=r"trainer.seed must be from 0 to"):
        TrainerConfig(seed=seed)
    with pytest.raises(ValueError, match=r"data.seed must be from 0 to"):
        DataConfig(seed=seed)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"max_minutes": -1.0}, "trainer.max_minutes must be positive, got -1.0"),
        ({"max_minutes": float("inf")}, "trainer.max_minutes must be positive, got inf"),
        ({"warmup_updates": -5}, "trainer.warmup_updates must not be negative, got -5"),
        ({"run": "a\0b"}, "trainer.run must be a folder's name"),
    ],
)
def test_a_setting_that_cannot_be_obeyed_fails(setting: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TrainerConfig(**setting)


def test_a_run_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_RUN_ID", "abc")
    assert TrainerConfig(run="runs/$WANDB_RUN_ID").run == "runs/abc"


def test_a_run_named_by_a_variable_that_is_not_set_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_RUN_ID", raising=False)
    with pytest.raises(ValueError, match=r"a variable that is not set, got runs/\$WANDB_RUN_ID"):
        TrainerConfig(run="runs/$WANDB_RUN_ID")


def test_an_average_that_never_moves_fails() -> None:
    with pytest.raises(ValueError, match=r"trainer.ema_decay must be in \[0, 1\), got 1"):
        TrainerConfig(ema_decay=1.0)


def test_several_ranks_search_for_unused_weights_only_where_asked() -> None:
    launch = Launch.from_environment({"WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true"})
    for asked in (False, True):
        strategy = _strategy(launch, asked)
        assert isinstance(strategy, DDPStrategy)
        assert strategy._ddp_kwargs == {
            "find_unused_parameters": asked,
            "broadcast_buffers": False,  # they are shared once, after an update
        }
    assert _strategy(dataclasses.replace(launch, processes=1), unused=True) == "auto"


@pytest.mark.parametrize("asked", [False, True])
def test_algorithms_are_deterministic_where_asked(
    asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "as it was")  # restored after
    seen = list[bool]()

    def look(_: int, loss: Tensor) -> Tensor:
        seen.append(torch.are_deterministic_algorithms_enabled())
        assert not asked or torch.is_deterministic_algorithms_warn_only_enabled()
        return loss

    try:
        fit(tiny_config(tmp_path, max_updates=1, deterministic=asked), look)
    finally:
        torch.use_deterministic_algorithms(False)
    assert seen == [asked]


@pytest.mark.parametrize("words", [["--config", "{}"], ["--config={}"]])
def test_a_config_that_is_a_fifo_fails_at_once(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SystemExit) as stop:
        parse_config(AutoencoderConfig, [word.format(tmp_path / "fifo") for word in words])
    assert stop.value.code == 2
    assert f"--config: {tmp_path}/fifo is not a file; see --help" in capsys.readouterr().err
