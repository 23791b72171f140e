"""Shards are trained on, resumed bit-identically, and refused when they are broken."""

import dataclasses
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from autoencoder import train as stage_1
from autoencoder.config import AutoencoderConfig
from nakawari.data.streams.shards import EPISODES_FOLDER, INDEX_FILE
from nakawari.training.config import DataConfig
from nakawari.training.data import TripletData
from tests.builders.shards import write_dataset
from tests.builders.trainings import autoencoder_config, fit_autoencoder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "set")


def shard_config(run: Path, root: Path, **trainer: object) -> AutoencoderConfig:
    config = autoencoder_config(run, max_updates=8, validate_every=8, **trainer)
    data = dataclasses.replace(
        config.data, shards=str(root), height=32, width=32, validation_samples=2, workers=1
    )
    return dataclasses.replace(config, data=data)


def test_a_resumed_training_on_shards_ends_where_an_uninterrupted_one_does(
    root: Path, tmp_path: Path
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    fit_autoencoder(shard_config(whole, root))
    fit_autoencoder(shard_config(stopped, root, max_minutes=1e-6))
    assert 0 < torch.load(stopped / "last.ckpt", weights_only=False)["global_step"] < 8
    fit_autoencoder(shard_config(stopped, root, resume=True))
    expected = VQAutoencoder.from_pretrained(whole / "weights").state_dict()
    resumed = VQAutoencoder.from_pretrained(stopped / "weights").state_dict()
    for name, tensor in expected.items():
        assert torch.equal(tensor, resumed[name]), name


def test_the_validation_titles_validate(root: Path) -> None:
    data = TripletData(DataConfig(shards=str(root), height=32, width=32, validation_samples=2))
    batch = next(iter(data.val_dataloader()))
    levels = sorted(batch.target[:, 0, 0, -1].tolist())
    assert levels == pytest.approx([84, 86], abs=1)  # samples 12 and 13, never trained on


def test_without_validation_titles_drawn_cels_validate(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "set", validation=())
    data = TripletData(DataConfig(shards=str(root), height=32, width=32, validation_samples=1))
    assert next(iter(data.val_dataloader())).has_motion.all()


def test_what_was_skipped_is_named_at_the_end(
    root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shard = root / EPISODES_FOLDER / "train-1" / "0000.tar"
    content = bytearray(shard.read_bytes())
    content[700] ^= 0xFF
    shard.write_bytes(content)
    fit_autoencoder(shard_config(tmp_path / "run", root))
    told = capfd.readouterr().err
    assert f"skipped sample 0 of {shard}: a picture is damaged (1 of 12 skipped)" in told
    assert f"1 unreadable samples were skipped: sample 0 of {shard}" in told


def test_a_half_built_dataset_is_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / INDEX_FILE).unlink()
    with pytest.raises(SystemExit) as stop:
        stage_1.main(["--data.shards", str(root)])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "half built (4 finished so far)" in told
    assert told.count("\n") == 1


def test_shards_and_a_folder_at_once_fail(root: Path) -> None:
    with pytest.raises(ValueError, match=r"data.triplets \(a\) and data.shards \(b\) exclude"):
        DataConfig(triplets="a", shards="b")
