"""Everything that can draw the frame between two frames, under the name the table gives it."""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from eval.pictures import read_frame
from nakawari.errors import UserError
from nakawari.slowmo.interpolator import FrameInterpolator


class Sample(NamedTuple):
    """What a method is given: one triplet, on the device of the run."""

    id: str
    frame_0: Tensor  # (1, 3, H, W) in [-1, 1]
    frame_1: Tensor  # (1, 3, H, W)
    target: Tensor | None  # (1, 3, H, W), for the methods that are marked sees_target only
    frame_time: Tensor  # (1,) in (0, 1)


Draw = Callable[[Sample], Tensor]  # returns (1, 3, H, W) in [-1, 1]


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """What the command line says to the methods that listen."""

    model: Path
    steps: int | None  # None: as many as the model's own configuration says
    seed: int
    device: torch.device


class Method(NamedTuple):
    """One entry of the registry; ``build`` may load weights and is called once, before the run."""

    description: str
    build: Callable[[MethodSettings], Draw]
    uses_model: bool = False
    sees_target: bool = False


def _from_interpolator(interpolator: FrameInterpolator) -> Draw:
    return lambda sample: interpolator(sample.frame_0, sample.frame_1, sample.frame_time)


def _baseline(name: str) -> Callable[[MethodSettings], Draw]:
    def build(settings: MethodSettings) -> Draw:
        from nakawari.slowmo import baselines

        return _from_interpolator(getattr(baselines, name))

    return build


@functools.lru_cache(maxsize=1)
def _load_pipeline(model: Path, device: torch.device) -> Any:
    """Load the weights once for all rows that use them."""
    from diffusion import FrameInterpolationPipeline

    return FrameInterpolationPipeline.from_pretrained(model).to(device)


def _nakawari(**ablation: str) -> Callable[[MethodSettings], Draw]:
    def build(settings: MethodSettings) -> Draw:
        options: dict[str, Any] = {"seed": settings.seed, **ablation}
        if settings.steps is not None:
            options["num_steps"] = settings.steps
        return _from_interpolator(
            _load_pipeline(settings.model, settings.device).configure(**options)
        )

    return build


def _true_latent(settings: MethodSettings) -> Draw:
    pipeline = _load_pipeline(settings.model, settings.device)

    def draw(sample: Sample) -> Tensor:
        return pipeline.reconstruct(
            sample.frame_0, sample.target, sample.frame_1, sample.frame_time
        )

    return draw


METHODS: dict[str, Method] = {
    "nakawari": Method("both stages, the latent sampled", _nakawari(), uses_model=True),
    "nakawari-true-latent": Method(
        "the target's own latent: ceiling of stage 1",
        _true_latent,
        uses_model=True,
        sees_target=True,
    ),
    "nakawari-aligned-latent": Method(
        "the guess that sampling starts from", _nakawari(latent="aligned"), uses_model=True
    ),
    "nakawari-mean-latent": Method(
        "the mean of the neighbours' latents", _nakawari(latent="mean"), uses_model=True
    ),
    "nakawari-random-latent": Method(
        "a random latent: floor", _nakawari(latent="random"), uses_model=True
    ),
    "blend": Method("cross-fade of the two frames", _baseline("blend")),
    "nearest": Method("the nearer frame, repeated", _baseline("nearest")),
}


def predictions_from(folder: Path) -> Method:
    """Make a method of pictures ``folder/ID.png`` that were drawn elsewhere.

    Raises ``UserError`` if there is no such folder. A single picture that is missing fails its
    own sample only.
    """
    if not folder.is_dir():
        raise UserError(f"no folder of predictions at {folder}; give --predictions NAME=DIR")

    def draw(sample: Sample) -> Tensor:
        return read_frame(folder / f"{sample.id}.png").to(sample.frame_0.device)

    return Method("pictures drawn elsewhere", lambda settings: draw)


def choose_methods(names: list[str], predictions: dict[str, Path]) -> dict[str, Method]:
    """Look the rows of the table up, in order; ``UserError`` for a name that is no method."""
    if unknown := [name for name in names if name not in METHODS]:
        raise UserError(
            f"unknown method {unknown[0]!r}; choose from {', '.join(METHODS)}, "
            "or add pictures with --predictions NAME=DIR"
        )
    chosen = {name: METHODS[name] for name in names}
    for name, folder in predictions.items():
        if name in METHODS or not re.fullmatch(r"\w[\w.+-]*", name):
            raise UserError(
                f"--predictions cannot be called {name!r}; take a name of letters, digits and "
                "'-' that no built-in method has"
            )
        chosen[name] = predictions_from(folder)
    if not chosen:
        raise UserError("nothing to compare; give --methods or --predictions")
    return chosen
