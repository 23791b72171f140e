"""Both stages train end to end, in seconds: they learn, stop, resume and leave their weights."""

import csv
import dataclasses
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion import FrameInterpolationPipeline
from diffusion.config import DiffusionConfig
from diffusion.module import DiffusionModule
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train


def autoencoder_config(run: Path, **trainer: object) -> AutoencoderConfig:
    config = parse_config(AutoencoderConfig, ["--config", "configs/autoencoder/smoke.yaml"])
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, workers=0, validation_samples=4, batch_size=2),
        trainer=dataclasses.replace(config.trainer, run=str(run), **trainer),  # type: ignore[arg-type]
    )


def fit_autoencoder(config: AutoencoderConfig) -> None:
    torch.manual_seed(config.trainer.seed)
    train(AutoencoderModule(config), TripletData(config.data), config.trainer)


def figures(run: Path, name: str) -> list[float]:
    with (run / "figures" / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


@pytest.fixture(scope="module")
def stage_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("autoencoder")
    fit_autoencoder(autoencoder_config(run, max_updates=24, validate_every=12))
    return run


def test_stage_1_learns_and_leaves_weights_state_and_pictures(stage_1: Path) -> None:
    losses = figures(stage_1, "validation/loss")
    assert len(losses) == 2
    assert losses[-1] < losses[0]
    VQAutoencoder.from_pretrained(stage_1 / "weights")
    assert (stage_1 / "last.ckpt").is_file()
    assert len(list((stage_1 / "pictures").glob("*.png"))) == 2
    assert not list(stage_1.glob("*.new"))


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(
    stage_1: Path, tmp_path: Path
) -> None:
    length = {"max_updates": 24, "validate_every": 12}
    fit_autoencoder(autoencoder_config(tmp_path, **length, max_minutes=1e-6))
    first_stint = torch.load(tmp_path / "last.ckpt", weights_only=False)["global_step"]
    assert 0 < first_stint < 24
    fit_autoencoder(autoencoder_config(tmp_path, **length, resume=True))
    whole = VQAutoencoder.from_pretrained(stage_1 / "weights").state_dict()
    resumed = VQAutoencoder.from_pretrained(tmp_path / "weights").state_dict()
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


def test_a_folder_that_holds_a_training_fails(stage_1: Path) -> None:
    with pytest.raises(UserError, match=r"already holds a training; go on with --trainer.resume"):
        fit_autoencoder(autoencoder_config(stage_1))


def test_the_adversarial_loss_joins_in(tmp_path: Path) -> None:
    config = autoencoder_config(tmp_path, max_updates=3, validate_every=3)
    loss = dataclasses.replace(config.loss, adversarial=0.1, adversarial_start=1)
    config = dataclasses.replace(config, loss=loss)
    module = AutoencoderModule(config)
    assert module.discriminator is not None
    before = [parameter.clone() for parameter in module.discriminator.parameters()]
    train(module, TripletData(config.data), config.trainer)
    after = module.discriminator.parameters()
    assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
    state = torch.load(tmp_path / "last.ckpt", weights_only=False)
    assert state["global_step"] == 3  # the discriminator's steps are not updates


@pytest.mark.parametrize("decoded", [0.0, 1.0])
def test_stage_2_trains_on_what_stage_1_left(stage_1: Path, tmp_path: Path, decoded: float) -> None:
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/smoke.yaml"])
    config = dataclasses.replace(
        config,
        autoencoder=str(stage_1 / "weights"),
        loss=dataclasses.replace(config.loss, pixels=decoded, perceptual=decoded, motion=decoded),
        data=dataclasses.replace(config.data, workers=0, validation_samples=4, batch_size=2),
        trainer=dataclasses.replace(
            config.trainer, run=str(tmp_path), max_updates=4, validate_every=2
        ),
    )
    module = DiffusionModule(config)
    frozen = {name: t.clone() for name, t in module.autoencoder.state_dict().items()}
    start = [parameter.clone() for parameter in module.unet.parameters()]
    train(module, TripletData(config.data), config.trainer)
    for name, tensor in module.autoencoder.state_dict().items():
        assert torch.equal(tensor, frozen[name]), name
    learnt = module.unet.parameters()
    assert any(not torch.equal(old, new) for old, new in zip(start, learnt, strict=True))
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "weights")
    frame = torch.zeros(1, 3, 32, 48)
    assert pipeline(frame, frame).shape == frame.shape
    assert len(figures(tmp_path, "validation/lpips_random")) == 2
