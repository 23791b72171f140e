"""Both stages train end to end, in seconds: they learn, stop, resume and leave their weights."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from autoencoder import VQAutoencoder
from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from diffusion import FrameInterpolationPipeline
from diffusion.config import DecoderConfig
from diffusion.module import DiffusionModule
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train
from tests.builders.trainings import (
    autoencoder_config,
    diffusion_config,
    fit_autoencoder,
    fit_diffusion,
    fit_with,
    logged,
)
from tests.training.process import arguments


@pytest.fixture(scope="module")
def stage_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("autoencoder")
    fit_autoencoder(autoencoder_config(run, max_updates=24, validate_every=12))
    return run


def test_stage_1_learns(tmp_path: Path) -> None:
    length = {"max_updates": 36, "validate_every": 36, "first_validation": 1}
    fit_autoencoder(autoencoder_config(tmp_path, **length))
    losses = logged(tmp_path, "validation/loss")
    assert losses[-1] < 0.85 * losses[0]


def test_stage_1_leaves_weights_state_and_pictures(stage_1: Path) -> None:
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


def test_a_decoder_may_be_trained_alone(stage_1: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(
        autoencoder_config(tmp_path, max_updates=2, validate_every=2),
        weights=str(stage_1 / "weights"),
        decoder_only=True,
    )
    module = AutoencoderModule(config)
    before = {name: tensor.clone() for name, tensor in module.model.state_dict().items()}
    train(module, TripletData(config.data), config.trainer)
    changed = {
        name.partition(".")[0]
        for name, tensor in module.model.state_dict().items()
        if not torch.equal(tensor, before[name])
    }
    assert changed == {"decoder"}
    VQAutoencoder.from_pretrained(tmp_path / "weights")


def test_stage_1_tells_how_it_draws_whatever_motion_is_given(stage_1: Path) -> None:
    for name in ("decoded", "no_motion", "zero_motion", "wrong_motion", "alone", "blend"):
        for metric in ("lpips", "psnr"):
            assert len(logged(stage_1, f"validation/{metric}_{name}")) == 2


@pytest.mark.parametrize("picture", [0.0, 1.0])
def test_stage_2_trains_on_what_stage_1_left(stage_1: Path, tmp_path: Path, picture: float) -> None:
    config = diffusion_config(
        tmp_path, stage_1 / "weights", max_updates=4, validate_every=2, log_every=1
    )
    loss = dataclasses.replace(config.loss, picture=picture)
    # A batch of either size, so that both meet the codes that they need.
    varied = dataclasses.replace(config.variation, half_size_share=0.5, extra_step_share=0.5)
    module = fit_diffusion(dataclasses.replace(config, loss=loss, variation=varied))
    frozen = VQAutoencoder.from_pretrained(stage_1 / "weights").state_dict()
    for name, tensor in module.autoencoder.state_dict().items():
        assert torch.equal(tensor, frozen[name]), name
    torch.manual_seed(config.trainer.seed)
    untrained = DiffusionModule(config).unet.state_dict()
    learnt = module.unet.state_dict()
    assert all(not torch.equal(learnt[name], untrained[name]) for name in ("enter.weight",))
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "weights")
    frame = torch.zeros(1, 3, 32, 48)
    assert pipeline(frame, frame).shape == frame.shape
    for name in ("sampled", "one_step", "mean", "ceiling", "blend"):
        for metric in ("lpips", "psnr"):
            assert len(logged(tmp_path, f"validation/{metric}_{name}")) == 2
    for name in ("latent_error", "codes_right", "motion_error", "visible_right"):
        baseline = {"motion_error": "of_none", "visible_right": "of_all"}.get(name, "of_mean")
        assert len(logged(tmp_path, f"validation/{name}")) == 2
        before, after = logged(tmp_path, f"validation/{name}_{baseline}")
        assert before == after  # what knowing nothing gives does not move with the U-Net
    assert bool(logged(tmp_path, "train/picture_pixels")) == bool(picture)


def test_stage_2_may_train_the_decoder_alone_or_both(stage_1: Path, tmp_path: Path) -> None:
    first = diffusion_config(tmp_path / "unet", stage_1 / "weights", max_updates=1)
    fit_diffusion(first)
    config = diffusion_config(tmp_path / "both", stage_1 / "weights", max_updates=2)
    config = dataclasses.replace(
        config,
        unet=str(tmp_path / "unet" / "weights" / "unet"),
        train_unet=False,
        loss=dataclasses.replace(config.loss, picture=1.0),
        decoder=DecoderConfig(learning_rate=1e-3),
    )
    unet = DiffusionModule(config).unet.state_dict()
    stage_1_was = VQAutoencoder.from_pretrained(stage_1 / "weights").state_dict()
    for both in (False, True):
        run = dataclasses.replace(config.trainer, run=str(tmp_path / f"both_{both}"))
        module = fit_diffusion(dataclasses.replace(config, train_unet=both, trainer=run))
        learnt = module.unet.state_dict()
        assert all(torch.equal(learnt[name], unet[name]) for name in unet) != both
        changed = {
            name.partition(".")[0]
            for name, tensor in module.autoencoder.state_dict().items()
            if not torch.equal(tensor, stage_1_was[name])
        }
        assert changed == {"decoder"}


def test_the_command_of_stage_2_learns_to_find_motion_and_latents(
    stage_1: Path, tmp_path: Path
) -> None:
    settings = {
        "config": "configs/diffusion/smoke.yaml",
        "autoencoder": stage_1 / "weights",
        # Four cels that come again and again, as they are: so few updates learn little of more.
        "data.cels": 4,
        "data.visits": 1,
        "data.store": tmp_path / "store",
        "data.batch_size": 4,
        "data.workers": 0,
        "data.validation_samples": 1,
        "variation.half_size_share": 0.0,
        "variation.backwards_share": 0.0,
        "trainer.run": tmp_path / "run",
        "trainer.max_updates": 30,
        "trainer.validate_every": 30,
        "trainer.log_every": 1,
    }
    said = subprocess.run(
        [sys.executable, "diffusion/train.py", *(f"--{n}={v}" for n, v in settings.items())],
        env=os.environ | {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    losses = [
        sum(terms)
        for terms in zip(
            *(logged(tmp_path / "run", f"train/{name}") for name in ("latents", "motion")),
            strict=True,
        )
    ]
    assert len(losses) == 30
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])
    FrameInterpolationPipeline.from_pretrained(tmp_path / "run" / "weights")


def test_a_state_of_another_architecture_fails(stage_1: Path) -> None:
    config = autoencoder_config(stage_1, resume=True)
    model = dataclasses.replace(config.model, match_channels=24)
    before = (stage_1 / "last.ckpt").read_bytes()
    with pytest.raises(UserError, match=r"is of another architecture: model.decoder.* there and"):
        fit_autoencoder(dataclasses.replace(config, model=model))
    assert (stage_1 / "last.ckpt").read_bytes() == before


def test_a_state_that_is_none_fails(tmp_path: Path) -> None:
    for content in (b"", b"not a state", b"PK but no archive"):
        (tmp_path / "last.ckpt").write_bytes(content)
        with pytest.raises(
            UserError, match=r"last.ckpt is not a training state \(.*choose another"
        ):
            fit_autoencoder(autoencoder_config(tmp_path, resume=True))


def test_an_error_amid_an_update_costs_that_update_alone(stage_1: Path, tmp_path: Path) -> None:
    length = {"max_updates": 24, "validate_every": 12}

    def fail(update: int) -> None:
        if update == 7:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit_with(autoencoder_config(tmp_path, **length), before_update=fail)
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 7
    fit_autoencoder(autoencoder_config(tmp_path, **length, resume=True))
    assert logged(tmp_path, "validation/loss") == logged(stage_1, "validation/loss")
    assert logged(tmp_path, "step") == logged(stage_1, "step")


def test_accumulated_batches_make_one_update(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = autoencoder_config(tmp_path, max_updates=2, validate_every=2, accumulate=3)
    sizes = list[int]()
    module = AutoencoderModule(config)
    judge = module._judge

    def watched(triplet: Triplet, critic: object) -> object:
        sizes.append(len(triplet.target))
        return judge(triplet, critic)  # type: ignore[arg-type]

    module._judge = watched  # type: ignore[method-assign, assignment]
    train(module, TripletData(config.data, config.trainer.accumulate), config.trainer)
    assert sizes == [2] * 6
    assert "effective batch 6, learning rate 0.001" in capsys.readouterr().out
    assert torch.load(tmp_path / "last.ckpt", weights_only=True)["global_step"] == 2


def test_settings_are_kept_with_the_run_and_can_be_read_again(stage_1: Path) -> None:
    config = parse_config(AutoencoderConfig, ["--config", str(stage_1 / "config.yaml")])
    assert config == autoencoder_config(stage_1, max_updates=24, validate_every=12)


def test_a_trace_is_written(tmp_path: Path) -> None:
    fit_autoencoder(autoencoder_config(tmp_path, max_updates=6, validate_every=6, profile=2))
    trace = json.loads((tmp_path / "trace.json").read_text())
    names = {event["name"] for event in trace["traceEvents"]}
    assert "aten::conv2d" in names


def test_measuring_tells_speed_and_share_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    fit_autoencoder(autoencoder_config(run, measure=2))
    told = capsys.readouterr().out
    speed = re.search(r"([\d.]+) samples/s with the data, ([\d.]+) without", told)
    share = re.search(r"([\d.]+) GFLOP an update, .*: (\d+)% of its convolutions", told)
    assert speed
    assert share
    assert 0 < float(speed[1]) <= float(speed[2])
    assert float(share[1]) > 0
    assert 0 < int(share[2]) <= 110
    assert not run.exists()


def test_networks_are_laid_out_and_translated_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    translated = list[torch.nn.Module]()
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: translated.append(module))
    config = autoencoder_config(
        tmp_path, max_updates=1, validate_every=1, compile=True, channels_last=True
    )
    module = AutoencoderModule(config)
    train(module, TripletData(config.data), config.trainer)
    assert translated == [module.model.encoder, module.model.decoder]
    kernel = next(p for p in module.model.parameters() if p.ndim == 4 and p.shape[1] > 1)
    assert kernel.is_contiguous(memory_format=torch.channels_last)


def test_training_imports_neither_av_nor_wandb_unasked(tmp_path: Path) -> None:
    code = (
        "import sys; from autoencoder.train import main; import diffusion.train; "
        "main(sys.argv[1:]); print(sorted({'av', 'wandb'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, *arguments(tmp_path, trainer__max_updates=1)],
        env=os.environ | {"PYTHONPATH": ".", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.splitlines()[-1] == "[]"


def test_tensorboard_has_the_metrics_and_the_pictures_of_each_sample(tmp_path: Path) -> None:
    config = autoencoder_config(tmp_path, max_updates=2, validate_every=1, logger="tensorboard")
    fit_autoencoder(config)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("validation/loss")] == [1, 2]
    samples = [f"validation/sample_{number}" for number in range(2)]  # of the first batch
    assert events.Tags()["images"] == samples
    assert [image.step for image in events.Images(samples[1])] == [1, 2]
    assert len(logged(tmp_path, "validation/loss")) == 2  # and so has the CSV file
