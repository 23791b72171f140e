"""The U-Net has the shape that its docstring promises."""

from dataclasses import asdict
from typing import Any

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from diffusion.bridge import denoise
from diffusion.conditions import Estimate, both_warped
from diffusion.config import DiffusionConfig
from diffusion.losses import step_terms
from diffusion.search import Logits, classes
from diffusion.unet import InBetweenUNet, check_sizes
from nakawari.motion.warping import along, flow_of
from nakawari.training.config import parse_config
from tests.builders.found_motion import moving
from tests.diffusion.conftest import aligned, around, compared, conditions, estimate, undecided
from tests.tiny import tiny_autoencoder, tiny_unet


def step(
    unet: InBetweenUNet,
    timestep: float = 0.5,
    frame_time: float = 0.5,
    motion: Tensor | None = None,
) -> Estimate:
    """Make one step from what ``conftest`` has, or from other motion."""
    noisy = torch.randn(2, 8, 8, 12, generator=torch.Generator().manual_seed(3))
    levels = torch.full((2,), timestep), torch.full((2,), frame_time)
    so_far = estimate() if motion is None else estimate()._replace(motion=motion)
    return unet(noisy, *levels, around(), aligned(), so_far, undecided(), 1)


def test_a_cell_in_doubt_votes_for_motion_and_the_whole_picture_for_rest(
    unet: InBetweenUNet,
) -> None:
    radius = unet.config.search_radius
    still = classes(torch.zeros(1, 2, 8, 12), radius)
    moving = classes(torch.full((1, 2, 8, 12), 2.0), radius)
    # Nearly as much speaks for two cells to the right and down as for rest.
    said = 10 * (still + 0.9 * moving)
    found = unet.votes(Logits(said, said))
    torch.testing.assert_close(found.flow, torch.full((1, 2, 8, 12), 2.0), atol=0.1, rtol=0)
    rest = found.everywhere.flatten().argmax()
    assert rest == found.everywhere.shape[1] // 2


def test_untrained_it_stays_near_its_guess_and_all_of_it_can_learn() -> None:
    unet = tiny_unet()
    known = conditions()
    known = known._replace(features_1=known.features_0)  # nothing moves
    known = compared(known, unet.search)
    found = denoise(unet, FlowMatchEulerDiscreteScheduler(), known, torch.randn(1, 8, 8, 12))
    mean = (known.latents_0 + known.latents_1) / 2
    assert (found.latents - mean).square().mean() < 0.1
    assert found.fine.motion.abs().max() < 1
    last = found.steps[-1]
    assert last.choice is not None
    choice = last.choice.logits
    answers = (last.latents, last.motion, last.visible, choice, *found.logits, *found.fine)
    torch.stack([answer.square().mean() for answer in answers]).sum().backward()
    assert all(parameter.grad.abs().max() > 0 for parameter in unet.parameters())


def test_the_first_stage_of_the_time_embedding_changes_every_answer(unet: InBetweenUNet) -> None:
    # Stage one: the projection for the whole network. Every block's own projection stays.
    before = step(unet)
    unet.time_embedding.linear_1.weight.data += 0.5
    for name, maps in step(unet)._asdict().items():
        if name != "choice":  # which is made before the step
            assert not torch.allclose(maps, getattr(before, name)), name


def test_the_second_stage_of_the_time_embedding_changes_the_answer(unet: InBetweenUNet) -> None:
    # The search, which knows no time, has blocks without one.
    blocks = [
        block
        for part in (unet.down_blocks, unet.up_blocks)
        for block in part.modules()
        if isinstance(block, ResnetBlock2D)
    ]
    assert len(blocks) == 4
    for block in blocks:  # each block's own projection, one after the other
        before = step(unet).latents
        block.time_emb_proj.weight.data += 0.5
        assert not torch.allclose(step(unet).latents, before)


def test_noise_level_and_frame_time_both_change_the_answer(unet: InBetweenUNet) -> None:
    before = step(unet)
    assert not torch.allclose(step(unet, timestep=0.8).latents, before.latents)
    assert not torch.allclose(step(unet, frame_time=0.8).motion, before.motion)


def test_it_goes_down_by_strided_convolution_and_pools_nowhere(unet: InBetweenUNet) -> None:
    assert len(unet.downsamplers) == 1
    for downsampler in unet.downsamplers:
        assert isinstance(downsampler, Downsample2D)
        assert isinstance(downsampler.conv, nn.Conv2d)
        assert downsampler.conv.stride == (2, 2)
    pools = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    assert not any(isinstance(module, pools) for module in unet.modules())


def test_skips_carry_the_features_after_each_downsampling() -> None:
    unet = tiny_unet(channels=(8, 16, 24))
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
    step(unet)
    assert len(outputs) == 3
    for skip, joined in zip(reversed(outputs), inputs, strict=True):
        assert torch.equal(joined[:, -skip.shape[1] :], skip)


@pytest.mark.parametrize(("height", "width"), [(1, 2), (5, 3), (8, 8)])
def test_any_latent_size_goes_through(unet: InBetweenUNet, height: int, width: int) -> None:
    size = (1, height, width)
    half = torch.full((1,), 0.5)
    noisy = torch.randn(1, 8, height, width)
    given = (around(*size), aligned(*size), estimate(*size), undecided(*size))
    found = unet(noisy, half, half, *given, 1)
    assert found.latents.shape == (1, 8, height, width)
    assert found.motion.shape == (1, 4, height, width)


def test_everything_goes_evenly_from_frame_to_frame(unet: InBetweenUNet) -> None:
    frame_time = torch.tensor([0.25, 0.75])
    found = unet(
        torch.randn(2, 8, 8, 12),
        *(frame_time, frame_time),
        *(around(), aligned(), estimate(), undecided()),
        1,
    )
    flow = flow_of(found.motion)
    assert flow.abs().max() > 1
    torch.testing.assert_close(found.motion[0], torch.cat([-flow / 4, 3 * flow / 4], dim=1)[0])
    torch.testing.assert_close(found.motion[1], torch.cat([-3 * flow / 4, flow / 4], dim=1)[1])
    fine = unet.refine(found, frame_time).motion
    torch.testing.assert_close(fine, along(flow_of(fine), frame_time))


def test_motion_and_share_are_corrections_of_what_was_known_before(unet: InBetweenUNet) -> None:
    nn.init.zeros_(unet.answer.weight)
    nn.init.zeros_(unet.answer.bias)
    found, before = step(unet, motion=estimate().motion / 16), estimate()
    before = before._replace(motion=before.motion / 16)
    torch.testing.assert_close(found.motion, before.motion)
    torch.testing.assert_close(found.share, before.share)
    share = before.share.sigmoid()
    fetched_0, fetched_1 = both_warped(*around(), before.motion)
    torch.testing.assert_close(found.latents, share * fetched_0 + (1 - share) * fetched_1)


def test_the_latents_are_a_correction_of_what_lies_along_the_new_motion(
    unet: InBetweenUNet,
) -> None:
    unet.answer.weight.data[5:] = 0.0  # of the latents, which come last
    unet.answer.bias.data[5:] = 0.25
    found = step(unet)
    assert not torch.allclose(found.motion, estimate().motion, atol=0.5)
    fetched_0, fetched_1 = both_warped(*around(), found.motion)
    drawn = torch.lerp(fetched_1, fetched_0, found.share.sigmoid())
    torch.testing.assert_close(found.latents, drawn + 0.25)


def test_the_motion_is_judged_by_itself_and_not_by_the_latents(unet: InBetweenUNet) -> None:
    step(unet).latents.square().mean().backward()
    of_flow, of_visible, of_share, of_latents = unet.answer.weight.grad.split([2, 2, 1, 8])
    assert not of_flow.any()
    assert not of_visible.any()
    assert of_share.any()
    assert of_latents.any()


def test_the_fine_motion_is_the_last_ones_in_pixels_at_a_quarter(unet: InBetweenUNet) -> None:
    nn.init.zeros_(unet.fine[-1].weight)
    nn.init.zeros_(unet.fine[-1].bias)
    frame_time = torch.tensor([0.25, 0.5])
    flow = torch.full((2, 2, 8, 12), 4.0)
    fine = unet.refine(estimate()._replace(motion=along(flow, frame_time)), frame_time)
    twice = torch.full((2, 2, 16, 24), 8.0)
    torch.testing.assert_close(fine.motion, along(twice, frame_time))
    assert fine.share.shape == (2, 1, 16, 24)


def test_the_shipped_six_level_config_builds_and_takes_a_training_step() -> None:
    config = parse_config(DiffusionConfig, ["--config", "configs/diffusion/six_levels.yaml"])
    assert len(config.model.channels) == 6
    torch.manual_seed(0)
    unet = InBetweenUNet(latent_channels=8, feature_channels=16, **asdict(config.model))
    assert len(unet.downsamplers) == 5
    optimiser = torch.optim.AdamW(unet.parameters(), lr=1e-4)
    triplet = moving((-8.0, 0.0), (8.0, 0.0), height=64, width=64)
    known = conditions(1, 8, 8)
    noise, target = torch.randn(1, 8, 8, 8), torch.randn(1, 8, 8, 8)
    losses = []
    for _ in range(2):
        seen = compared(known, unet.search)
        found = denoise(unet, FlowMatchEulerDiscreteScheduler(), seen, noise)
        assert len(found.steps) == 3
        loss = torch.stack(list(step_terms(found, target, triplet, heads=2).values())).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        (
            {"latent_channels": 4},
            "the autoencoder has 8 latent channels and the U-Net 4; they must",
        ),
        ({"feature_channels": 8}, "the autoencoder has 16 feature channels and the U-Net 8; they"),
    ],
)
def test_an_autoencoder_of_other_sizes_fails(sizes: dict[str, int], reason: str) -> None:
    check_sizes(tiny_unet(), tiny_autoencoder())
    with pytest.raises(ValueError, match=reason):
        check_sizes(tiny_unet(**sizes), tiny_autoencoder())


@pytest.mark.parametrize("sizes", [{"channels": (12, 24)}, {"channels": (8,)}, {"key_channels": 9}])
def test_channels_that_groups_do_not_divide_fail(sizes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="two or more multiples of eight, and key_channels one"):
        tiny_unet(**sizes)


@pytest.mark.parametrize("scales", [(), (4, 2), (1, 2, 1), (6, 3, 1), (0, 1)])
def test_scales_that_are_no_powers_of_two_falling_to_one_fail(scales: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="scales must be powers of two that fall to 1"):
        tiny_unet(scales=scales)
