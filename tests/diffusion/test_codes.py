"""Codes stand for exactly the latents that stage 1 would find."""

import pickle

import torch

from autoencoder import VQAutoencoder
from diffusion.codes import WithCodes, codes_of, latents_of
from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.triplet import Triplet, as_frames


def sample() -> Triplet:
    return CelDataset(CelConfig(height=32, width=48))[0]


def test_latents_of_codes_are_bit_for_bit_those_of_the_quantiser(
    autoencoder: VQAutoencoder,
) -> None:
    quantised = autoencoder.quantise(torch.randn(3, 8, 5, 7))
    for integers in (torch.int16, torch.int64):
        found = latents_of(quantised.indices.to(integers), autoencoder.quantiser)
        assert torch.equal(found, quantised.latents)


def test_a_sample_gets_the_codes_of_its_three_frames(autoencoder: VQAutoencoder) -> None:
    triplet = sample()
    coded = WithCodes(autoencoder)(triplet)
    assert coded.codes.shape == (4, 6, 2)
    assert coded.codes.dtype == torch.int16
    frames = as_frames(triplet)
    for codes, frame in (
        (coded.codes_0, frames.frame_0),
        (coded.codes, frames.target),
        (coded.codes_1, frames.frame_1),
    ):
        with torch.no_grad():
            expected = autoencoder.quantise(autoencoder.encode(frame[None]).latents)
        assert torch.equal(codes[None].long(), expected.indices)
        assert torch.equal(latents_of(codes[None], autoencoder.quantiser), expected.latents)
    assert torch.equal(coded.target, triplet.target)  # bytes, as they came


def test_a_batch_has_the_codes_of_its_samples(autoencoder: VQAutoencoder) -> None:
    frames = as_frames(sample())
    batch = Triplet(*(torch.stack([tensor, tensor]) for tensor in frames))
    coded = WithCodes(autoencoder)(sample())
    for together, alone in zip(
        codes_of(batch, autoencoder), (coded.codes_0, coded.codes, coded.codes_1), strict=True
    ):
        assert torch.equal(together, torch.stack([alone, alone]))


def test_workers_get_a_stage_1_of_their_own(autoencoder: VQAutoencoder) -> None:
    finish = WithCodes(autoencoder)
    expected = finish(sample()).codes
    with torch.no_grad():
        for parameter in autoencoder.parameters():
            parameter.zero_()
    assert torch.equal(pickle.loads(pickle.dumps(finish))(sample()).codes, expected)
