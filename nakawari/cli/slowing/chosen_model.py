"""Which model ``nakawari slow`` draws with: its options, and how it is loaded and used."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nakawari.cli.arguments import positive_int
from nakawari.errors import UserError
from nakawari.parsing import seed, takes
from nakawari.shipped import shipped_model
from nakawari.whole import check_name

if TYPE_CHECKING:
    from torch import Tensor

    from nakawari.queue.settings import SlowSettings
    from nakawari.slowmo.interpolator import FrameInterpolator
    from nakawari.slowmo.slow_job import SlowJob, SlowResult
    from nakawari.slowmo.takes import Reseed


def add_model_options(command: argparse.ArgumentParser) -> None:
    """Add the options that say with which model, which seeds and where a clip is drawn."""
    command.add_argument(
        "--model", metavar="DIR",
        help="other weights than the shipped ones; 'blend' (cross-fade) and 'nearest' need none",
    )  # fmt: skip
    command.add_argument("--steps", type=positive_int, metavar="N", help="denoising steps")
    command.add_argument(
        "--seed", type=seed, default=0, metavar="N", help="of the noise (default: 0)"
    )  # fmt: skip
    command.add_argument(
        "--takes", type=takes, default=1, metavar="N",
        help="compare N seeds, from --seed on, in the middle of each interval; where they differ, "
        "draw it with each of them, to choose from in NAME.slow4x.takes (default: 1)",
    )  # fmt: skip
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def choose_device(name: str) -> str:
    """Return ``cpu`` or ``cuda``; ``UserError`` if ``cuda`` was asked for and is not available."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device is available here; use --device auto or --device cpu")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def model_folder(model: str | None) -> Path:
    """Return the folder of the weights that ``--model`` names, or of the shipped weights.

    Raises ``UserError`` if it does not exist.
    """
    folder = Path(model) if model else shipped_model()
    check_name(folder, "--model")
    if not folder.is_dir():
        raise UserError(f"model folder {folder} does not exist; give another with --model")
    return folder


def load_interpolator(
    settings: argparse.Namespace | SlowSettings, device: str
) -> FrameInterpolator:
    """Return the interpolator: a baseline by its name, or a pipeline from its folder.

    Raises ``UserError`` if the weights cannot be used.
    """
    from nakawari.slowmo.baselines import BASELINES

    if settings.model in BASELINES:
        return BASELINES[settings.model]
    folder = model_folder(settings.model)
    from diffusion import FrameInterpolationPipeline

    try:
        pipeline = FrameInterpolationPipeline.from_pretrained(str(folder)).to(device)
        return pipeline.configure(num_steps=settings.steps, seed=settings.seed)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"cannot use the model in {folder}: {reason}") from error
    except TypeError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"cannot use the model in {folder}: a config.json has a value of the wrong type "
            f"({reason}); restore it, or give another folder with --model"
        ) from error


def reseed_for(args: argparse.Namespace | SlowSettings) -> Reseed | None:
    """Return the function that gives an interpolator another seed; ``None`` for a baseline."""
    from nakawari.slowmo.baselines import BASELINES

    return None if args.model in BASELINES else _with_seed


def _with_seed(interpolator: FrameInterpolator, seed: int) -> FrameInterpolator:
    # A pipeline takes a seed in addition to the arguments of every interpolator.
    return partial(cast("Callable[..., Tensor]", interpolator), seed=seed)


class LoadedModel:
    """Keeps a model loaded between jobs, as long as they ask for the same one."""

    def __init__(self) -> None:
        self._model: FrameInterpolator | None = None
        self._asked: Sequence[object] = ()

    def load(self, settings: SlowSettings, device: str) -> FrameInterpolator:
        """Return the interpolator of a job, which is loaded unless it was loaded before.

        It is loaded again if the files of its weights have changed since.
        """
        asked = (drawn_by(settings), device)
        if self._model is None or self._asked != asked:
            self._model = None  # memory may not suffice for two
            self._model = load_interpolator(settings, device)
            self._asked = asked
        return self._model


def drawn_by(settings: SlowSettings) -> str:
    """Return a text that identifies the model, its weights and its settings."""
    from nakawari.slowmo.baselines import BASELINES

    if settings.model in BASELINES:
        return str(settings.model)
    folder = Path(settings.model) if settings.model else shipped_model()
    told = sha256()
    for file in sorted(folder.glob("*/*")):
        if file.suffix in (".json", ".safetensors") and file.is_file():
            told.update(f"{file.relative_to(folder)} {file.stat().st_size}\n".encode())
            told.update(file.read_bytes())
    return f"{told.hexdigest()[:32]} {settings.steps} {settings.seed}"


def run_with(
    load: Callable[[SlowSettings, str], FrameInterpolator],
    job: SlowJob,
    settings: SlowSettings,
    **reports: Callable[..., None],
) -> SlowResult:
    """Run a job with the model, the device and the seeds that its settings name.

    Args:
        load: returns the interpolator of settings on a device; is called once, and once more for
            the CPU if the device fails.
        job: that of the settings; whether it goes on with kept frames is its own.
        settings: what was asked for.
        reports: ``tell``, ``on_read``, ``on_frame`` and ``on_picture``, as ``run_job`` takes them.
    """
    from nakawari.slowmo.job import run_job

    device = choose_device(settings.device)
    return run_job(
        job,
        lambda: load(settings, device),
        device,
        drawn_by=partial(drawn_by, settings),
        reseed=reseed_for(settings),
        load_on_cpu=lambda: load(settings, "cpu"),
        **reports,
    )
