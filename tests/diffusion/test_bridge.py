"""The bridge between a noisy guess and the clean latent."""

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from diffusion import InBetweenUNet
from diffusion.bridge import between, sample, source
from tests.diffusion.conftest import conditions


def test_the_bridge_ends_at_the_clean_latent_and_begins_at_its_source() -> None:
    clean, guess, noise = torch.randn(3, 2, 8, 4, 4)
    start = source(guess, noise, 0.5)
    torch.testing.assert_close(start, guess + 0.5 * noise)
    torch.testing.assert_close(between(clean, start, torch.zeros(2)), clean)
    torch.testing.assert_close(between(clean, start, torch.ones(2)), start)
    torch.testing.assert_close(
        between(clean, start, torch.full((2,), 0.25)), 0.75 * clean + 0.25 * start
    )


class _Oracle(torch.nn.Module):
    """Knows the clean latent."""

    def __init__(self, clean: torch.Tensor) -> None:
        super().__init__()
        self.clean = clean
        self.config = type("Config", (), {"noise_scale": 0.5})
        self.levels: list[float] = []

    def forward(self, latents: torch.Tensor, timestep: torch.Tensor, known: object) -> torch.Tensor:
        self.levels.append(float(timestep[0]))
        return self.clean


def test_a_perfect_network_is_followed_to_the_clean_latent_in_any_number_of_steps() -> None:
    known = conditions()
    clean = torch.randn_like(known.guess)
    for steps in (1, 2, 4, 7):
        oracle = _Oracle(clean)
        noise = torch.randn(1, *clean.shape[1:])
        drawn = sample(oracle, FlowMatchEulerDiscreteScheduler(), known, noise, steps)  # type: ignore[arg-type]
        torch.testing.assert_close(drawn, clean, atol=1e-4, rtol=0)
        assert oracle.levels == torch.linspace(1, 1 / steps, steps).tolist()


def test_a_network_that_answers_nothing_stays_at_its_guess() -> None:
    known = conditions()
    unet = InBetweenUNet(latent_channels=8, channels=(8, 8), time_channels=16)
    torch.nn.init.zeros_(unet.leave[-1].weight)
    torch.nn.init.zeros_(unet.leave[-1].bias)
    noise = torch.randn(1, *known.guess.shape[1:])
    drawn = sample(unet, FlowMatchEulerDiscreteScheduler(), known, noise, 2)
    torch.testing.assert_close(drawn, known.guess, atol=1e-5, rtol=0)
