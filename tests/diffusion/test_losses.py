"""The losses on latents, motion and visibility, and the augmentation that plays backwards."""

from dataclasses import fields

import pytest
import torch
import torch.nn.functional as F

from diffusion.config import LossConfig
from diffusion.losses import (
    HIDDEN_WEIGHT,
    code_direction_loss,
    mixed,
    motion_error,
    play_backwards,
    step_terms,
    truth_at,
    unevenness,
)
from nakawari.data.triplet import Triplet
from tests.builders.found_motion import found, moving


def test_playing_backwards_swaps_neighbours_and_turns_frame_time_round() -> None:
    frames = torch.rand(3, 2, 3, 4, 4)
    motion, visible = torch.rand(2, 2, 2, 4, 4), torch.rand(2, 2, 1, 4, 4)
    forth = Triplet(
        *frames,
        torch.tensor([0.25, 0.4]),
        *motion,
        *visible,
        torch.tensor([True, True]),
        *torch.rand(3, 2, 2, 2, 1),
    )
    back = play_backwards(forth, torch.tensor([True, False]))
    torch.testing.assert_close(back.frame_time, torch.tensor([0.75, 0.4]))
    assert torch.equal(back.frame_0[0], forth.frame_1[0])
    assert torch.equal(back.frame_1[0], forth.frame_0[0])
    assert torch.equal(back.motion_0[0], forth.motion_1[0])
    assert torch.equal(back.visible_1[0], forth.visible_0[0])
    assert torch.equal(back.codes_0[0], forth.codes_1[0])
    assert torch.equal(back.target, forth.target)
    assert torch.equal(back.codes, forth.codes)
    assert all(torch.equal(a[1], b[1]) for a, b in zip(back, forth, strict=True))
    again = play_backwards(back, torch.tensor([True, False]))
    assert all(torch.equal(a, b) for a, b in zip(again, forth, strict=True))


def test_played_backwards_the_truth_is_the_same_turned_round() -> None:
    forth = moving((-8.0, 4.0), (12.0, -6.0))
    truth = truth_at(forth, (4, 6))
    back = truth_at(play_backwards(forth, torch.tensor([True])), (4, 6))
    torch.testing.assert_close(back.motion, truth.motion.roll(2, dims=1))
    assert torch.equal(back.visible, truth.visible.flip(1))


def test_what_has_no_codes_is_played_backwards_without() -> None:
    back = play_backwards(moving((1.0, 0.0), (2.0, 0.0)), torch.tensor([True]))
    assert back.codes_0.numel() == back.codes_1.numel() == 0
    assert back.motion_0[0, 0, 0, 0] == 2


def test_direction_is_all_that_counts() -> None:
    latents = torch.randn(2, 8, 3, 3)
    assert code_direction_loss(3 * latents, latents, heads=2).abs() < 1e-6
    torch.testing.assert_close(code_direction_loss(-latents, latents, heads=2), torch.tensor(2.0))


def test_the_truth_of_a_cell_is_what_its_middle_shows_in_pixels_of_the_map() -> None:
    triplet = moving((-8.0, 4.0), (12.0, -6.0))
    # A still figure beside the moving ground: column 2 of the map has both.
    still = [motion.clone() for motion in (triplet.motion_0, triplet.motion_1)]
    for motion in still:
        motion[..., 20:] = 0.0
    triplet = triplet._replace(motion_0=still[0], motion_1=still[1])
    truth = truth_at(triplet, (4, 6))
    expected = torch.tensor([-1.0, -1.0, 0.0, 0.0, 0.0, 0.0])  # nowhere halfway
    torch.testing.assert_close(truth.motion[0, 0], expected.expand(4, 6))
    torch.testing.assert_close(truth.motion[0, 3], 0.75 * expected.expand(4, 6))
    assert truth.visible[0, 1].tolist() == [[0.0] * 6] * 2 + [[1.0] * 6] * 2
    middle = triplet.motion_0[..., 4::8, 4::8] / 8
    torch.testing.assert_close(truth.motion[:, :2], middle)


def test_the_truth_of_what_does_not_go_evenly_is_its_way_from_frame_to_frame() -> None:
    truth = truth_at(moving((-8.0, 0.0), (8.0, 0.0)), (4, 6))  # half of it at frame_time 0.4
    torch.testing.assert_close(truth.motion[:, 0], torch.full((1, 4, 6), -0.4 * 16 / 8))
    torch.testing.assert_close(truth.motion[:, 2], torch.full((1, 4, 6), 0.6 * 16 / 8))


def test_the_true_motion_has_no_error_and_hidden_points_count_less() -> None:
    truth = truth_at(moving((-8.0, 4.0), (8.0, -4.0)), (4, 6))
    assert motion_error(truth.motion, truth) < 0.02
    off = truth.motion.clone()
    off[:, 2] += 3.0  # of the flow to frame_1, half of which is hidden, by 3 and 4 px
    off[:, 3] += 4.0
    weights = torch.tensor([1.0, 1.0, HIDDEN_WEIGHT, 1.0])  # to frame_0 twice, then hidden, seen
    expected = 5 * weights[2:].sum() / weights.sum()
    torch.testing.assert_close(motion_error(off, truth), expected, atol=0.02, rtol=0)


def test_a_wavy_motion_is_uneven_and_one_that_is_off_as_a_whole_is_not() -> None:
    truth = truth_at(moving((-8.0, 4.0), (8.0, -4.0), height=64, width=96), (8, 12))
    off = truth.motion + torch.tensor([3.0, -2.0, 1.0, 0.0]).view(1, 4, 1, 1)
    torch.testing.assert_close(unevenness(off, truth), torch.tensor(0.0), atol=1e-5, rtol=0)
    wave = torch.sin(torch.arange(12.0)).view(1, 1, 1, 12).expand_as(truth.motion)
    wavy = unevenness(truth.motion + wave, truth)
    assert wavy > 0.2
    torch.testing.assert_close(
        unevenness(truth.motion + 2 * wave, truth), 2 * wavy, rtol=0.01, atol=0
    )


def test_where_layers_meet_a_motion_that_jumps_with_the_truth_is_even() -> None:
    truth = truth_at(moving((-8.0, 0.0), (8.0, 0.0), height=64, width=96), (8, 12))
    jump = truth.motion.clone()
    jump[..., 6:] *= -3
    torch.testing.assert_close(
        unevenness(jump, truth._replace(motion=jump)), torch.tensor(0.0), atol=1e-6, rtol=0
    )
    smooth = jump.clone()
    smooth[..., 5:7] = 0  # as if the two had been averaged
    assert unevenness(smooth, truth._replace(motion=jump)) > 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 3), (2, 2)])
def test_maps_too_small_to_be_uneven_cost_no_error(size: tuple[int, int]) -> None:
    truth = truth_at(moving((-8.0, 4.0), (8.0, -4.0)), size)
    assert unevenness(truth.motion + 1, truth) < 1e-5


def test_unknown_motion_costs_nothing() -> None:
    triplet = moving((-8.0, 4.0), (8.0, -4.0))._replace(has_motion=torch.tensor([False]))
    truth = truth_at(triplet, (4, 6))
    assert motion_error(truth.motion + 5, truth) == 0
    assert unevenness(truth.motion * torch.rand(1, 4, 4, 6), truth) == 0
    lost = found(triplet, torch.randn(1, 8, 4, 6))
    steps = [step._replace(visible=-step.visible, motion=step.motion + 9) for step in lost.steps]
    terms = step_terms(lost._replace(steps=steps), lost.latents, triplet, heads=2)
    assert terms["visible"] == terms["motion"] == 0


def test_every_weight_has_its_term_and_who_knows_everything_pays_nothing() -> None:
    triplet, latents = moving((-8.0, 4.0), (8.0, -4.0)), torch.randn(1, 8, 4, 6)
    terms = step_terms(found(triplet, latents), latents, triplet, heads=2)
    assert {*terms, "picture"} == {field.name for field in fields(LossConfig)}
    assert all(term < 0.03 for term in terms.values()), terms
    other = step_terms(found(moving((0.0, 0.0), (0.0, 0.0)), -latents), latents, triplet, heads=2)
    for name in ("latents", "codes", "motion", "fine_motion", "search", "choice"):
        assert other[name] > 0.5, name


def test_an_error_of_a_pixel_of_its_own_map_counts_alike_in_every_step() -> None:
    # Of the frame it is twice as much in the coarse step, which cannot know better.
    triplet, latents = moving((0.0, 0.0), (0.0, 0.0)), torch.zeros(1, 8, 4, 6)
    errors = []
    for index in (0, 1):
        known = found(triplet, latents)
        step = known.steps[index]
        known.steps[index] = step._replace(motion=step.motion + 1)
        errors.append(step_terms(known, latents, triplet, heads=2)["motion"])
    torch.testing.assert_close(errors[0], errors[1], atol=0.02, rtol=0)


@pytest.mark.parametrize("of_0", [True, False])
def test_what_is_mixed_is_fetched_along_the_motion_by_its_share(of_0: bool) -> None:
    triplet = moving((-8.0, 0.0), (12.0, 0.0))
    scene = torch.rand(1, 3, 8, 16).repeat_interleave(4, 2).repeat_interleave(4, 3)
    triplet = triplet._replace(frame_0=scene[..., 8:56], frame_1=scene[..., 4:52])
    known = found(triplet, torch.zeros(1, 8, 4, 6))
    share = torch.full_like(known.fine.share, 50.0 if of_0 else -50.0)
    drawn = mixed(known._replace(fine=known.fine._replace(share=share)), triplet)
    quarter = F.avg_pool2d(triplet.frame_0 if of_0 else triplet.frame_1, 4)
    if of_0:  # two points to the left
        torch.testing.assert_close(drawn[..., 2:], quarter[..., :-2])
    else:  # three to the right
        torch.testing.assert_close(drawn[..., :-3], quarter[..., 3:])
