"""What a training of stage 1 begins with, and what of it may change."""

import dataclasses
from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder
from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule


@pytest.fixture
def config(tiny: VQAutoencoder, tmp_path: Path) -> AutoencoderConfig:
    tiny.save_pretrained(tmp_path)
    return AutoencoderConfig(weights=str(tmp_path))


def test_weights_to_begin_with_are_gone_on_with_codebook_and_all(
    config: AutoencoderConfig, tiny: VQAutoencoder
) -> None:
    model = AutoencoderModule(config).model
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    for name, tensor in tiny.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name


def test_encoder_and_codebook_may_be_left_as_they_are(config: AutoencoderConfig) -> None:
    model = AutoencoderModule(dataclasses.replace(config, decoder_only=True)).model
    assert all(module.training for module in model.decoder.modules())
    assert not any(module.training for module in model.quantiser.modules())
    assert not any(module.training for module in model.encoder.modules())
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert {name.partition(".")[0] for name in learning} == {"decoder"}
