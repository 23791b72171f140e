"""A write that fails leaves what was written before."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from nakawari.errors import UserError
from nakawari.training.keeping import finish_renaming, replace_folder
from tests.training.test_training import autoencoder_config, fit_autoencoder, fit_with


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
