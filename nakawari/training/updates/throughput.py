"""How fast a training is, and what share of the hardware's speed that is."""

import time
from collections.abc import Callable
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

WARM_UP = 4
"""Updates before the clock runs; in the last of them the arithmetic operations are counted."""


class Throughput(Callback):
    """Print samples a second, and the share of the measured convolution rate; rank zero only.

    Args:
        samples: number of samples that an update consumes, on all ranks.
        draw_rate: measures how many samples a second the data can deliver.
    """

    def __init__(self, samples: int, draw_rate: Callable[[], float]) -> None:
        self.samples = samples
        self.draw_rate = draw_rate
        self._operations = 0
        self._counter = FlopCounterMode(display=False)
        self._began = self._ended = 0.0
        self._computing: list[float] = []

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Start the clock and, in the last update of the warm-up, the count of operations."""
        if trainer.global_step == WARM_UP - 1:
            self._counter.__enter__()
        self._began = _now(pl_module.device)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Read the clock and, at the end of the warm-up, the count of operations."""
        now = _now(pl_module.device)
        if trainer.global_step == WARM_UP:
            self._counter.__exit__(None, None, None)
            self._operations = self._counter.get_total_flops()
        elif trainer.global_step > WARM_UP:
            self._computing.append(now - self._began)
        if trainer.global_step <= WARM_UP:
            self._ended = now  # the measured time starts here

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Print the speeds."""
        whole, computing = _now(pl_module.device) - self._ended, sum(self._computing)
        if not trainer.is_global_zero:
            return
        count = len(self._computing)
        dtype = torch.bfloat16 if trainer.precision == "bf16-mixed" else torch.float32
        rate = convolution_rate(pl_module.device, dtype)
        achieved = self._operations * count / computing
        print(
            f"{self.samples * count / whole:.2f} samples/s with the data, "
            f"{self.samples * count / computing:.2f} without, "
            f"{self.draw_rate():.2f} can be drawn\n"
            f"{self._operations / 1e9:.1f} GFLOP an update, {achieved / 1e9:.1f} GFLOP/s a "
            f"process: {achieved / rate:.0%} of its convolutions' {rate / 1e9:.1f} GFLOP/s in "
            f"{str(dtype).removeprefix('torch.')} ({torch.get_num_threads()} threads)",
            flush=True,
        )


def convolution_rate(device: torch.device, dtype: torch.dtype, seconds: float = 2.0) -> float:
    """Measure how many floating-point operations a second 3x3 convolutions reach.

    Both passes are measured, forward and backward, in a time of about ``seconds``. The result is
    the best rate of 64 to 128 channels in either memory format: the most that a network of
    convolutions could reach.
    """
    best = 0.0
    for channels in (64, 96, 128):
        for memory_format in (torch.contiguous_format, torch.channels_last):
            layer = nn.Conv2d(channels, channels, 3, padding=1).to(device, dtype)
            layer.to(memory_format=memory_format)
            features = torch.randn(4, channels, 48, 48, device=device, dtype=dtype)
            features = features.to(memory_format=memory_format).requires_grad_()
            gradient = torch.ones_like(features)
            layer(features).backward(gradient)  # warm up
            count, began = 0, _now(device)
            while (spent := _now(device) - began) < seconds / 6 or not count:
                layer(features).backward(gradient)
                count += 1
            # Three passes (forward, gradient of the features, gradient of the weights), each with
            # two operations for a product.
            operations = 3 * 2 * 9 * channels * channels * 4 * 48 * 48
            best = max(best, count * operations / spent)
    return best


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic()
