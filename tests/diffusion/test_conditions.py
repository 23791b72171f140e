"""What is known of an interval, and of the drawing in it, on maps of any size."""

import pytest
import torch
import torch.nn.functional as F

from autoencoder import VQAutoencoder
from diffusion.conditions import Conditions, before_any_step, observe, start_at
from diffusion.start import matched_flows, matched_start
from tests.diffusion.conftest import conditions, estimate


def detailed() -> Conditions:
    """Conditions whose motion starts from one that is different in every cell."""
    start = torch.randn(2, 4, 8, 12, generator=torch.Generator().manual_seed(7))
    return conditions()._replace(start=start)


def test_an_estimate_on_a_larger_map_has_the_same_motion_in_its_pixels() -> None:
    known = estimate()._replace(motion=torch.full((2, 4, 8, 12), 1.5))
    larger = known.resize(conditions(), (16, 36))
    expected = torch.tensor([4.5, 3.0, 4.5, 3.0]).view(1, 4, 1, 1).expand(2, 4, 16, 36)
    torch.testing.assert_close(larger.motion, expected)
    assert {tuple(maps.shape[-2:]) for maps in larger} == {(16, 36)}
    assert known.resize(conditions(), (8, 12)) is known


@pytest.mark.parametrize("sizes", [((4, 6), (8, 12)), ((2, 3), (4, 6), (8, 12))])
def test_on_larger_maps_the_start_gets_its_detail_back(sizes: tuple[tuple[int, int], ...]) -> None:
    known = detailed()
    found = before_any_step(known, sizes[0], channels=8)
    for size in sizes[1:]:
        found = found.resize(known, size)
    torch.testing.assert_close(found.motion, known.start)


def test_what_is_enlarged_is_the_correction_that_was_made_to_the_start() -> None:
    known = detailed()
    coarse = before_any_step(known, (4, 6), channels=8)
    corrected = coarse._replace(motion=coarse.motion + 1.5)
    torch.testing.assert_close(corrected.resize(known, (8, 12)).motion, known.start + 3.0)


def test_a_start_on_a_smaller_map_is_its_mean_in_pixels_of_that_map() -> None:
    known = detailed()
    torch.testing.assert_close(start_at(known, (4, 6)), F.avg_pool2d(known.start, 2) / 2)
    assert torch.equal(start_at(known, (8, 12)), known.start)


def test_before_any_step_nothing_is_known_but_the_start_and_the_mean() -> None:
    known = detailed()._replace(frame_time=torch.tensor([0.25, 0.5]))
    before = before_any_step(known, (4, 6), channels=8)
    mean = torch.lerp(known.latents_0, known.latents_1, known.time_map)
    torch.testing.assert_close(before.latents, F.avg_pool2d(mean, 2))
    torch.testing.assert_close(before.motion, start_at(known, (4, 6)))
    assert before.hidden.shape == (2, 8, 4, 6)
    assert not any(maps.any() for maps in (before.visible, before.share, before.hidden))


def test_a_reduced_frame_is_looked_at_small_and_kept_as_it_is(autoencoder: VQAutoencoder) -> None:
    frame_0, frame_1 = torch.rand(2, 1, 3, 64, 96)
    halved = F.avg_pool2d(frame_0, 2), F.avg_pool2d(frame_1, 2)
    with torch.no_grad():
        interval = observe(autoencoder, frame_0, frame_1, reduction=2)
        small = observe(autoencoder, *halved)
        quantised = autoencoder.quantise(autoencoder.encode(halved[0]).latents).latents
    assert interval.neighbours.of_0.frame is frame_0
    assert interval.features_1.shape == (1, 16, 8, 12)
    assert interval.latents_0.shape == (1, 8, 4, 6)
    for maps, expected in zip(interval[1:], small[1:], strict=True):
        assert torch.equal(maps, expected)
    assert torch.equal(interval.latents_0, quantised)
    with torch.no_grad():
        flows = matched_flows(autoencoder.decoder, interval.latents_0, interval.latents_1)
    assert torch.equal(interval.flows, flows)


def test_an_interval_is_repeated_without_being_copied(autoencoder: VQAutoencoder) -> None:
    with torch.no_grad():
        interval = observe(autoencoder, *torch.rand(2, 1, 3, 32, 48))
    many = interval.expand(5)
    assert len(many.latents_0) == len(many.neighbours.of_1.frame) == 5
    for maps, once in zip(many[1:], interval[1:], strict=True):
        assert maps.data_ptr() == once.data_ptr()
    times = torch.linspace(0.1, 0.9, 5)
    given = many.conditions(times)
    assert given.time_map.shape == (5, 1, 1, 1)
    assert given.features_1.data_ptr() == interval.features_1.data_ptr()
    assert torch.equal(given.start, matched_start(many.flows, times))
