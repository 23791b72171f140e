"""All methods that can draw the frame between two frames, by their names in the table."""

import functools
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from eval.methods.commands import command_method
from eval.methods.method import Draw, Method, MethodSettings, Sample
from eval.sets.pictures import read_frame
from eval.sets.triplet_list import FACTS
from nakawari.errors import UserError
from nakawari.slowmo.interpolator import FrameInterpolator


def _from_interpolator(interpolator: FrameInterpolator) -> Draw:
    return lambda sample: interpolator(sample.frame_0, sample.frame_1, sample.frame_time)


def _baseline(name: str) -> Callable[[MethodSettings], Draw]:
    def build(settings: MethodSettings) -> Draw:
        from nakawari.slowmo.baselines import BASELINES

        return _from_interpolator(BASELINES[name])

    return build


@functools.lru_cache(maxsize=1)
def load_pipeline(model: Path, device: torch.device) -> Any:
    """Load the weights once for all rows that use them."""
    from diffusion import FrameInterpolationPipeline

    return FrameInterpolationPipeline.from_pretrained(model).to(device)


def _nakawari(**fixed: Any) -> Callable[[MethodSettings], Draw]:
    """Return the function that builds our pipeline; ``fixed`` options override the command line."""

    def build(settings: MethodSettings) -> Draw:
        options: dict[str, Any] = {"seed": settings.seed}
        if settings.steps is not None:
            options["num_steps"] = settings.steps
        pipeline = load_pipeline(settings.model, settings.device)
        return _from_interpolator(pipeline.configure(**options | fixed))

    return build


def _true_latent(settings: MethodSettings) -> Draw:
    pipeline = load_pipeline(settings.model, settings.device)

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
    "nakawari-not-realigned": Method(
        "no step sees the neighbours where the steps before found the motion to lead",
        _nakawari(realign=False),
        uses_model=True,
    ),
    "nakawari-mean-latent": Method(
        "the mean of the neighbours' latents", _nakawari(latent="mean"), uses_model=True
    ),
    "nakawari-random-latent": Method(
        "a random latent: floor", _nakawari(latent="random"), uses_model=True
    ),
    "nakawari-no-neighbours": Method(
        "painted from the sampled latent alone: the decoder sees no neighbour",
        _nakawari(use_neighbours=False),
        uses_model=True,
    ),
    "blend": Method("cross-fade of the two frames", _baseline("blend")),
    "nearest": Method("the nearer frame, repeated", _baseline("nearest")),
    "dis": Method("optical flow by DIS, both ways, and warping", _baseline("dis")),
    "minterpolate": Method("FFmpeg's filter, motion-compensated", _baseline("minterpolate")),
}
ABLATIONS = (
    "nakawari-true-latent",
    "nakawari-not-realigned",
    "nakawari-mean-latent",
    "nakawari-random-latent",
    "nakawari-no-neighbours",
    *(f"nakawari-{steps}-steps" for steps in (1, 2, 4, 6)),
    *(f"nakawari-seed-{seed}" for seed in (1, 2, 3)),
)
"""The rows that ``--ablations`` adds: all that could show a weakness of ours."""


def find_method(name: str) -> Method | None:
    """Return the built-in method of a name, or None.

    ``nakawari-N-steps`` and ``nakawari-seed-N`` exist for any number N.
    """
    if steps := re.fullmatch(r"nakawari-([1-9]\d{0,2})-steps", name):
        number = int(steps[1])
        return Method(f"{number} denoising steps", _nakawari(num_steps=number), uses_model=True)
    if seed := re.fullmatch(r"nakawari-seed-(\d{1,9})", name):
        number = int(seed[1])
        return Method(f"other noise: seed {number}", _nakawari(seed=number), uses_model=True)
    return METHODS.get(name)


def predictions_from(folder: Path) -> Method:
    """Return a method for pictures ``folder/ID.png`` that were drawn elsewhere.

    Raises ``UserError`` if there is no such folder. If a single picture is missing, only its own
    sample fails.
    """
    if not folder.is_dir():
        raise UserError(f"no folder of predictions at {folder}; give --predictions NAME=DIR")

    def draw(sample: Sample) -> Tensor:
        return read_frame(folder / f"{sample.id}.png").to(sample.frame_0.device)

    return Method(
        "pictures drawn elsewhere",
        lambda settings: draw,
        draws_now=False,
        fingerprint=_state_of(folder),
    )


def _state_of(folder: Path) -> str:
    """Return a digest of a folder's pictures: their names, sizes and modification times."""
    digest = hashlib.sha256(str(folder.resolve()).encode())
    for path in sorted(folder.glob("*.png")):
        state = path.stat()
        digest.update(f"{path.name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def choose_methods(
    names: list[str],
    predictions: dict[str, Path] | None = None,
    commands: dict[str, str] | None = None,
) -> dict[str, Method]:
    """Return the methods for the rows of the table, in order.

    Raises ``UserError`` for a name that is not a method, or that cannot be one.
    """
    chosen = {}
    for name in names:
        method = find_method(name)
        if method is None:
            raise UserError(
                f"unknown method {name!r}; choose from {', '.join(METHODS)}, nakawari-N-steps, "
                "nakawari-seed-N, or add others with --command NAME='...' or "
                "--predictions NAME=DIR"
            )
        chosen[name] = method
    others = {name: predictions_from(folder) for name, folder in (predictions or {}).items()}
    for name, template in (commands or {}).items():
        if name in others:
            raise UserError(f"{name} is both a --command and --predictions; use two names")
        others[name] = command_method(template)
    for name in others:
        if find_method(name) or name == FACTS or not re.fullmatch(r"\w[\w.+-]*", name):
            raise UserError(
                f"a method of your own cannot be called {name!r}; take a name of letters, digits "
                "and '-' that no built-in method has"
            )
    chosen |= others
    if not chosen:
        raise UserError("nothing to compare; give --methods, --command or --predictions")
    return chosen
