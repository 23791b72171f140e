"""The flow refiner's training, from settings to weights that the pipeline reads."""

import csv
from pathlib import Path

import pytest
import torch

from diffusion.flow_module import flow_picture
from diffusion.flow_train import main
from diffusion.loading import load_flow_refiner
from tests.tiny import tiny_autoencoder


@pytest.fixture
def settings(tmp_path: Path) -> list[str]:
    tiny_autoencoder().save_pretrained(tmp_path / "autoencoder")
    return [
        f"--autoencoder={tmp_path / 'autoencoder'}",
        *("--model.channels=8", "--model.match_channels=8", "--model.steps=2", "--data.cels=4"),
        *("--data.height=64", "--data.width=64", "--data.batch_size=2", "--data.workers=0"),
        *("--data.validation_samples=2", f"--trainer.run={tmp_path / 'run'}"),
        *("--trainer.max_updates=3", "--trainer.validate_every=3", "--trainer.warmup_updates=1"),
        "--trainer.log_every=1",
    ]


def test_it_trains_stops_resumes_and_leaves_weights(settings: list[str], tmp_path: Path) -> None:
    main([*settings, "--trainer.max_minutes=1e-6"])  # one update
    assert torch.load(tmp_path / "run/last.ckpt", weights_only=False)["global_step"] == 1
    main([*settings, "--trainer.resume=true"])
    refiner = load_flow_refiner(tmp_path / "run/weights", tiny_autoencoder())
    assert refiner.to_change.weight.abs().max() > 0  # it was zero
    with (tmp_path / "run/figures/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    last = next(row for row in reversed(rows) if row.get("validation/loss"))
    assert float(last["validation/epe_found"]) > 0
    assert float(last["validation/loss"]) == pytest.approx(
        float(last["validation/loss_found"]), rel=0.5
    )
    assert (tmp_path / "run/pictures/0000003.png").is_file()
    main([*settings, f"--refiner={tmp_path / 'run/weights'}", f"--trainer.run={tmp_path / 'on'}"])
    assert load_flow_refiner(tmp_path / "on/weights", tiny_autoencoder()).config.channels == 8


def test_samples_of_unknown_motion_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--data.triplets", "atd12k"])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "is not known; leave them out, and drawn cels are trained on" in told
    assert told.count("\n") == 1


def test_a_flow_is_shown_grey_where_it_stands_and_red_to_the_right() -> None:
    flow = torch.zeros(1, 2, 4, 4)
    flow[:, 0, :, 2:] = 3.0
    shown = flow_picture(flow, (8, 8))
    assert shown.shape == (1, 3, 8, 8)
    assert shown[..., 0].abs().max() == 0
    assert shown[0, :, 0, 7].tolist() == [1, 0, -1]
