"""Train everything that is shipped, from nothing to a checkpoint, with what the repository has::

    accelerate launch --num_processes 1 diffusion/recipe.py --size cpu --minutes 60

It trains stage 1, then the U-Net on its latents, then the U-Net and stage 1's decoder together with
a loss on the picture. Then it writes the checkpoint. ``--size`` names the folder in
``configs/recipe`` whose settings are used. After ``--minutes`` it saves and ends; the same command
goes on where it stopped, whatever stopped it. All other arguments are settings, which are given to
each of the trainings.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from autoencoder import train as autoencoder_training
from autoencoder.config import AutoencoderConfig
from diffusion import train as diffusion_training
from diffusion.config import DiffusionConfig
from diffusion.release import release
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.keeping import STATE, WEIGHTS
from nakawari.training.launch import Launch, one_line_errors
from nakawari.training.resuming import updates_made

_TRAININGS: dict[str, tuple[type[Any], Callable[[list[str]], None]]] = {
    "autoencoder": (AutoencoderConfig, autoencoder_training.main),
    "unet": (DiffusionConfig, diffusion_training.main),
    "both": (DiffusionConfig, diffusion_training.main),
}
CONFIGS = Path("configs/recipe")
_LEAST_MINUTES = 0.5  # a training is not worth starting for less


class Step(NamedTuple):
    """One training of the recipe."""

    run: Path
    settings: list[str]
    max_updates: int
    train: Callable[[list[str]], None]

    @property
    def is_done(self) -> bool:
        """Whether the last update has been made."""
        return updates_made(self.run / STATE) >= self.max_updates


def steps(runs: Path, size: str, settings: list[str]) -> list[Step]:
    """Return the trainings of a size; each of them is given ``settings``.

    A size without settings in ``CONFIGS`` raises ``UserError``.
    """
    if not (CONFIGS / size).is_dir():
        sizes = ", ".join(sorted(folder.name for folder in CONFIGS.iterdir()))
        raise UserError(f"no settings for size {size!r} in {CONFIGS}; choose from {sizes}")
    stage_1, stage_2 = runs / "autoencoder" / WEIGHTS, runs / "unet" / WEIGHTS
    beginning = {
        "autoencoder": [],
        "unet": [f"--autoencoder={stage_1}"],
        "both": [f"--autoencoder={stage_1}", f"--unet={stage_2 / 'unet'}"],
    }
    made = []
    for name, weights in beginning.items():
        run = runs / name
        config = f"--config={CONFIGS / size / name}.yaml"
        places = [f"--trainer.run={run}", "--trainer.resume=true"]
        kind, train = _TRAININGS[name]
        if parse_config(kind, [config]).data.store is not None:
            # Each training has its own store, as stored samples have the codes of its stage 1.
            places.append(f"--data.store={runs / 'store' / name}")
        whole = [config, *weights, *places, *settings]
        made.append(Step(run, whole, parse_config(kind, whole).trainer.max_updates, train))
    return made


def follow(runs: Path, size: str, settings: list[str], minutes: float | None = None) -> bool:
    """Run or resume the recipe for so many minutes; return whether the checkpoint is made.

    None runs until it is made. More than one process raises ``UserError``.
    """
    if Launch.from_environment().processes > 1:
        raise UserError(
            "the recipe is for one process; on several, launch autoencoder/train.py and "
            "diffusion/train.py with its configs"
        )
    began = time.monotonic()
    for step in steps(runs, size, settings):
        limit = []
        if minutes is not None:
            left = minutes - (time.monotonic() - began) / 60
            limit = [f"--trainer.max_minutes={left:.2f}"]
        if not step.is_done:
            if minutes is None or left > _LEAST_MINUTES:
                step.train([*step.settings, *limit])
            if not step.is_done:
                made = updates_made(step.run / STATE)
                print(
                    f"{step.run}: {made} of {step.max_updates} updates made; the same command "
                    "goes on",
                    flush=True,
                )
                return False
    weight = release(runs / "both" / WEIGHTS, runs / "checkpoint")
    print(f"{runs / 'checkpoint'}: {weight / 2**20:.1f} MiB, all trainings done", flush=True)
    return True


def main(argv: list[str] | None = None) -> None:
    """Run or resume the recipe, as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="cpu", help="a folder of configs/recipe: cpu, gpu")
    parser.add_argument("--runs", type=Path, help="takes everything; by default runs/SIZE")
    parser.add_argument("--minutes", type=float, help="of this call; without, until all is done")
    arguments, settings = parser.parse_known_args(argv)
    with one_line_errors(UserError, ValueError, OSError):
        runs = arguments.runs or Path("runs") / arguments.size
        follow(runs, arguments.size, settings, arguments.minutes)


if __name__ == "__main__":
    main()
