"""One update of the weights, and how the learning rate goes."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import lightning
import torch
from torch import Tensor, nn


def cosine_schedule(
    optimiser: torch.optim.Optimizer, warmup_updates: int, max_updates: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Rise linearly from 0 over the warm-up, then fall as a half cosine to a hundredth."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, partial(_factor, warmup_updates=warmup_updates, max_updates=max_updates)
    )


def weighted_sum(terms: dict[str, Tensor], weights: object) -> Tensor:
    """Return the sum of a loss's terms, each times the weight that has its name."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def update(
    module: lightning.LightningModule,
    loss: Tensor,
    which: int,
    parameters: Iterator[nn.Parameter],
    gradient_clip: float,
) -> None:
    """Step optimiser ``which`` of a manually optimised module down ``loss``.

    Only optimiser 0 counts as an update in ``trainer.global_step``, so that updates, batches and
    ``max_steps`` stay the same thing: Lightning counts every step of every optimiser that it wraps
    (pytorch-lightning issue 17958).
    """
    wrapped: Any = _listed(module.optimizers())[which]
    optimiser = wrapped if which == 0 else wrapped.optimizer
    optimiser.zero_grad()
    module.manual_backward(loss)
    torch.nn.utils.clip_grad_norm_(parameters, gradient_clip)
    optimiser.step()
    _listed(module.lr_schedulers())[which].step()


def _listed(one_or_many: Any) -> list[Any]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _factor(updates: int, warmup_updates: int, max_updates: int) -> float:
    if updates < warmup_updates:
        return (updates + 1) / warmup_updates
    share = (updates - warmup_updates) / max(1, max_updates - warmup_updates)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
