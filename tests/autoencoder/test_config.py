"""Settings of stage 1 that make no sense are refused."""

from typing import Any

import pytest

from autoencoder.config import AutoencoderConfig, LossConfig


def test_a_decoder_alone_without_weights_fails() -> None:
    with pytest.raises(ValueError, match="leaves the encoder untrained; name weights to begin wi"):
        AutoencoderConfig(decoder_only=True)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"perceptual_net": "squeeze"}, "loss.perceptual_net must be alex or vgg, got squeeze"),
        ({"alone_share": 1.5}, r"loss.alone_share must be in \[0, 1\], got 1.5"),
    ],
)
def test_a_loss_that_does_not_exist_fails(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        LossConfig(**settings)
