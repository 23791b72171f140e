"""Callbacks that both stages share."""

import os
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from nakawari.training.average import AveragedModule


class KeepTheModel(Callback):
    """Write training state and exported weights at each validation and whatever ends the training.

    ``last.ckpt`` (for resuming) and ``weights/`` (for using) in ``run`` are written under another
    name first and then renamed, so that a kill leaves the older ones.
    """

    def __init__(self, run: Path) -> None:
        self.run = run

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Save after each validation."""
        self._save(trainer, cast(AveragedModule, pl_module))

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Save when the training has reached its end or its time."""
        self._save(trainer, cast(AveragedModule, pl_module))

    def on_exception(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        exception: BaseException,
    ) -> None:
        """Save on an error, Ctrl-C or SIGTERM, if any update has been made."""
        if trainer.global_step > 0:
            self._save(trainer, cast(AveragedModule, pl_module))

    def _save(self, trainer: lightning.Trainer, module: AveragedModule) -> None:
        module.average.leave()  # what ends the training may come in a validation
        self.run.mkdir(parents=True, exist_ok=True)
        new_state = self.run / "last.ckpt.new"
        trainer.save_checkpoint(new_state)  # a collective call: every rank takes part
        if not trainer.is_global_zero:
            return
        os.replace(new_state, self.run / "last.ckpt")
        weights, new, old = (self.run / name for name in ("weights", "weights.new", "weights.old"))
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
        module.export(new)
        if weights.exists():
            os.replace(weights, old)
        os.replace(new, weights)
        shutil.rmtree(old, ignore_errors=True)


class SeedEveryUpdate(Callback):
    """Make all randomness of an update a function of seed, update and rank.

    So a resumed training draws the same noise as one that was never interrupted.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Seed torch for this update."""
        mixed = (self.seed * 1_000_003 + trainer.global_step) * 4096 + trainer.global_rank
        torch.manual_seed(mixed % 2**63)


class PlainProgress(Callback):
    """Print a line now and then: update, losses, samples a second, time left.

    Args:
        draw_rate: measures how many samples a second the data can deliver; called once.
        seconds: between two lines.
    """

    def __init__(self, draw_rate: Callable[[], float], seconds: float = 20.0) -> None:
        self.draw_rate = draw_rate
        self.seconds = seconds
        self._drawn = 0.0
        self._last = 0.0
        self._last_update = 0
        self._validation_began = 0.0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock."""
        self._drawn = self.draw_rate()
        self._last = time.monotonic()
        self._last_update = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Print, if the last line is old enough."""
        now = time.monotonic()
        elapsed = now - self._last
        updates = trainer.global_step - self._last_update
        if elapsed < self.seconds or not trainer.is_global_zero or not updates:
            return
        consumed = updates * len(batch[0]) * trainer.world_size / elapsed
        left = timedelta(
            seconds=round((trainer.max_steps - trainer.global_step) * elapsed / updates)
        )
        print(
            f"update {trainer.global_step}/{trainer.max_steps}, {left} left  "
            f"{_figures(trainer, 'train/')}  "
            f"{consumed:.1f} samples/s consumed, {self._drawn:.1f} can be drawn",
            flush=True,
        )
        self._last, self._last_update = now, trainer.global_step

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop the clock: a validation's time is not the training's."""
        self._validation_began = time.monotonic()

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print the figures of a validation, and let the clock go on."""
        self._last += time.monotonic() - self._validation_began
        if trainer.is_global_zero:
            figures = _figures(trainer, "validation/")
            print(f"validation at {trainer.global_step}: {figures}", flush=True)


def _figures(trainer: lightning.Trainer, prefix: str) -> str:
    return "  ".join(
        f"{name.removeprefix(prefix)} {float(value):.4f}"
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix)
    )
