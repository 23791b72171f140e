"""One update of the weights, and how the learning rate goes."""

import math
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import lightning
import torch
from torch import Tensor, nn

BatchT = TypeVar("BatchT", bound=tuple)


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
    losses: Iterable[Tensor],
    which: int,
    parameters: Iterable[nn.Parameter],
    gradient_clip: float,
) -> None:
    """Step optimiser ``which`` of a manually optimised module down the sum of ``losses``.

    Each loss is back-propagated before the next is asked for, so that an iterator of them needs
    the memory of one (gradient accumulation).

    Only optimiser 0 counts as an update in ``trainer.global_step``, so that updates, batches and
    ``max_steps`` stay the same thing: Lightning counts every step of every optimiser that it wraps
    (pytorch-lightning issue 17958).
    """
    wrapped: Any = _listed(module.optimizers())[which]
    optimiser = wrapped if which == 0 else wrapped.optimizer
    optimiser.zero_grad()
    for loss in losses:
        module.manual_backward(loss)
    torch.nn.utils.clip_grad_norm_(parameters, gradient_clip)
    optimiser.step()
    _listed(module.lr_schedulers())[which].step()


def in_parts(batch: BatchT, parts: int) -> Iterator[BatchT]:
    """Split a batch, a named tuple of tensors (B, ...), into ``parts`` of equal size."""
    for tensors in zip(*(tensor.chunk(parts) for tensor in batch), strict=True):
        yield type(batch)(*tensors)


def means(terms: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each term over the parts of a batch in which it occurs."""
    names = dict.fromkeys(name for part in terms for name in part)
    return {
        name: torch.stack([part[name].detach() for part in terms if name in part]).mean()
        for name in names
    }


@torch.no_grad()
def share_buffers(module: torch.nn.Module) -> None:
    """Give every rank rank zero's buffers: the codebook follows the batch, and each has its own."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        for buffer in module.buffers():
            torch.distributed.broadcast(buffer, src=0)


def _listed(one_or_many: Any) -> list[Any]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _factor(updates: int, warmup_updates: int, max_updates: int) -> float:
    if updates < warmup_updates:
        return (updates + 1) / warmup_updates
    share = (updates - warmup_updates) / max(1, max_updates - warmup_updates)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
