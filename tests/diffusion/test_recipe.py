"""The recipe goes from nothing to a checkpoint, in as many calls as it takes."""

from pathlib import Path

import pytest
import torch

from diffusion import FrameInterpolationPipeline
from diffusion.recipe import follow, main, steps
from nakawari.errors import UserError

SIZE = "cpu"
SETTINGS = [
    *("--data.height=64", "--data.width=64", "--data.batch_size=2"),
    *("--data.workers=0", "--data.validation_samples=2"),
    *("--trainer.max_updates=2", "--trainer.validate_every=2", "--trainer.warmup_updates=1"),
]


def test_from_nothing_to_a_checkpoint_in_stints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hurried = [*SETTINGS, "--trainer.max_minutes=1e-6"]  # one update a call
    assert not follow(tmp_path, SIZE, hurried)
    assert f"{tmp_path / 'autoencoder'}: 1 of 2 updates made; the" in capsys.readouterr().out
    assert not follow(tmp_path, SIZE, hurried)
    assert not follow(tmp_path, SIZE, SETTINGS, minutes=0.1)  # too few to begin with
    made = [step.is_done for step in steps(tmp_path, SIZE, SETTINGS)]
    assert made == [True, False, False]
    assert follow(tmp_path, SIZE, SETTINGS, minutes=10)
    state = tmp_path / "autoencoder" / "last.ckpt"
    written = state.stat().st_mtime_ns
    assert follow(tmp_path, SIZE, SETTINGS)  # nothing is left to do
    assert state.stat().st_mtime_ns == written
    assert list((tmp_path / "store" / "unet").rglob("*.zlib"))  # beside the runs, as all is
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "checkpoint")
    frame = torch.zeros(1, 3, 32, 48)
    assert pipeline(frame, frame).shape == frame.shape


def test_a_setting_that_no_training_knows_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--runs", str(tmp_path), "--trainer.max_update", "3"])
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_each_training_begins_with_what_the_one_before_left(tmp_path: Path) -> None:
    for size in ("cpu", "gpu"):
        autoencoder, unet, both = steps(tmp_path, size, ["--trainer.max_updates=7"])
        assert [step.run.name for step in (autoencoder, unet, both)] == [
            "autoencoder",
            "unet",
            "both",
        ]
        stage_1 = f"--autoencoder={tmp_path / 'autoencoder' / 'weights'}"
        assert stage_1 in unet.settings
        assert stage_1 in both.settings
        assert f"--unet={tmp_path / 'unet' / 'weights' / 'unet'}" in both.settings
        assert {step.max_updates for step in (autoencoder, unet, both)} == {7}


def test_a_size_without_settings_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no settings for size 'tpu' in .*; choose from cpu, gpu"):
        steps(tmp_path, "tpu", [])


def test_several_processes_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match=r"the recipe is for one process; on several, launch"):
        follow(tmp_path, SIZE, SETTINGS)
