"""What a training prints and logs as it runs: losses, samples a second, memory, time left."""

import time
from collections.abc import Callable
from datetime import timedelta
from math import isnan
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from nakawari.memory import own_peak_mib


class Progress(Callback):
    """Print a line from time to time, and log speed and memory beside the other metrics.

    Args:
        samples: number of samples that an update consumes, on all ranks.
        draw_rate: measures how many samples a second the data can deliver; called once.
        seconds: least time between two lines.
    """

    def __init__(self, samples: int, draw_rate: Callable[[], float], seconds: float = 20.0) -> None:
        self.samples = samples
        self.draw_rate = draw_rate
        self._drawn = 0.0
        self._printed = _Stopwatch()
        self._logged = _Stopwatch()
        self._seconds = seconds
        self._validation_began = 0.0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clocks."""
        self._drawn = self.draw_rate()
        for watch in (self._printed, self._logged):
            watch.restart(trainer.global_step)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Log every ``log_every_n_steps`` updates; print if the last line is old enough."""
        update = trainer.global_step
        if update % trainer.log_every_n_steps == 0:
            consumed = self.samples * self._logged.updates_a_second(update)
            pl_module.log("speed/samples_per_second", consumed)
            pl_module.log("speed/peak_memory_mib", _peak_memory_mib(pl_module.device))
            self._logged.restart(update)
        if self._printed.seconds() < self._seconds or not trainer.is_global_zero:
            return
        pace = self._printed.updates_a_second(update)
        if pace:
            left = timedelta(seconds=round((trainer.max_steps - update) / pace))
            print(
                f"update {update}/{trainer.max_steps}, {left} left  "
                f"{_metrics(trainer, 'train/')}  "
                f"{self.samples * pace:.1f} samples/s consumed, {self._drawn:.1f} can be drawn, "
                f"{_peak_memory_mib(pl_module.device):.0f} MiB at most",
                flush=True,
            )
            self._printed.restart(update)

    def on_validation_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Stop the clocks: a validation's time is not the training's."""
        self._validation_began = time.monotonic()

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print the metrics of a validation, and let the clocks go on."""
        for watch in (self._printed, self._logged):
            watch.began += time.monotonic() - self._validation_began
        if trainer.is_global_zero:
            metrics = _metrics(trainer, "validation/")
            print(f"validation at {trainer.global_step}: {metrics}", flush=True)


class _Stopwatch:
    """Measures the updates a second since it was started."""

    def __init__(self) -> None:
        self.restart(0)

    def restart(self, update: int) -> None:
        self.began, self.update = time.monotonic(), update

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def updates_a_second(self, update: int) -> float:
        return (update - self.update) / max(self.seconds(), 1e-9)


def _peak_memory_mib(device: torch.device) -> float:
    """Return the peak memory [MiB]: that allocated on a GPU or, without one, of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return own_peak_mib()


def _metrics(trainer: lightning.Trainer, prefix: str) -> str:
    of_motion = getattr(trainer.lightning_module, "of_motion", ())
    metrics = {
        name.removeprefix(prefix): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix)
    }
    return "  ".join(
        f"{name} unknown" if isnan(value) and name in of_motion else f"{name} {_written(value)}"
        for name, value in metrics.items()
    )


def _written(value: float) -> str:
    """Return a metric with four decimals, or in scientific notation if it is small."""
    return f"{value:.4f}" if value == 0 or abs(value) >= 0.01 else f"{value:.2e}"
