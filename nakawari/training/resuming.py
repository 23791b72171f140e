"""Resuming a training where it stopped, bit for bit."""

import pickle
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from nakawari.errors import UserError
from nakawari.training.tracking.metrics_file import MetricsFile
from nakawari.training.updates.optimisation import share_buffers
from nakawari.training.validating import is_validation_due


class SeedEveryUpdate(Callback):
    """Make all randomness of an update a function of the seed, the update and the rank.

    A resumed training therefore draws the same noise as one that was never interrupted.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Seed torch for this update."""
        mixed = (self.seed * 1_000_003 + trainer.global_step) * 4096 + trainer.global_rank
        torch.manual_seed(mixed % 2**63)


class ResumeAtAnUpdate(Callback):
    """Resume as if the state had been saved right after its last update, whenever that was.

    Lightning counts batches separately. A state saved in the middle of a batch, on an error, has
    begun one batch more than it has made updates, so every later validation would come one update
    early. Here a batch is an update, and the data depend only on the number of updates made, so
    that number is all that is needed.
    """

    def on_load_checkpoint(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Set all counts of batches to the number of updates, and the only epoch to unfinished."""
        updates = checkpoint["global_step"]
        loop = checkpoint["loops"]["fit_loop"]
        # Where a validation was due, Lightning runs past that batch again and counts it again.
        again = is_validation_due(trainer, updates)
        loop["epoch_loop.state_dict"]["_batches_that_stepped"] = updates - int(again)
        _set(loop["epoch_loop.batch_progress"], ready=updates, completed=updates)
        _set(loop["epoch_progress"], ready=1, completed=0)

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Check that all ranks resume at the same update, and drop metrics that will come again.

        ``UserError`` is raised if they do not. The metrics are those of updates that a kill undid.
        """
        there = trainer.strategy.broadcast(trainer.global_step)
        if there != trainer.global_step:
            raise UserError(
                f"rank {trainer.global_rank} resumes at update {trainer.global_step}, rank 0 at "
                f"{there}; all machines must share the folder {trainer.default_root_dir}"
            )
        share_buffers(pl_module)
        for logger in trainer.loggers:
            if isinstance(logger, MetricsFile):
                logger.forget_after(trainer.global_step)


def _set(progress: dict[str, Any], ready: int, completed: int) -> None:
    for counts in (progress["total"], progress["current"]):
        counts.update(ready=ready, started=ready, processed=completed, completed=completed)


def updates_made(file: Path) -> int:
    """Return how many updates the training state in ``file`` has had; 0 if there is no file."""
    if not file.exists():
        return 0
    return int(torch.load(file, map_location="cpu", weights_only=True, mmap=True)["global_step"])


def check_state(file: Path, module: torch.nn.Module) -> None:
    """Raise ``UserError`` if ``file`` is no training state, or one of another architecture."""
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        tensors = stored["state_dict"]
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"{file} is not a training state ({reason}); choose another folder with --trainer.run"
        ) from error
    there = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    here = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name):
            raise UserError(
                f"{file} is of another architecture: {name} is {there.get(name, 'absent')} there "
                f"and {here.get(name, 'absent')} here; resume with the settings that it was begun "
                "with, or choose another folder with --trainer.run"
            )
