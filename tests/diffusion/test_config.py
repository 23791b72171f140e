"""Settings of stage 2 that make no sense are refused."""

import dataclasses
from typing import Any

import pytest

from diffusion.config import DecoderConfig, DiffusionConfig, LossConfig, VariationConfig


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(VariationConfig)])
def test_a_share_that_is_none_fails(name: str) -> None:
    for share in (-0.1, 1.1):
        with pytest.raises(ValueError, match=rf"variation.{name} must be in \[0, 1\], got {share}"):
            VariationConfig(**{name: share})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"learning_rate": -1.0}, "decoder.learning_rate must not be negative, got -1.0"),
        ({"true_share": 1.5}, r"decoder.true_share must be in \[0, 1\], got 1.5"),
        ({"perceptual_net": "squeeze"}, "decoder.perceptual_net must be alex or vgg, got squeeze"),
    ],
)
def test_a_decoder_that_cannot_learn_so_fails(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DecoderConfig(**settings)


def test_a_decoder_without_pictures_to_learn_from_fails() -> None:
    with pytest.raises(ValueError, match=r"needs decoded frames to learn from; set loss.picture"):
        DiffusionConfig(decoder=DecoderConfig(learning_rate=1e-4))


def test_a_chooser_that_cannot_learn_fails() -> None:
    with pytest.raises(ValueError, match="chooser_rate must be positive, got 0"):
        DiffusionConfig(chooser_rate=0)


def test_an_untrained_unet_that_is_not_to_be_trained_fails() -> None:
    with pytest.raises(ValueError, match="leaves the U-Net untrained; name weights with unet"):
        DiffusionConfig(train_unet=False)


def test_nothing_to_train_fails() -> None:
    with pytest.raises(ValueError, match="leave nothing to train; set either"):
        DiffusionConfig(train_unet=False, unet="somewhere", loss=LossConfig(picture=1.0))
