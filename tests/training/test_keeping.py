"""A write that fails leaves what was written before."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from autoencoder import VQAutoencoder
from nakawari.errors import UserError
from nakawari.training.average import AveragedModule
from nakawari.training.config import TrainerConfig
from nakawari.training.keeping import finish_renaming, replace_folder
from tests.builders.trainings import autoencoder_config, fit_autoencoder, fit_with
from tests.training.tiny_training import fit, tiny_config


@pytest.fixture
def limited() -> Iterator[None]:
    """Restore what the test allowed files to grow to."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def allow(size: int) -> None:
    """Let no file grow beyond ``size`` bytes: to the writer that is a full disk."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))


@pytest.mark.usefixtures("limited")
def test_on_a_full_disk_the_previous_state_and_weights_survive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    length = {"max_updates": 6, "validate_every": 2}
    with pytest.raises(UserError, match=r"end could not be written to .*; make room and repeat"):
        # After the validation at update 2 the disk is full.
        fit_with(
            autoencoder_config(tmp_path, **length),
            before_update=lambda update: allow(100_000 if update >= 2 else resource.RLIM_INFINITY),
        )
    allow(resource.RLIM_INFINITY)
    said = capsys.readouterr()
    # The validations went on: a full disk in between is not the end.
    assert "validation at 4" in said.out
    assert "update 4 could not be saved" in said.err
    assert "what was saved before is untouched" in said.err
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 2
    VQAutoencoder.from_pretrained(tmp_path / "weights")
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".new", ".old")]
    fit_autoencoder(autoencoder_config(tmp_path, **length, resume=True))
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 6


def write(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "file").write_text(text)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    replace_folder(folder, lambda new: write(new, "first"))

    def fail(new: Path) -> None:
        write(new, "half")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        replace_folder(folder, fail)
    assert (folder / "file").read_text() == "first"
    replace_folder(folder, lambda new: write(new, "second"))
    assert (folder / "file").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_a_kill_between_the_renamings_is_made_good(tmp_path: Path) -> None:
    write(tmp_path / "weights.old", "first")
    write(tmp_path / "weights.new", "second")
    finish_renaming(tmp_path / "weights")
    assert (tmp_path / "weights" / "file").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def test_a_kill_amid_an_export_leaves_the_older_weights(tmp_path: Path) -> None:
    write(tmp_path / "weights", "first")
    write(tmp_path / "weights.new", "half")
    finish_renaming(tmp_path / "weights")
    assert (tmp_path / "weights" / "file").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """Return what will be synced to the disk and renamed, in order, by their names at the time."""
    told = list[tuple[str, Path]]()
    fsync, replace = os.fsync, os.replace

    def watched_fsync(descriptor: int) -> None:
        told.append(("sync", Path(os.readlink(f"/proc/self/fd/{descriptor}"))))
        fsync(descriptor)

    def watched_replace(source: Path, target: Path) -> None:
        told.append(("rename", Path(target)))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return told


def test_what_gets_a_new_name_is_on_the_disk_before_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = calls(monkeypatch)

    def write_nested(folder: Path) -> None:
        write(folder, "weights")
        write(folder / "unet", "more")

    replace_folder(tmp_path / "weights", write_nested)
    new, renamed = tmp_path / "weights.new", told.index(("rename", tmp_path / "weights"))
    for path in (new, new / "file", new / "unet", new / "unet" / "file"):
        assert ("sync", path) in told[:renamed], path
    assert told[renamed + 1] == ("sync", tmp_path)


def test_the_weights_are_written_before_the_state_that_counts_their_updates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = calls(monkeypatch)
    fit(tiny_config(tmp_path, max_updates=4, validate_every=4))
    renamed = [path.name for kind, path in told if kind == "rename" and path.suffix != ".csv"]
    # The settings; of the validation, which is the best so far; and of the end.
    assert [name for name in renamed if not name.endswith(".old")] == [
        "config.yaml",
        *("weights", "best", "last.ckpt"),
        *("weights", "last.ckpt"),
    ]
    assert told[told.index(("rename", tmp_path / "last.ckpt")) + 1] == ("sync", tmp_path)


def test_state_and_weights_are_saved_by_time_too(tmp_path: Path) -> None:
    saved = list[int]()

    def look(update: int, loss: Tensor) -> Tensor:
        if (tmp_path / "last.ckpt").exists():
            assert (tmp_path / "weights" / "weights.pt").is_file()
            state = torch.load(tmp_path / "last.ckpt", weights_only=True)
            saved.append(state["global_step"])
        return loss

    length = {"max_updates": 5, "validate_every": 100, "first_validation": 0}
    fit(tiny_config(tmp_path, **length, save_minutes=1e-9), look)
    assert saved == [1, 2, 3, 4]
    saved.clear()
    shutil.rmtree(tmp_path)
    fit(tiny_config(tmp_path, **length), look)  # every ten minutes
    assert saved == []


def test_the_end_and_every_stop_say_where_the_weights_are_and_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(update: int, loss: Tensor) -> Tensor:
        if update == 3:
            raise ZeroDivisionError
        return loss

    with pytest.raises(ZeroDivisionError):
        fit(tiny_config(tmp_path), fail)
    there = f"the weights are in {tmp_path / 'weights'}"
    goes_on = "the same command with --trainer.resume true goes on"
    assert f"update 3 of 8: {there}; {goes_on}\n" in capsys.readouterr().out
    best = f", those of the best validation in {tmp_path / 'best'}"
    for stop, update in (({"max_minutes": 1e-6}, 4), ({}, 8)):
        fit(tiny_config(tmp_path, resume=True, **stop))
        said = capsys.readouterr().out
        assert f"update {update} of 8: {there}{best}" in said
        assert (goes_on in said) == (update < 8)


def test_what_to_do_next_depends_on_what_the_weights_are(tmp_path: Path) -> None:
    assert AveragedModule().next_step(tmp_path) == ""
    (tmp_path / "model_index.json").write_text("{}")
    assert AveragedModule().next_step(tmp_path) == f"nakawari slow CLIP --model {tmp_path}"


def test_a_saving_interval_that_is_none_fails() -> None:
    with pytest.raises(ValueError, match=r"trainer.save_minutes must be positive, got 0"):
        TrainerConfig(save_minutes=0)


@pytest.mark.parametrize("name", ["file", "file/run", "a" * 300])
def test_a_folder_that_cannot_be_made_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"cannot make the folder .*; name another with --trainer."):
        fit(tiny_config(tmp_path / name))


def test_a_folder_that_cannot_be_written_to_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(UserError, match=r"cannot write to .*run \(Permission denied\); choose ano"):
        fit(tiny_config(tmp_path / "run"))
