"""Using the hardware well: memory format, compilation, and a trace of what it does."""

import shutil
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from nakawari.errors import UserError

PROFILE_AFTER = 3
"""Updates before a trace begins: the first ones allocate, choose algorithms and compile."""


def prepare(networks: list[nn.Module], channels_last: bool, compile: bool, device: str) -> None:
    """Set the memory format of networks and compile them, in place.

    The names of their weights in a training state stay the same. Raises ``UserError`` if there is
    no C++ compiler, which compiling for a CPU needs.
    """
    if compile and device == "cpu" and not (shutil.which("c++") or shutil.which("g++")):
        raise UserError("trainer.compile needs a C++ compiler on a CPU; install g++, or leave it")
    for network in networks:
        if channels_last:
            network.to(memory_format=torch.channels_last)
        if compile:
            network.compile()


class Trace(Callback):
    """Write a trace of some updates to ``file``, for ui.perfetto.dev; on rank zero only."""

    def __init__(self, file: Path, updates: int) -> None:
        self.file = file
        self._left = PROFILE_AFTER + updates
        self._updates = updates
        self._profiler: torch.profiler.profile | None = None

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Begin the trace after ``PROFILE_AFTER`` updates."""
        if self._left == self._updates and self._profiler is None and trainer.is_global_zero:
            self._profiler = torch.profiler.profile(profile_memory=True)
            self._profiler.start()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Count down; write the trace after the last update."""
        self._left -= 1
        if self._left == 0:
            self._write()

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write what there is if the training was shorter than the trace."""
        self._write()

    def _write(self) -> None:
        if self._profiler is not None:
            self._profiler.stop()
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._profiler.export_chrome_trace(str(self.file))
            print(f"trace of {self._updates} updates at most: {self.file}", flush=True)
            self._profiler = None
