"""Tuning the decoder: what latents it is given, what it learns from, and what stays as it was."""

import dataclasses
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from autoencoder.config import DecodingLossConfig
from diffusion import FrameInterpolationPipeline, InBetweenUNet
from diffusion.alignment import align, observe
from diffusion.config import DecoderConfig, DiffusionConfig
from diffusion.module import DiffusionModule
from diffusion.tuning import mixed_latents, tuned_decoder, tuning_terms
from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.triplet import Triplet, as_frames
from nakawari.metrics import load_lpips
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.optimisation import weighted_sum
from nakawari.training.run import train
from tests.diffusion.conftest import conditions
from tests.tiny import tiny_autoencoder

ONLY = {"true_share": 0.0, "aligned_share": 0.0, "sampled_share": 0.0, "noisy_share": 0.0}


def only(share: str) -> DecoderConfig:
    return DecoderConfig(**(ONLY | {share: 1.0}))


def drawn_triplet(batch: int = 2) -> Triplet:
    dataset = CelDataset(CelConfig(height=64, width=64))
    return as_frames(torch.utils.data.default_collate([dataset[index] for index in range(batch)]))


def test_each_share_gives_its_latents(unet: InBetweenUNet) -> None:
    known, target = conditions(), torch.randn(2, 8, 9, 11)
    assert torch.equal(mixed_latents(unet, known, target, only("true_share")), target)
    assert torch.equal(mixed_latents(unet, known, target, only("aligned_share")), known.guess)
    sampled = mixed_latents(unet, known, target, only("sampled_share"))
    assert not torch.equal(sampled, known.guess)
    noisy = mixed_latents(unet, known, target, only("noisy_share"))
    assert not torch.equal(noisy, target)
    assert (noisy - target).std() < unet.config.noise_scale


def test_the_unet_is_not_run_where_nothing_is_sampled(
    unet: InBetweenUNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unet, "forward", None)
    config = DecoderConfig(true_share=0.5, aligned_share=0.5, sampled_share=0, noisy_share=0)
    mixed_latents(unet, conditions(), torch.randn(2, 8, 9, 11), config)


def test_the_loss_on_guessed_latents_falls_and_encoder_and_codebook_stay(
    autoencoder: VQAutoencoder, unet: InBetweenUNet
) -> None:
    triplet, config = drawn_triplet(), only("aligned_share")
    perceptual = load_lpips("alex", None)
    before = {name: tensor.clone() for name, tensor in autoencoder.state_dict().items()}
    autoencoder.requires_grad_(False).decoder.requires_grad_(True)
    optimiser = torch.optim.Adam(autoencoder.decoder.parameters(), lr=3e-3)
    totals = []
    for _ in range(8):
        interval = observe(autoencoder, triplet.frame_0, triplet.frame_1)
        with torch.no_grad():
            known = align(autoencoder, interval, triplet.frame_time)
        latents = mixed_latents(unet, known, known.guess, config)
        terms = tuning_terms(
            autoencoder, interval, known.motion, latents, triplet, perceptual, config
        )
        assert set(terms) == {f.name for f in dataclasses.fields(DecodingLossConfig)} - {"lines"}
        total = weighted_sum(terms, config.loss)
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())
    assert totals[-1] < 0.9 * totals[0]
    for name, tensor in autoencoder.state_dict().items():
        if not name.startswith("decoder."):
            assert torch.equal(tensor, before[name]), name


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of untrained weights of both stages."""
    folder = tmp_path_factory.mktemp("stages")
    tiny_autoencoder().save_pretrained(folder / "autoencoder")
    unet = InBetweenUNet(latent_channels=8, channels=(16, 24), time_channels=32)
    unet.save_pretrained(folder / "unet")
    return folder


def tuning_config(stages: Path, run: Path, **trainer: object) -> DiffusionConfig:
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/smoke.yaml"])
    return dataclasses.replace(
        config,
        autoencoder=str(stages / "autoencoder"),
        unet=str(stages / "unet"),
        decoder=DecoderConfig(learning_rate=1e-3),
        data=dataclasses.replace(config.data, workers=0, validation_samples=2, batch_size=2),
        trainer=dataclasses.replace(
            config.trainer,
            **{"run": str(run), "max_updates": 4, "validate_every": 4} | trainer,  # type: ignore[arg-type]
        ),
    )


def fit(config: DiffusionConfig) -> DiffusionModule:
    torch.manual_seed(config.trainer.seed)
    module = DiffusionModule(config)
    train(module, TripletData(config.data), config.trainer)
    return module


def test_both_train_resume_and_are_exported(stages: Path, tmp_path: Path) -> None:
    whole = fit(tuning_config(stages, tmp_path / "whole"))
    first_stint = tuning_config(stages, tmp_path / "stints", max_minutes=1e-6)
    fit(first_stint)
    state = torch.load(tmp_path / "stints" / "last.ckpt", weights_only=False)
    assert 0 < state["global_step"] < 4
    fit(tuning_config(stages, tmp_path / "stints", resume=True))

    pipelines = [
        FrameInterpolationPipeline.from_pretrained(tmp_path / run / "weights")
        for run in ("whole", "stints")
    ]
    for part in ("unet", "autoencoder"):
        states = [getattr(pipeline, part).state_dict() for pipeline in pipelines]
        for name, tensor in states[0].items():
            assert torch.equal(tensor, states[1][name]), name
    # What was exported is the average, not what is trained.
    whole.average.apply()
    for name, tensor in whole.autoencoder.state_dict().items():
        assert torch.equal(tensor, pipelines[0].autoencoder.state_dict()[name]), name
    whole.average.leave()

    began = VQAutoencoder.from_pretrained(stages / "autoencoder").state_dict()
    ended = pipelines[0].autoencoder.state_dict()
    changed = {name for name, tensor in began.items() if not torch.equal(tensor, ended[name])}
    assert changed
    assert all(name.startswith("decoder.") for name in changed)
    unet = InBetweenUNet.from_pretrained(stages / "unet").state_dict()
    assert any(not torch.equal(t, pipelines[0].unet.state_dict()[n]) for n, t in unet.items())


def test_the_decoder_alone_leaves_the_unet_as_it_was(stages: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(
        tuning_config(stages, tmp_path), train_unet=False, decoder=tuned(only("aligned_share"))
    )
    fit(config)
    pipeline = FrameInterpolationPipeline.from_pretrained(tmp_path / "weights")
    began = InBetweenUNet.from_pretrained(stages / "unet").state_dict()
    for name, tensor in pipeline.unet.state_dict().items():
        assert torch.equal(tensor, began[name]), name


def tuned(config: DecoderConfig) -> DecoderConfig:
    return dataclasses.replace(config, learning_rate=1e-3)


def test_senseless_settings_fail(stages: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"decoder.learning_rate must not be negative, got -1"):
        DecoderConfig(learning_rate=-1.0)
    with pytest.raises(ValueError, match=r"decoder.steps must be at least 1, got 0"):
        DecoderConfig(steps=0)
    with pytest.raises(ValueError, match=r"must sum to one, got 0.5, 0.35, 0.35, 0.05"):
        DecoderConfig(true_share=0.5)
    with pytest.raises(ValueError, match=r"name weights with unet"):
        DiffusionConfig(train_unet=False)
    with pytest.raises(ValueError, match=r"leave nothing to train; set either"):
        DiffusionConfig(train_unet=False, unet="somewhere")


def test_a_unet_of_other_latents_fails(stages: Path, tmp_path: Path) -> None:
    InBetweenUNet(latent_channels=4, channels=(8, 8)).save_pretrained(tmp_path)
    config = dataclasses.replace(tuning_config(stages, tmp_path), unet=str(tmp_path))
    with pytest.raises(ValueError, match=r"has 4 latent channels and the autoencoder in .* 8"):
        DiffusionModule(config)


def test_only_the_parts_named_are_tuned(autoencoder: VQAutoencoder) -> None:
    autoencoder.requires_grad_(False)
    decoder = tuned_decoder(autoencoder, DecoderConfig(learning_rate=1e-3, only=("compose",)))
    trained = {name for name, p in decoder.named_parameters() if p.requires_grad}
    assert trained == {f"compose.{name}" for name, _ in decoder.compose.named_parameters()}
    assert not any(p.requires_grad for p in autoencoder.encoder.parameters())


def test_a_part_that_is_none_is_refused(autoencoder: VQAutoencoder) -> None:
    with pytest.raises(ValueError, match=r"no part of the decoder: nose; it has .*compose"):
        tuned_decoder(autoencoder, DecoderConfig(learning_rate=1e-3, only=("nose",)))
