"""What the decoder makes of a motion that it is given."""

import torch

from autoencoder import VQAutoencoder
from autoencoder.decoder import Motion
from autoencoder.matching import local_correlation
from autoencoder.refinement import Belief
from nakawari.motion.warping import along, flow_of, resize_flow


def corrections_of_zero(tiny: VQAutoencoder) -> None:
    """Leave motion as matching, or what is given, has it: as before any training."""
    for layer in (tiny.decoder.refine_16, tiny.decoder.refine_8, tiny.decoder.refine_4):
        torch.nn.init.zeros_(layer.correction.weight)
        torch.nn.init.zeros_(layer.correction.bias)


def believing(tiny: VQAutoencoder) -> None:
    """Believe whatever the latent does not speak against."""
    torch.nn.init.constant_(tiny.decoder.believe.layers[-1].bias, 50.0)


def found(tiny: VQAutoencoder, frames: torch.Tensor, given: torch.Tensor | None) -> Motion:
    """Return the motion of the first frame between itself and the first again."""
    neighbours = tiny.neighbours(frames[0], frames[0])
    return tiny.decoder.motion(neighbours.of_0.description, neighbours, given)


def test_without_a_motion_nothing_is_believed(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    assert not found(tiny, frames, None).belief.any()


def test_a_motion_is_believed_only_where_the_latent_agrees() -> None:
    belief = Belief(8)
    hidden, difference = torch.randn(1, 8, 6, 7), torch.randn(1, 4, 6, 7)
    agreeing, contrary = torch.ones(1, 9, 6, 7), -torch.ones(1, 9, 6, 7)
    believed = belief(hidden, difference, [agreeing, contrary])
    assert (believed[:, 0] > 0).all()
    assert not believed[:, 1].any()


def test_a_motion_that_is_believed_is_followed(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    corrections_of_zero(tiny)
    believing(tiny)
    given = torch.zeros(1, 4, 12, 16)  # the frame agrees with itself everywhere
    motion = found(tiny, frames, given)
    torch.testing.assert_close(motion.belief, torch.ones_like(motion.belief))
    torch.testing.assert_close(motion.quarter, given, atol=1e-4, rtol=0)


def test_a_wrong_motion_is_not_believed_where_the_latent_disagrees(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    corrections_of_zero(tiny)
    believing(tiny)
    given = torch.zeros(1, 4, 12, 16)
    given[:, 0], given[:, 3] = 6.0, -4.0  # three cells to the right in frame_0, two up in frame_1
    motion, alone = found(tiny, frames, given), found(tiny, frames, None)
    keys = tiny.neighbours(frames[0], frames[0]).of_0.description.key_8
    given_8 = resize_flow(given, (6, 8))
    for flow in (0, 1):
        channels = slice(2 * flow, 2 * flow + 2)
        cosine = local_correlation(keys, keys, given_8[:, channels], 1)[:, 4]
        assert (motion.belief[:, flow] <= 2 * cosine.clamp(min=0) + 1e-5).all()
        against = cosine <= 0
        assert against.any()
        kept, before = motion.eighth[:, channels], alone.eighth[:, channels]
        assert torch.equal(kept[:, :, against[0]], before[:, :, against[0]])


def test_a_motion_that_nobody_believes_changes_nothing(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    torch.nn.init.constant_(tiny.decoder.believe.layers[-1].bias, -1e4)
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    neighbours = tiny.neighbours(frames[0], frames[2])
    drawn = tiny.decode(latents, neighbours, torch.full((1, 4, 12, 16), 3.0))
    assert torch.equal(drawn.frames, tiny.decode(latents, neighbours).frames)


def test_with_a_time_everything_goes_evenly_and_without_it_the_latent_says(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    for correction in (tiny.decoder.refine_4.correction, tiny.decoder.compose.to_pixels):
        torch.nn.init.normal_(correction.weight, std=0.1)  # as if trained: it moves things
    latents = tiny.quantise(tiny.encode(frames[:2, 0]).latents).latents
    neighbours = tiny.neighbours(frames[0], frames[2]).expand(2)
    frame_time = torch.tensor([0.25, 0.6])
    even = tiny.decode(latents, neighbours, frame_time=frame_time)
    free = tiny.decode(latents, neighbours)
    for level in (2, 3):  # at 1/4 and 1/2, along which pixels are fetched
        flow = flow_of(even.motion[level])
        assert flow.abs().max() > 0.1
        torch.testing.assert_close(even.motion[level], along(flow, frame_time))
        shared_out = along(flow_of(free.motion[level]), frame_time)
        assert not torch.allclose(free.motion[level], shared_out, atol=0.05)


def test_one_interval_serves_a_batch_of_latents(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    latents = tiny.quantise(tiny.encode(frames[:, 0]).latents).latents
    neighbours = tiny.neighbours(frames[0], frames[2])
    together = tiny.decode(latents, neighbours.expand(3)).frames
    for one, frame in zip(latents, together, strict=True):
        alone = tiny.decode(one[None], neighbours).frames[0]
        torch.testing.assert_close(frame, alone, atol=1e-4, rtol=0)


def test_neighbours_may_be_larger_than_they_were_looked_at(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    neighbours = tiny.neighbours(frames[0], frames[2])
    large = torch.nn.functional.interpolate(frames[0], scale_factor=2)
    neighbours = neighbours._make(n._replace(frame=large) for n in neighbours)
    assert tiny.decode(latents, neighbours).frames.shape == (1, 3, 96, 128)
