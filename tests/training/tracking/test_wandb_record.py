"""Without a key W&B's own offline record has everything: metrics, pictures, the model, the end."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import wandb
from PIL import Image
from torch import Tensor

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion.codes import WithCodes
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.training.config import DataConfig, TrainerConfig, WandbConfig, parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train
from nakawari.training.tracking.wandb_logger import Wandb, wandb_run_of
from tests.tiny import tiny_autoencoder, tiny_unet
from tests.training.tiny_training import fit, tiny_config
from tests.training.wandb_record import history, records

DATA = DataConfig(height=64, width=64, batch_size=2, workers=0, validation_samples=2)


def tracked(run: Path, **changes: object) -> TrainerConfig:
    return TrainerConfig(
        **{
            "run": str(run),
            "max_updates": 4,
            "validate_every": 2,
            "log_every": 1,
            "logger": "wandb",
            "wandb": WandbConfig(project="tiny"),
        }
        | changes
    )


@pytest.fixture
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in, and what W&B keeps beside the run goes to the test's folder."""
    for variable in ("API_KEY", "MODE", "IDENTITY_TOKEN_FILE", "RUN_ID"):
        monkeypatch.delenv(f"WANDB_{variable}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / "netrc"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))


def only_record(run: Path) -> Path:
    (file,) = (run / "wandb").glob("offline-run-*/*.wandb")
    return file


def values(logged: list[dict[str, object]], name: str) -> dict[int, object]:
    """Return what was logged under ``name``, by update."""
    return {int(row["trainer/global_step"]): row[name] for row in logged if name in row}  # type: ignore[call-overload]


def cut(file: Path, columns: int, size: int = 64, border: int = 2) -> np.ndarray:
    """Return the frames of a picture, (columns, size, size, 3)."""
    with Image.open(file) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (size + 2 * border, columns * (size + border) + border, 3)
    lefts = [border + number * (size + border) for number in range(columns)]
    return np.stack([pixels[border:-border, left : left + size] for left in lefts])


@pytest.mark.usefixtures("no_account")
def test_stage_2_records_metrics_pictures_and_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_autoencoder().save_pretrained(tmp_path / "autoencoder")
    tiny_unet().save_pretrained(tmp_path / "unet")
    run = tmp_path / "run"
    config = DiffusionConfig(
        autoencoder=str(tmp_path / "autoencoder"),
        unet=str(tmp_path / "unet"),
        data=DATA,
        trainer=tracked(run),
    )
    module = DiffusionModule(config)
    data = TripletData(config.data, finish=WithCodes(module.autoencoder))
    train(module, data, config.trainer)

    said = capsys.readouterr()
    assert said.out.count("W&B: offline (no API key") == 1
    assert f"python -m nakawari.training.upload {run}" in said.out
    file = only_record(run)
    logged = history(file)
    for name in ("train/latents", "speed/samples_per_second", "speed/peak_memory_mib"):
        assert sorted(values(logged, name)) == [1, 2, 3, 4]
    for frames in ("sampled", "one_step", "mean", "ceiling", "blend"):
        for metric in ("lpips", "psnr"):
            assert sorted(values(logged, f"validation/{metric}_{frames}")) == [2, 4]
    for sample in range(2):
        pictures = values(logged, f"validation/sample_{sample}")
        assert sorted(pictures) == [2, 4]
        for picture in pictures.values():
            assert isinstance(picture, dict)
            order = ["frame_0", "sampled", "target", "frame_1", "error", "sampled_latents"]
            order += ["ceiling", "one_step"]
            names = [part.split(" ")[0] for part in picture["caption"].split(" | ")]
            assert names == order
            assert picture["caption"].count("LPIPS") == 3
            columns = cut(file.parent / "files" / picture["path"], len(order))
            assert columns.std(axis=(1, 2, 3)).min() > 1  # each shows something
        # The same sample at each validation: the truth is the same.
        first, second = (
            cut(file.parent / "files" / picture["path"], len(order))[2]
            for picture in pictures.values()
        )
        assert np.array_equal(first, second)

    kinds = [record.WhichOneof("record_type") for record in records(file)]
    assert kinds.index("artifact") < kinds.index("exit")  # not finished without its model
    artifacts = [record.artifact for record in records(file) if record.HasField("artifact")]
    # The newest version is "latest" anyway; so the last weights come after the best.
    assert [set(artifact.aliases) for artifact in artifacts] == [{"best", "latest"}, {"latest"}]
    assert {artifact.type for artifact in artifacts} == {"model"}
    names = {entry.path for entry in artifacts[-1].manifest.contents}
    assert "unet/config.json" in names


@pytest.mark.usefixtures("no_account")
def test_stage_1_records_the_use_of_the_codebook_and_a_resume_is_the_same_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    config = parse_config(AutoencoderConfig, ["--config", "configs/autoencoder/smoke.yaml"])
    config = dataclasses.replace(config, data=DATA, trainer=tracked(run, max_minutes=1e-6))
    train(AutoencoderModule(config), TripletData(config.data), config.trainer)
    config = dataclasses.replace(config, trainer=tracked(run, resume=True))
    train(AutoencoderModule(config), TripletData(config.data), config.trainer)

    files = sorted((run / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == 2
    assert {file.stem for file in files} == {f"run-{wandb_run_of(run)['id']}"}
    logged = history(files[1])
    for name in ("codes_in_use", "code_perplexity", "lpips_decoded", "psnr_alone"):
        assert max(values(logged, f"validation/{name}")) == 4
    assert "decoded (LPIPS" in values(logged, "validation/sample_1")[4]["caption"]  # type: ignore[index]
    exits = [next(r.exit.exit_code for r in records(file) if r.HasField("exit")) for file in files]
    assert exits == [0, 0]  # both ended well, and the model is in the record: synced, it is whole


@pytest.mark.usefixtures("no_account")
def test_a_training_that_ended_well_offline_is_recorded_as_such_and_one_that_failed_is_not(
    tmp_path: Path,
) -> None:
    def fail(update: int, loss: Tensor) -> Tensor:
        if update == 6:
            raise ZeroDivisionError
        return loss

    project = WandbConfig(project="tiny")
    fit(tiny_config(tmp_path / "well", logger="wandb", wandb=project))
    with pytest.raises(ZeroDivisionError):
        fit(tiny_config(tmp_path / "badly", logger="wandb", wandb=project), fail)
    for run, status in (("well", 0), ("badly", 1)):
        of_run = list(records(only_record(tmp_path / run)))
        assert [r.exit.exit_code for r in of_run if r.HasField("exit")] == [status]
        assert [r for r in of_run if r.HasField("artifact")]  # its model comes along


@pytest.mark.usefixtures("no_account")
def test_disabled_by_its_own_variable_it_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    wandb.teardown()  # W&B reads its variables once a process, and others were before
    run = tmp_path / "run"
    config = parse_config(AutoencoderConfig, ["--config", "configs/autoencoder/smoke.yaml"])
    config = dataclasses.replace(config, data=DATA, trainer=tracked(run))
    train(AutoencoderModule(config), TripletData(config.data), config.trainer)
    assert (run / "weights").is_dir()
    wandb.teardown()
    assert not list(run.rglob("*.wandb"))
    assert not wandb_run_of(run)


@pytest.mark.usefixtures("no_account")
def test_the_run_that_an_agent_chose_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_RUN_ID", "trial7")
    config = AutoencoderConfig()
    assert Wandb(tmp_path, config.trainer, config).version == "trial7"
