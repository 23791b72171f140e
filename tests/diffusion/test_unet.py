"""The U-Net has the shape that DESIGN asks of it."""

from typing import Any

import pytest
import torch
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from diffusion.config import DiffusionConfig
from diffusion.unet import InBetweenUNet
from nakawari.training.config import parse_config
from tests.diffusion.conftest import conditions


def noisy() -> Tensor:
    return torch.randn(2, 8, 9, 11, generator=torch.Generator().manual_seed(3))


def test_untrained_it_stays_near_the_guess_and_all_of_it_can_learn() -> None:
    torch.manual_seed(0)
    unet = InBetweenUNet(latent_channels=8, channels=(16, 24), time_channels=32)
    known = conditions()
    clean = unet(noisy(), torch.rand(2), known)
    assert (clean - known.guess).square().mean() < 0.1
    clean.square().mean().backward()
    assert all(parameter.grad.abs().max() > 1e-7 for parameter in unet.parameters())


def test_the_first_stage_of_the_time_embedding_changes_the_output(unet: InBetweenUNet) -> None:
    # Stage one: the projection for the whole network. Every block's own projection stays.
    before = unet(noisy(), torch.tensor([0.5, 0.5]), conditions())
    unet.time_embedding.linear_1.weight.data += 0.5
    assert not torch.allclose(unet(noisy(), torch.tensor([0.5, 0.5]), conditions()), before)


def test_the_second_stage_of_the_time_embedding_changes_the_output(unet: InBetweenUNet) -> None:
    blocks = [block for block in unet.modules() if isinstance(block, ResnetBlock2D)]
    assert len(blocks) == 6
    for block in blocks:  # each block's own projection, one after the other
        before = unet(noisy(), torch.tensor([0.5, 0.5]), conditions())
        block.time_emb_proj.weight.data += 0.5
        assert not torch.allclose(unet(noisy(), torch.tensor([0.5, 0.5]), conditions()), before)


@pytest.mark.parametrize("which", ["timestep", "frame_time"])
def test_noise_level_and_frame_time_both_change_the_output(unet: InBetweenUNet, which: str) -> None:
    timestep, known = torch.tensor([0.5, 0.5]), conditions()
    before = unet(noisy(), timestep, known)
    if which == "timestep":
        timestep = timestep + 0.3
    else:
        known = known._replace(frame_time=known.frame_time + 0.3)
    assert not torch.allclose(unet(noisy(), timestep, known), before)


def test_it_goes_down_by_strided_convolution_and_pools_nowhere(unet: InBetweenUNet) -> None:
    assert len(unet.downsamplers) == 2
    for downsampler in unet.downsamplers:
        assert isinstance(downsampler, Downsample2D)
        assert isinstance(downsampler.conv, nn.Conv2d)
        assert downsampler.conv.stride == (2, 2)
    pools = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    assert not any(isinstance(module, pools) for module in unet.modules())


def test_skips_carry_the_features_after_each_downsampling(unet: InBetweenUNet) -> None:
    outputs: list[Tensor] = []
    inputs: list[Tensor] = []

    def keep_output(module: nn.Module, arguments: Any, output: Tensor) -> None:
        outputs.append(output)

    def keep_input(module: nn.Module, arguments: Any) -> None:
        inputs.append(arguments[0])

    for module in (unet.enter, *unet.downsamplers):
        module.register_forward_hook(keep_output)
    for blocks in unet.up_blocks:
        blocks[0].register_forward_pre_hook(keep_input)
    unet(noisy(), torch.rand(2), conditions())
    for skip, joined in zip(reversed(outputs), inputs, strict=True):
        assert torch.equal(joined[:, -skip.shape[1] :], skip)


def test_any_latent_size_goes_through(unet: InBetweenUNet) -> None:
    for height, width in ((1, 1), (5, 3), (8, 8)):
        known = conditions(1, 8, height, width)
        assert unet(known.guess, torch.rand(1), known).shape == (1, 8, height, width)


def test_the_shipped_six_level_config_builds_and_takes_a_training_step() -> None:
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/six_levels.yaml"])
    assert len(config.model.channels) == 6
    unet = InBetweenUNet(
        latent_channels=8,
        channels=config.model.channels,
        blocks_per_level=config.model.blocks_per_level,
        time_channels=config.model.time_channels,
        noise_scale=config.model.noise_scale,
    )
    assert len(unet.downsamplers) == 5
    optimiser = torch.optim.AdamW(unet.parameters(), lr=1e-3)
    target = torch.zeros(1, 8, 64, 64)
    known = conditions(1, 8, 64, 64)
    losses = []
    for _ in range(2):
        loss = (unet(known.guess, torch.rand(1), known) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]


def test_channels_that_groups_do_not_divide_fail() -> None:
    with pytest.raises(ValueError, match="two or more multiples of eight"):
        InBetweenUNet(channels=(12, 24))
