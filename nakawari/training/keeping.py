"""Keeping a model safe: training state and exported weights, renamed into place when complete."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from safetensors import SafetensorError

from nakawari.errors import UserError
from nakawari.training.average import AveragedModule
from nakawari.training.private import training_state
from nakawari.training.validating import is_validation_due

STATE = "last.ckpt"
WEIGHTS = "weights"
BEST = "best"
# What a failed write raises: in Python, in torch's zip writer, in safetensors.
WRITING_ERRORS = (OSError, RuntimeError, SafetensorError)


def write_state(state: dict[str, Any], run: Path) -> None:
    """Write a training state to ``run/last.ckpt``; if anything goes wrong, the older one stays."""
    new = run / f"{STATE}.new"
    try:
        with new.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())  # otherwise a power cut could leave the name without content
        os.replace(new, run / STATE)
        _sync(run)
    finally:
        new.unlink(missing_ok=True)


def replace_folder(folder: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a folder anew; if anything goes wrong, the older one stays."""
    new, old = _beside(folder)
    finish_renaming(folder)
    try:
        write(new)
        _sync_tree(new)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def finish_renaming(folder: Path) -> None:
    """Finish a ``replace_folder`` that a kill interrupted."""
    new, old = _beside(folder)
    if old.exists() and new.exists() and not folder.exists():
        os.replace(new, folder)  # it is complete, since the old one had made way for it
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    """Flush a folder and all in it to the disk, so that a power cut leaves no empty files."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    """Flush a file's content, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")


class KeepTheModel(Callback):
    """Write exported weights and training state regularly, and at the end, whatever caused it.

    ``run`` gets ``weights/`` (to be used), ``last.ckpt`` (to resume from) and ``best/``, the
    weights of the least ``validation/loss``. They are written at each validation, and when
    ``minutes`` have passed since the last time. The weights are written before the state, so that
    where there is a state its weights are there, too.

    Rank zero writes and waits for no other rank, so that a dead rank does not cost the model. If a
    write fails during the training (a full disk), that is reported and the training goes on. If the
    last write fails, the training ends with ``UserError``. At the end a line says where the weights
    are and what to do next.
    """

    def __init__(self, run: Path, minutes: float = 10.0) -> None:
        self.run = run
        self.minutes = minutes
        self._written_at = time.monotonic()
        self._saved: int | None = None  # the update whose weights are on the disk
        self._begun = False
        self._least = float("inf")

    def state_dict(self) -> dict[str, Any]:
        """Return the least validation loss so far."""
        return {"least": self._least}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the least validation loss."""
        self._least = state_dict["least"]

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Note that from here on there is something to keep; finish an interrupted renaming."""
        self._begun = True
        self._written_at = time.monotonic()
        if trainer.is_global_zero:
            for name in (WEIGHTS, BEST):
                finish_renaming(self.run / name)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Save if the last time was ``minutes`` ago, unless a validation is about to do so."""
        late = time.monotonic() - self._written_at >= 60 * self.minutes
        if late and not is_validation_due(trainer, trainer.global_step):
            self.save(trainer, pl_module)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Save after each validation."""
        loss = float(trainer.callback_metrics.get("validation/loss", float("inf")))
        is_best, before = loss < self._least, self._least
        self._least = min(loss, before)
        if not self.save(trainer, pl_module, is_best):
            self._least = before

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Save when the training has reached its end or its time, or was told to stop."""
        if not self.save(trainer, pl_module):
            raise UserError(
                f"the training's end could not be written to {self.run}; make room and repeat it "
                "from the last state with --trainer.resume true"
            )
        self._say_what_next(trainer, pl_module)

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Save on an error, if any update has been made."""
        if self._begun and trainer.global_step > 0:
            self.save(trainer, pl_module)
            self._say_what_next(trainer, pl_module)

    def _say_what_next(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        if self._saved is None or not trainer.is_global_zero:
            return
        folder = self.run / WEIGHTS
        last, step = trainer.max_steps, cast(AveragedModule, pl_module).next_step(folder)
        where = f"update {self._saved} of {last}: the weights are in {folder}"
        if (self.run / BEST).is_dir():
            where += f", those of the best validation in {self.run / BEST}"
        if self._saved < last:
            where += "; the same command with --trainer.resume true goes on"
        print(where + (f"; what to do with them: {step}" if step else ""), flush=True)

    def save(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        is_best: bool = False,
    ) -> bool:
        """Write weights and state; if that fails, print a line and return False."""
        module = cast(AveragedModule, pl_module)
        module.average.leave()  # the training may end in a validation, with the average in place
        self._written_at = time.monotonic()
        if not trainer.is_global_zero:
            return True
        for logger in trainer.loggers:
            logger.save()  # first, as a training resumed from this state does not log these again
        state = training_state(trainer)
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            replace_folder(self.run / WEIGHTS, module.export)
            if is_best:
                replace_folder(self.run / BEST, partial(shutil.copytree, self.run / WEIGHTS))
            write_state(state, self.run)
        except WRITING_ERRORS as error:
            module.average.leave()
            reason = str(error).strip().partition("\n")[0]
            print(
                f"update {trainer.global_step} could not be saved to {self.run} ({reason}); "
                "what was saved before is untouched",
                file=sys.stderr,
                flush=True,
            )
            return False
        self._saved = trainer.global_step
        return True
