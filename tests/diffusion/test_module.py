"""What a training of stage 2 is built from must fit."""

import dataclasses
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from diffusion.codes import codes_of
from diffusion.config import DecoderConfig, DiffusionConfig, LossConfig, VariationConfig
from diffusion.module import DiffusionModule
from nakawari.training.config import DataConfig
from tests.builders.found_motion import moving
from tests.tiny import tiny_unet


@pytest.fixture
def config(autoencoder: VQAutoencoder, tmp_path: Path) -> DiffusionConfig:
    """Tiny weights of both stages to begin with, and crops that fit them."""
    autoencoder.save_pretrained(tmp_path / "autoencoder")
    tiny_unet().save_pretrained(tmp_path / "unet")
    return DiffusionConfig(
        autoencoder=str(tmp_path / "autoencoder"),
        unet=str(tmp_path / "unet"),
        data=DataConfig(height=32, width=64),
    )


def test_crops_fit_if_all_steps_have_whole_cells(config: DiffusionConfig) -> None:
    DiffusionModule(config)
    whole = dataclasses.replace(config, variation=VariationConfig(half_size_share=0.0))
    DiffusionModule(dataclasses.replace(whole, data=DataConfig(height=48, width=16)))


@pytest.mark.parametrize(("share", "height", "multiple"), [(0.5, 48, 32), (0.0, 80, 32)])
def test_crops_without_whole_cells_fail(
    config: DiffusionConfig, share: float, height: int, multiple: int
) -> None:
    if share == 0:  # an untrained one, of scales 4, 2 and 1
        config = dataclasses.replace(config, unet=None)
    config = dataclasses.replace(
        config,
        variation=VariationConfig(half_size_share=share),
        data=DataConfig(height=height, width=64),
    )
    with pytest.raises(ValueError, match=rf"multiples of {multiple} for steps .* got {height}x64"):
        DiffusionModule(config)


def test_a_unet_for_other_latents_fails(config: DiffusionConfig, tmp_path: Path) -> None:
    tiny_unet(latent_channels=4).save_pretrained(tmp_path / "other")
    with pytest.raises(ValueError, match=r"has 8 latent channels and the U-Net 4; they must come"):
        DiffusionModule(dataclasses.replace(config, unet=str(tmp_path / "other")))


def test_every_process_learns_at_the_same_size_whatever_its_own_chance(
    config: DiffusionConfig,
) -> None:
    # Otherwise the one with the smaller batch waits for the other.
    module = DiffusionModule(config)
    triplet = moving((-8.0, 0.0), (8.0, 0.0), height=32, width=64)

    def heights(seed: int) -> list[int]:
        torch.manual_seed(seed)
        found = []
        for step in range(16):
            module._lots.manual_seed(step)
            found.append(module._varied(triplet).frame_0.shape[-2])
        return found

    assert heights(seed=1) == heights(seed=2)
    assert 4 <= heights(seed=1).count(16) <= 12


def test_each_weight_is_trained_once_and_those_that_choose_at_a_rate_of_their_own(
    config: DiffusionConfig,
) -> None:
    module = DiffusionModule(dataclasses.replace(config, chooser_rate=3.0))
    (optimiser,), _ = module.configure_optimizers()
    highest = config.trainer.learning_rate
    rates = {id(p): g["initial_lr"] for g in optimiser.param_groups for p in g["params"]}
    assert len(rates) == sum(len(g["params"]) for g in optimiser.param_groups)
    assert rates == {
        id(p): (3.0 if name.startswith("chooser.") else 1.0) * highest
        for name, p in module.unet.named_parameters()
    }


@pytest.mark.parametrize("true_share", [0.0, 1.0])
def test_every_weight_learns_from_every_update(config: DiffusionConfig, true_share: float) -> None:
    # Several processes would otherwise have to search for those that do not.
    decoder = DecoderConfig(learning_rate=1e-4, true_share=true_share)
    variation = VariationConfig(half_size_share=0.0)  # LPIPS needs 31 px
    config = dataclasses.replace(
        config, loss=LossConfig(picture=1.0), decoder=decoder, variation=variation
    )
    module = DiffusionModule(config)
    triplet = moving((-8.0, 0.0), (8.0, 0.0), height=32, width=64)
    codes_0, codes, codes_1 = codes_of(triplet, module.autoencoder)
    triplet = triplet._replace(codes_0=codes_0, codes=codes, codes_1=codes_1)
    torch.stack(list(module._losses(triplet, []))).sum().backward()
    for trained in module._trained():
        assert [name for name, p in trained.named_parameters() if p.grad is None] == []
