"""The autoencoder keeps its promises about shapes, copies, neighbours and files."""

from pathlib import Path

import pytest
import torch

from autoencoder import VQAutoencoder, pad_to_multiple


def test_latents_and_features_have_the_promised_sizes(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    encoding = tiny.encode(frames[0])
    assert encoding.latents.shape == (1, 8, 6, 8)
    assert [level.shape[-2:] for level in encoding.features] == [(24, 32), (12, 16)]


def test_a_size_that_does_not_fit_fails(tiny: VQAutoencoder) -> None:
    with pytest.raises(ValueError, match="multiple of 16, got 50x64; call pad_to_multiple"):
        tiny.encode(torch.zeros(1, 3, 50, 64))


def test_padding_repeats_the_edge_and_only_what_is_needed() -> None:
    frame = torch.rand(1, 3, 18, 16)
    padded = pad_to_multiple(frame)
    assert padded.shape == (1, 3, 32, 16)
    torch.testing.assert_close(padded[..., :18, :], frame)
    torch.testing.assert_close(padded[..., 31, :], frame[..., 17, :])


def test_decoding_works_with_and_without_neighbours(
    tiny: VQAutoencoder, frames: torch.Tensor
) -> None:
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    helped = tiny.decode(latents, tiny.neighbours(frames[0], frames[2]))
    alone = tiny.decode(latents)
    assert helped.frames.shape == alone.frames.shape == frames[1].shape
    assert len(helped.motion) == 4
    assert alone.motion == ()
    for decoded in (helped, alone):
        torch.testing.assert_close(decoded.weights.sum(1), torch.ones(1, 48, 64))


def test_neighbours_are_arguments_not_state(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    before = tiny.decode(latents).frames
    tiny.decode(latents, tiny.neighbours(frames[0], frames[2]))
    torch.testing.assert_close(tiny.decode(latents).frames, before, rtol=0, atol=0)


def test_what_stands_still_is_copied_exactly(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    # Untrained, the network finds almost no motion at the finer levels; forbid it the coarse one.
    tiny.decoder.log_nearness.data.fill_(5.0)
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    decoded = tiny.decode(latents, tiny.neighbours(frames[0], frames[0]))
    torch.testing.assert_close(decoded.frames, frames[0], rtol=0, atol=1e-6)


def test_gradients_reach_encoder_and_decoder(tiny: VQAutoencoder, frames: torch.Tensor) -> None:
    tiny.train()
    quantised = tiny.quantise(tiny.encode(frames[1]).latents)
    decoded = tiny.decode(quantised.latents, tiny.neighbours(frames[0], frames[2]))
    loss = (decoded.frames - frames[1]).abs().mean() + sum(
        level.square().mean() for level in decoded.motion
    )
    (loss + quantised.commitment_loss).backward()
    assert tiny.encoder.to_latents[2].weight.grad.abs().sum() > 0
    assert tiny.decoder.refine_16.correction.weight.grad.abs().sum() > 0


def test_saved_weights_reload_bit_identically(
    tiny: VQAutoencoder, frames: torch.Tensor, tmp_path: Path
) -> None:
    tiny.save_pretrained(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".safetensors"}
    again = VQAutoencoder.from_pretrained(tmp_path).eval()
    for name, tensor in tiny.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    latents = tiny.quantise(tiny.encode(frames[1]).latents).latents
    assert torch.equal(again.decode(latents).frames, tiny.decode(latents).frames)
