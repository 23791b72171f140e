"""Train everything that is shipped, from nothing to a checkpoint, on one accelerator::

    accelerate launch --num_processes 1 --mixed_precision bf16 diffusion/recipe.py --minutes 10

Stage 1, what mends optical flow, the U-Net on stage 1's latents, stage 1's decoder beside the
U-Net, the checkpoint.
After ``--minutes`` it saves and ends; the same command goes on where it stopped, whatever
stopped it. All other arguments are settings, given to each of the trainings.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from autoencoder import train as autoencoder_training
from autoencoder.config import AutoencoderConfig
from diffusion import flow_train as flow_training
from diffusion import train as diffusion_training
from diffusion.config import DiffusionConfig, FlowConfig
from diffusion.release import release
from nakawari.errors import UserError
from nakawari.training.config import parse_config
from nakawari.training.keeping import STATE, WEIGHTS
from nakawari.training.launch import Launch, one_line_errors
from nakawari.training.resuming import updates_made

_TRAININGS: dict[str, tuple[type[Any], Callable[[list[str]], None]]] = {
    "autoencoder": (AutoencoderConfig, autoencoder_training.main),
    "flow": (FlowConfig, flow_training.main),
    "diffusion": (DiffusionConfig, diffusion_training.main),
    "decoder": (DiffusionConfig, diffusion_training.main),
}
_LEAST_MINUTES = 0.5  # not worth the start of a training


class Step(NamedTuple):
    """One training of the recipe."""

    run: Path
    settings: list[str]
    max_updates: int
    train: Callable[[list[str]], None]

    @property
    def is_done(self) -> bool:
        """Whether its last update has been made."""
        return updates_made(self.run / STATE) >= self.max_updates


def steps(runs: Path, settings: list[str]) -> list[Step]:
    """Return the trainings, each with the settings that all of them are given."""
    encoder = f"--autoencoder={runs / 'autoencoder' / WEIGHTS}"
    refiner = f"--flow_refiner={runs / 'flow' / WEIGHTS}"
    stage_2 = runs / "diffusion" / WEIGHTS
    own: dict[str, list[str]] = {
        "autoencoder": ["--config=configs/autoencoder/gpu.yaml"],
        "flow": ["--config=configs/diffusion/gpu_flow.yaml", encoder],
        "diffusion": [
            "--config=configs/diffusion/gpu.yaml",
            *(encoder, refiner, f"--latent_cache={runs / 'latents'}"),
        ],
        "decoder": [
            "--config=configs/diffusion/gpu_decoder.yaml",
            *(f"--autoencoder={stage_2 / 'autoencoder'}", f"--unet={stage_2 / 'unet'}", refiner),
        ],
    }
    made = []
    for name, of_one in own.items():
        run = runs / name
        places = [f"--trainer.run={run}", f"--data.store={runs / 'store'}", "--trainer.resume=true"]
        whole = [*of_one, *places, *settings]
        kind, train = _TRAININGS[name]
        made.append(Step(run, whole, parse_config(kind, whole).trainer.max_updates, train))
    return made


def follow(runs: Path, settings: list[str], minutes: float | None = None) -> bool:
    """Go on with the recipe for so many minutes; return whether the checkpoint is made."""
    if Launch.from_environment().processes > 1:
        raise UserError(
            "the recipe is for one process; on several, launch autoencoder/train.py and "
            "diffusion/train.py with its configs"
        )
    began = time.monotonic()
    for step in steps(runs, settings):
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
    size = release(runs / "decoder" / WEIGHTS, runs / "checkpoint")
    print(f"{runs / 'checkpoint'}: {size / 2**20:.1f} MiB, all trainings done", flush=True)
    return True


def main(argv: list[str] | None = None) -> None:
    """Go on with the recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/gpu"), help="takes everything")
    parser.add_argument("--minutes", type=float, help="of this call; without, until all is done")
    arguments, settings = parser.parse_known_args(argv)
    with one_line_errors(UserError, ValueError, OSError):
        follow(arguments.runs, settings, arguments.minutes)


if __name__ == "__main__":
    main()
