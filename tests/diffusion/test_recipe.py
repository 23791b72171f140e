"""The recipe goes from nothing to a checkpoint, in as many calls as it takes."""

from pathlib import Path

import pytest
import torch

from diffusion import FrameInterpolationPipeline
from diffusion.recipe import follow, main, steps
from nakawari.errors import UserError

SETTINGS = [
    *("--data.height=32", "--data.width=32", "--data.cels=4", "--data.batch_size=2"),
    *("--data.workers=0", "--data.validation_samples=2", "--trainer.channels_last=false"),
    *("--trainer.max_updates=2", "--trainer.validate_every=2", "--trainer.warmup_updates=1"),
]


def test_from_nothing_to_a_checkpoint_in_stints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hurried = [*SETTINGS, "--trainer.max_minutes=1e-6"]  # one update a call
    assert not follow(tmp_path, hurried)
    assert f"{tmp_path / 'autoencoder'}: 1 of 2 updates made; the" in capsys.readouterr().out
    assert not follow(tmp_path, hurried)
    assert not follow(tmp_path, SETTINGS, minutes=0.1)  # too few to begin with
    made = [step.is_done for step in steps(tmp_path, SETTINGS)]
    assert made == [True, False, False, False]
    assert follow(tmp_path, SETTINGS, minutes=10)
    state = tmp_path / "autoencoder" / "last.ckpt"
    written = state.stat().st_mtime_ns
    assert follow(tmp_path, SETTINGS)  # nothing is left to do
    assert state.stat().st_mtime_ns == written
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "checkpoint")
    frame = torch.zeros(1, 3, 32, 48)
    assert pipeline(frame, frame).shape == frame.shape
    assert pipeline.flow_refiner is not None


def test_a_setting_that_no_training_knows_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--runs", str(tmp_path), "--trainer.max_update", "3"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_several_processes_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match=r"the recipe is for one process; on several, launch"):
        follow(tmp_path, SETTINGS)
