"""The rows of our own model: one load of the weights, each row its own settings."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import diffusion
from eval.methods.method import MethodSettings, Sample
from eval.methods.registry import ABLATIONS, METHODS, choose_methods, find_method, load_pipeline
from nakawari.errors import UserError


class FakePipeline:
    """Stands in for ``FrameInterpolationPipeline``; keeps what it was asked for."""

    loads: list[Path]
    configured: list[dict[str, Any]]

    @classmethod
    def from_pretrained(cls, folder: Path) -> "FakePipeline":
        cls.loads.append(folder)
        return cls()

    def to(self, device: torch.device) -> "FakePipeline":
        return self

    def configure(self, **options: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        self.configured.append(options)
        return lambda frame_0, frame_1, frame_time: frame_0

    def reconstruct(
        self, frame_0: Tensor, target: Tensor, frame_1: Tensor, frame_time: Tensor
    ) -> Tensor:
        return target


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakePipeline]]:
    FakePipeline.loads, FakePipeline.configured = [], []
    monkeypatch.setattr(diffusion, "FrameInterpolationPipeline", FakePipeline)
    load_pipeline.cache_clear()
    yield FakePipeline
    load_pipeline.cache_clear()


def _settings(steps: int | None) -> MethodSettings:
    return MethodSettings(model=Path("model"), steps=steps, seed=5, device=torch.device("cpu"))


def test_every_row_of_ours_gets_its_latent_the_steps_and_the_seed(
    pipeline: type[FakePipeline],
) -> None:
    for name in ("", "-random-latent", "-mean-latent", "-not-realigned"):
        METHODS[f"nakawari{name}"].build(_settings(steps=4))
    common = {"num_steps": 4, "seed": 5}
    latents: list[dict[str, object]] = [{"latent": "random"}, {"latent": "mean"}]
    ablations = [*latents, {"realign": False}]
    assert pipeline.configured == [common, *({**common, **one} for one in ablations)]


def test_rows_of_steps_and_seeds_win_over_the_command_line(pipeline: type[FakePipeline]) -> None:
    for name in ("nakawari-8-steps", "nakawari-seed-12", "nakawari-no-neighbours"):
        choose_methods([name])[name].build(_settings(steps=4))
    assert pipeline.configured == [
        {"num_steps": 8, "seed": 5},
        {"num_steps": 4, "seed": 12},
        {"num_steps": 4, "seed": 5, "use_neighbours": False},
    ]


def test_the_ablations_are_methods_each_with_a_row_of_its_own() -> None:
    rows = {"true-latent", "not-realigned", "mean-latent", "random-latent"}
    rows |= {"no-neighbours"}
    rows |= {f"{steps}-steps" for steps in (1, 2, 4, 6)} | {f"seed-{seed}" for seed in (1, 2, 3)}
    assert set(ABLATIONS) == {f"nakawari-{row}" for row in rows}
    assert len(set(ABLATIONS)) == len(ABLATIONS) == 12
    assert all(find_method(name) for name in ABLATIONS)
    descriptions = [method.description for method in choose_methods(list(ABLATIONS)).values()]
    assert len(set(descriptions)) == 12


@pytest.mark.parametrize(
    "name", ["nakawari-0-steps", "nakawari-x-steps", "nakawari-seed-", "Blend"]
)
def test_a_name_that_is_no_method_fails(name: str) -> None:
    with pytest.raises(UserError, match=f"unknown method '{name}'"):
        choose_methods([name])


def test_without_steps_the_model_keeps_its_own_number(pipeline: type[FakePipeline]) -> None:
    METHODS["nakawari"].build(_settings(steps=None))
    assert pipeline.configured == [{"seed": 5}]


def test_the_weights_are_loaded_once_for_all_rows(pipeline: type[FakePipeline]) -> None:
    for method in METHODS.values():
        method.build(_settings(steps=None))
    assert pipeline.loads == [Path("model")]


def test_the_ceiling_is_drawn_from_the_target_and_is_marked_so(
    pipeline: type[FakePipeline],
) -> None:
    method = METHODS["nakawari-true-latent"]
    frames = torch.rand(3, 1, 3, 8, 8)
    sample = Sample("a", frames[0], frames[1], frames[2], torch.tensor([0.5]))
    assert method.sees_target
    assert torch.equal(method.build(_settings(steps=None))(sample), frames[2])
    assert [name for name, other in METHODS.items() if other.sees_target] == [
        "nakawari-true-latent"
    ]
