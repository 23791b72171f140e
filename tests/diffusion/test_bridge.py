"""Denoising walks from the noisy mean of both neighbours to the clean latent, coarse to fine."""

from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from diffusion import InBetweenUNet
from diffusion.bridge import Denoised, denoise, step_scales
from diffusion.conditions import Aligned, Conditions, Estimate
from diffusion.search import Choice, Logits, Votes, classes
from diffusion.unet import CORRECTION_UNIT
from nakawari.motion.warping import along, flow_of
from tests.diffusion.conftest import conditions
from tests.tiny import tiny_unet

SCHEDULER = FlowMatchEulerDiscreteScheduler()


class Step(NamedTuple):
    """What the U-Net was given for a step."""

    noisy: Tensor
    level: Tensor
    frame_time: Tensor
    around: tuple[Tensor, Tensor]
    aligned: Aligned
    so_far: Estimate
    found: Votes
    scale: int


class Walk(NamedTuple):
    """A denoising that was watched."""

    given: list[Step]
    found: Denoised


def noise(channels: int = 8, height: int = 8, width: int = 12) -> Tensor:
    return torch.randn(1, channels, height, width, generator=torch.Generator().manual_seed(5))


class Finds(nn.Module):
    """A search that is sure of one flow (x, y) for the whole map, in cells of 8 pixels."""

    def __init__(self, *flow: float) -> None:
        super().__init__()
        self.radius = 12
        self.sure = 50 * classes(torch.tensor(flow).view(1, 2, 1, 1), 12)

    def logits(self, volume_0: Tensor, volume_1: Tensor, frame_time: Tensor) -> Logits:
        batch, _, height, width = volume_0.shape
        said = self.sure.expand(batch, -1, height, width)
        return Logits(said, said)


class Stays(nn.Module):
    """Chooses the flow so far."""

    def forward(self, found: Votes, so_far: Estimate, *given: Any) -> Choice:
        flow = flow_of(so_far.motion) * given[-1]
        return Choice(flow.unsqueeze(1), torch.zeros_like(flow[:, :1]))


def finding(*flow: float) -> InBetweenUNet:
    """Return a U-Net whose search finds one flow (x, y), and whose steps leave it as it is."""
    unet = tiny_unet(search_radius=12)
    for layer in (unet.answer, unet.fine[-1]):
        for parameter in layer.parameters():
            torch.nn.init.zeros_(parameter)
    unet.search = Finds(*flow)
    unet.chooser = Stays()
    return unet


@torch.no_grad()
def walk(unet: InBetweenUNet, known: Conditions | None = None, **options: Any) -> Walk:
    """Denoise ``known``, by default ``conditions()``, and keep what each step was given."""
    given = list[Step]()
    hook = unet.register_forward_pre_hook(lambda _, arguments: given.append(Step(*arguments)))
    found = denoise(unet, SCHEDULER, known or conditions(), noise(), **options)
    hook.remove()
    return Walk(given, found)


def test_there_is_a_step_for_each_scale_unless_more_or_fewer_are_asked_for() -> None:
    assert step_scales((4, 2, 1)) == (4, 2, 1)
    assert step_scales((4, 2, 1), 1) == (1,)
    assert step_scales((4, 2, 1), 2) == (2, 1)
    assert step_scales((4, 2, 1), 6) == (4, 2, 1, 1, 1, 1)


@pytest.mark.parametrize("steps", [0, -1])
def test_fewer_than_one_step_fails(steps: int) -> None:
    with pytest.raises(ValueError, match=f"num_steps must be at least 1, got {steps}"):
        step_scales((4, 2, 1), steps)


def test_the_first_step_begins_at_the_source() -> None:
    first = walk(finding(0.0, 0.0)).given[0]
    known = conditions()
    mean = F.avg_pool2d((known.latents_0 + known.latents_1) / 2, 2)
    # Pooled noise keeps its deviation: 0.5 of the latents', at every scale.
    torch.testing.assert_close(first.noisy, mean + 0.5 * 2 * F.avg_pool2d(noise(), 2))
    assert first.level.tolist() == [1.0, 1.0]
    torch.testing.assert_close(first.so_far.latents, mean)


def test_every_later_step_begins_between_what_was_found_and_its_own_source(
    unet: InBetweenUNet,
) -> None:
    scales = (2, 1, 1, 1)
    given, denoised = walk(unet, scales=scales)
    assert [float(step.level[0]) for step in given] == [1.0, 0.75, 0.5, 0.25]
    for step, scale in zip(given, scales, strict=True):
        pooled = F.avg_pool2d(noise(), scale)
        source = (step.aligned.latents_0 + step.aligned.latents_1) / 2 + 0.5 * scale * pooled
        level = float(step.level[0])
        torch.testing.assert_close(step.noisy, (1 - level) * step.so_far.latents + level * source)
    for step, before, after in zip(given[1:], denoised.steps, denoised.steps[1:], strict=False):
        size = (step.noisy.shape[-2], step.noisy.shape[-1])
        assert after.choice is not None
        so_far = flow_of(before.resize(size).motion) * step.scale
        torch.testing.assert_close(after.choice.flows[:, 0], so_far)
        there = along(after.choice.flow / step.scale, step.frame_time)
        torch.testing.assert_close(step.so_far.motion, there)
        torch.testing.assert_close(step.so_far.visible, before.resize(size).visible)


def test_frame_time_says_how_much_of_either_neighbour_the_source_has() -> None:
    known = conditions()._replace(frame_time=torch.tensor([0.25, 0.75]))
    noisy = walk(finding(0.0, 0.0), known, scales=(1,)).given[0].noisy - 0.5 * noise()
    torch.testing.assert_close(noisy[0], torch.lerp(known.latents_0, known.latents_1, 0.25)[0])
    torch.testing.assert_close(noisy[1], torch.lerp(known.latents_0, known.latents_1, 0.75)[1])


@pytest.mark.parametrize(("searched", "corrected"), [(-8.0, 0.0), (-6.0, -2.0), (0.0, -8.0)])
def test_a_step_looks_where_the_search_and_the_steps_before_it_found(
    searched: float, corrected: float
) -> None:
    # By eight cells to the left: it was four to the right, and will be four to the left.
    unet, known = finding(searched, 0.0), conditions()
    first = walk(unet, scales=(1, 1)).given[0].so_far
    torch.testing.assert_close(first.motion[:, 2], torch.full((2, 8, 12), searched / 2))
    unet.answer.bias.data[0] = corrected / CORRECTION_UNIT
    looked = walk(unet, scales=(1, 1)).given[1].aligned
    torch.testing.assert_close(looked.latents_0[..., :-4], known.latents_0[..., 4:])
    torch.testing.assert_close(looked.latents_1[..., 4:], known.latents_1[..., :-4])


@pytest.mark.parametrize("points", [1, 2])
def test_the_last_step_looks_at_the_features_where_the_motion_leads(points: int) -> None:
    # Half a cell of eight pixels is a point of the features, which are at 1/4.
    unet, known = finding(-float(points), 0.0), conditions()
    looked = walk(unet, scales=(1,)).given[0].aligned
    there_0, there_1 = known.features_0.roll(-points, 3), known.features_1.roll(points, 3)
    inside = (..., slice(3, -3), slice(3, -3))  # what is outside of a frame repeats its edge
    for seen, where, look in (
        (looked.keys_0, there_0, unet.look),
        (looked.keys_1, there_1, unet.look),
        (looked.finer_0, there_0, unet.look_closely),
        (looked.finer_1, there_1, unet.look_closely),
    ):
        torch.testing.assert_close(seen[inside], look(where)[inside], atol=1e-4, rtol=0)


def test_a_coarse_step_sees_the_keys_of_half_its_cells_where_the_motion_leads() -> None:
    # Two cells of the latents are one of the first step's map, and two of the finer one.
    unet, known = finding(-4.0, 0.0), conditions()
    looked = walk(unet, scales=(2, 1)).given[0].aligned
    keys_0, keys_1 = unet.look(known.features_0), unet.look(known.features_1)
    torch.testing.assert_close(looked.finer_0[..., :-2], keys_0[..., 2:])
    torch.testing.assert_close(looked.finer_1[..., 2:], keys_1[..., :-2])


def test_a_step_is_given_the_votes_that_its_cells_have_together(unet: InBetweenUNet) -> None:
    known = conditions()
    with torch.no_grad():
        logits = unet.search.logits(known.volume_0, known.volume_1, known.frame_time)
        whole = unet.votes(logits)
    for step, scale in zip(walk(unet).given, (2, 1), strict=True):
        assert step.scale == scale
        for name in ("shares", "shares_0", "shares_1", "evidence"):
            pooled = F.avg_pool2d(getattr(whole, name), scale)
            torch.testing.assert_close(getattr(step.found, name), pooled)
        assert torch.equal(step.found.everywhere, whole.everywhere)


def test_the_neighbours_are_aligned_anew_by_what_each_step_found(unet: InBetweenUNet) -> None:
    given = walk(unet).given
    known = conditions()
    assert given[1].so_far.motion.abs().max() > 0.5  # as if trained: it does find some
    assert not torch.allclose(given[1].aligned.latents_0, known.latents_0, atol=0.1)
    assert not torch.allclose(given[1].aligned.keys_1, unet.look(known.features_1), atol=0.01)


def test_without_realignment_no_step_sees_a_neighbour_moved() -> None:
    unet, known = finding(6.0, 6.0), conditions()
    given = walk(unet, realign=False, scales=(2, 1, 1)).given
    assert given[1].so_far.motion.abs().min() > 2  # but it is told what was found
    for step, scale in zip(given, (2, 1, 1), strict=True):
        pooled = [F.avg_pool2d(maps, scale) for maps in (known.latents_0, known.latents_1)]
        torch.testing.assert_close(step.aligned.latents_0, pooled[0])
        torch.testing.assert_close(step.aligned.latents_1, pooled[1])
        seen = F.avg_pool2d(unet.look(known.features_0), scale)
        torch.testing.assert_close(step.aligned.keys_0, seen, atol=1e-5, rtol=1e-4)


def test_each_step_is_given_both_neighbours_as_they_are_whatever_was_found() -> None:
    known = conditions()
    for step, scale in zip(walk(finding(-8.0, 0.0)).given, (2, 1), strict=True):
        for latents, whole in zip(step.around, (known.latents_0, known.latents_1), strict=True):
            torch.testing.assert_close(latents, F.avg_pool2d(whole, scale))


@pytest.mark.parametrize(("scales", "shift"), [((1,), 2), ((1, 1), 4), ((2, 1), 6)])
def test_the_latents_of_a_step_are_fetched_along_the_motion_that_it_found_itself(
    scales: tuple[int, ...], shift: int
) -> None:
    unet = finding(-2.0 * shift, 0.0)
    scene = torch.randn(2, 8, 8, 24, generator=torch.Generator().manual_seed(8))
    drawing = scene[..., 6:18]
    known = conditions()._replace(
        latents_0=scene[..., 6 - shift : 18 - shift], latents_1=scene[..., 6 + shift : 18 + shift]
    )
    found = walk(unet, known, scales=scales).found
    there = torch.full((2, 8, 12), float(shift))
    torch.testing.assert_close(found.steps[-1].motion[:, 0], there, atol=1e-3, rtol=0)
    inside = slice(shift, 12 - shift)  # what lies further out, one of the neighbours has lost
    torch.testing.assert_close(found.latents[..., inside], drawing[..., inside], atol=1e-2, rtol=0)


def test_where_nothing_moves_it_stays_at_the_mean_of_the_neighbours() -> None:
    found = walk(finding(0.0, 0.0)).found
    known = conditions()
    torch.testing.assert_close(found.latents, (known.latents_0 + known.latents_1) / 2)
    assert not found.fine.motion.any()
    assert found.fine.motion.shape == (2, 4, 16, 24)


def test_each_step_answers_for_itself_and_only_hidden_features_carry_gradients(
    unet: InBetweenUNet,
) -> None:
    found = denoise(unet, SCHEDULER, conditions(), noise())
    kept = found.steps[0].detach()
    assert [maps.requires_grad for maps in kept[:5]] == [False, False, False, False, True]
    assert kept.hidden is found.steps[0].hidden
    assert kept.resize((2, 3)).choice is None


def test_the_scheduler_is_left_as_it_was(unet: InBetweenUNet) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler()
    timesteps, index = scheduler.timesteps.clone(), scheduler.step_index
    with torch.no_grad():
        denoise(unet, scheduler, conditions(), noise())
    assert torch.equal(scheduler.timesteps, timesteps)
    assert scheduler.step_index == index


def test_latents_that_the_coarsest_scale_does_not_divide_fail(unet: InBetweenUNet) -> None:
    with pytest.raises(ValueError, match="must be multiples of 2, got 7x12; pad the frames"):
        denoise(unet, SCHEDULER, conditions(1, 7, 12), noise(8, 7, 12))
