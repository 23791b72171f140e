"""What is known of an interval, and of the drawing in it, on maps of any size."""

import torch
import torch.nn.functional as F

from autoencoder import VQAutoencoder
from diffusion import InBetweenUNet
from diffusion.conditions import before_any_step, observe
from nakawari.motion.warping import along
from tests.diffusion.conftest import conditions, estimate


def test_an_estimate_on_a_larger_map_has_the_same_motion_in_its_pixels() -> None:
    known = estimate()._replace(motion=torch.full((2, 4, 8, 12), 1.5))
    larger = known.resize((16, 36))
    expected = torch.tensor([4.5, 3.0, 4.5, 3.0]).view(1, 4, 1, 1).expand(2, 4, 16, 36)
    torch.testing.assert_close(larger.motion, expected)
    assert {tuple(maps.shape[-2:]) for maps in larger[:5]} == {(16, 36)}
    assert known.resize((8, 12)).motion is known.motion


def test_before_any_step_nothing_is_known_but_a_flow_and_the_mean() -> None:
    known = conditions()._replace(frame_time=torch.tensor([0.25, 0.5]))
    flow = torch.full((2, 2, 4, 6), 2.0)
    before = before_any_step(known, flow, channels=8)
    mean = torch.lerp(known.latents_0, known.latents_1, known.time_map)
    torch.testing.assert_close(before.latents, F.avg_pool2d(mean, 2))
    torch.testing.assert_close(before.motion, along(flow, known.frame_time))
    assert before.hidden.shape == (2, 8, 4, 6)
    assert not any(maps.any() for maps in (before.visible, before.share, before.hidden))


def test_a_reduced_frame_is_looked_at_small_and_kept_as_it_is(
    autoencoder: VQAutoencoder, unet: InBetweenUNet
) -> None:
    frame_0, frame_1 = torch.rand(2, 1, 3, 64, 96)
    halved = F.avg_pool2d(frame_0, 2), F.avg_pool2d(frame_1, 2)
    with torch.no_grad():
        interval = observe(autoencoder, unet.search, frame_0, frame_1, reduction=2)
        small = observe(autoencoder, unet.search, *halved)
        quantised = autoencoder.quantise(autoencoder.encode(halved[0]).latents).latents
    assert interval.neighbours.of_0.frame is frame_0
    assert interval.features_1.shape == (1, 16, 8, 12)
    assert interval.latents_0.shape == (1, 8, 4, 6)
    assert interval.volume_1.shape == (1, 49, 4, 6)
    for maps, expected in zip(interval[1:], small[1:], strict=True):
        assert torch.equal(maps, expected)
    assert torch.equal(interval.latents_0, quantised)


def test_an_interval_is_repeated_without_being_copied(
    autoencoder: VQAutoencoder, unet: InBetweenUNet
) -> None:
    with torch.no_grad():
        interval = observe(autoencoder, unet.search, *torch.rand(2, 1, 3, 32, 48))
    many = interval.expand(5)
    assert len(many.latents_0) == len(many.neighbours.of_1.frame) == 5
    for maps, once in zip(many[1:], interval[1:], strict=True):
        assert maps.data_ptr() == once.data_ptr()
    times = torch.linspace(0.1, 0.9, 5)
    given = many.conditions(times)
    assert given.time_map.shape == (5, 1, 1, 1)
    assert given.features_1.data_ptr() == interval.features_1.data_ptr()
    assert given.frame_time is times
