"""The rows of our own model: one load of the weights, each row its own settings."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import diffusion
from eval.methods import METHODS, MethodSettings, Sample, _load_pipeline


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
    _load_pipeline.cache_clear()
    yield FakePipeline
    _load_pipeline.cache_clear()


def _settings(steps: int | None) -> MethodSettings:
    return MethodSettings(model=Path("model"), steps=steps, seed=5, device=torch.device("cpu"))


def test_every_row_of_ours_gets_its_latent_the_steps_and_the_seed(
    pipeline: type[FakePipeline],
) -> None:
    for name in ("", "-random-latent", "-mean-latent", "-aligned-latent"):
        METHODS[f"nakawari{name}"].build(_settings(steps=4))
    common = {"num_steps": 4, "seed": 5}
    ablations = [{**common, "latent": latent} for latent in ("random", "mean", "aligned")]
    assert pipeline.configured == [common, *ablations]


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
