"""Weights are refused before anything large is built, and in a line that says what to do."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from autoencoder import VQAutoencoder
from nakawari.weights import (
    LARGEST_CONFIG,
    load_model,
    load_scheduler,
    read_config,
)
from tests.tiny import tiny_autoencoder

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_autoencoder().save_pretrained(tmp_path)
    return tmp_path


def change(folder: Path, **settings: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def test_what_was_saved_loads_bit_for_bit(folder: Path) -> None:
    loaded, saved = load_model(VQAutoencoder, folder).state_dict(), load_file(folder / WEIGHTS)
    assert loaded.keys() == saved.keys()
    assert all(torch.equal(loaded[name], saved[name]) for name in saved)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codebook_heads", 0),
        ("codebook_size", 10**9),
        ("latent_channels", -8),
        ("match_channels", 1e12),
        ("encoder_channels", [8, 10**12, 16]),
        ("decoder_channels", None),
    ],
)
def test_sizes_out_of_range_fail_before_anything_is_built(
    folder: Path, name: str, value: object
) -> None:
    change(folder, **{name: value})
    with pytest.raises(ValueError, match=rf"{name} in .* must be from \d+ to \d+"):
        load_model(VQAutoencoder, folder)


def test_a_size_with_many_entries_fails(folder: Path) -> None:
    change(folder, encoder_channels=[8] * 1000)
    with pytest.raises(ValueError, match="has 1000 entries"):
        load_model(VQAutoencoder, folder)


def test_sizes_that_the_file_has_not_fail(folder: Path) -> None:
    change(folder, encoder_channels=[20_000, 20_000, 20_000])  # would take tens of gigabytes
    with pytest.raises(ValueError, match=r"do not fit config\.json: \d+ tensors"):
        load_model(VQAutoencoder, folder)


def test_sizes_that_make_no_network_fail(folder: Path) -> None:
    change(folder, codebook_heads=3)
    with pytest.raises(ValueError, match="must be a multiple of codebook_heads"):
        load_model(VQAutoencoder, folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_fail(folder: Path, value: float) -> None:
    tensors = load_file(folder / WEIGHTS)
    tensors["decoder.log_temperature"] = torch.tensor(value)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(ValueError, match=r"no numbers, first in decoder\.log_temperature"):
        load_model(VQAutoencoder, folder)


def test_a_file_that_is_no_safetensors_fails(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"\x00" * 64)
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_model(VQAutoencoder, folder)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[" * 100_000, "is not JSON"),
        ("{", "is not JSON"),
        ("[1, 2]", "must hold a JSON object"),
        (" " * (LARGEST_CONFIG + 1), "is larger than"),
    ],
)
def test_what_is_no_config_fails(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=reason):
        read_config(file)


def test_a_missing_config_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is missing; pass a complete folder"):
        read_config(tmp_path / "config.json")


@pytest.mark.parametrize("count", [0, 10**12, "many", None, -1])
def test_a_schedule_of_no_or_too_many_levels_fails(tmp_path: Path, count: object) -> None:
    (tmp_path / "scheduler_config.json").write_text(json.dumps({"num_train_timesteps": count}))
    with pytest.raises(ValueError, match=r"num_train_timesteps .* must be from 1 to"):
        load_scheduler(tmp_path)
