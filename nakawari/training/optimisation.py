"""One update of the weights, and how the learning rate goes."""

import math
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

import lightning
import torch
from torch import Tensor, nn

from nakawari import ranks
from nakawari.errors import UserError
from nakawari.training.health import MOST_SKIPPED_IN_A_ROW, BeforeTheUpdate, are_finite, is_finite

BatchT = TypeVar("BatchT", bound=tuple)


def cosine_schedule(
    optimiser: torch.optim.Optimizer, warmup_updates: int, max_updates: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Rise linearly over the warm-up, then fall as a half cosine to a hundredth.

    ``get_cosine_schedule_with_warmup`` of diffusers is another curve: its first update has a
    learning rate of 0, and so has its last. Trainings would have other weights with it.
    """
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
    the memory of one (gradient accumulation). The iterator makes the forward passes, too: what they
    do to buffers before is not undone. The learning rate and the norm of the gradient
    before it is clipped are logged.

    If a loss, the gradient or the weights afterwards are not finite on any rank, the update is
    skipped on all: weights and buffers are what they were, but it is counted, so that updates and
    batches stay the same thing. Three in a row raise ``UserError``. An exception puts the buffers
    back as well.

    Only optimiser 0 counts as an update in ``trainer.global_step``, so that updates, batches and
    ``max_steps`` stay the same thing: Lightning counts every step of every optimiser that it wraps
    (pytorch-lightning issue 17958).
    """
    parameters = list(parameters)
    wrapped: Any = _listed(module.optimizers())[which]
    optimiser = wrapped if which == 0 else wrapped.optimizer
    schedule = _listed(module.lr_schedulers())[which]
    learning_rate = optimiser.param_groups[0]["lr"]
    before = BeforeTheUpdate(parameters, module.buffers())
    optimiser.zero_grad()
    try:
        gradient = _back_propagate(module, losses, parameters, gradient_clip)
        if gradient.fault is not None:
            optimiser.zero_grad()  # the step is counted, and changes no weight without a gradient
        optimiser.step()
    except BaseException:
        before.put_back()
        raise
    fault = gradient.fault
    if fault is None and not _on_all_ranks(module, are_finite(parameters)):
        fault = "the weights are"
    schedule.step()
    if fault is not None:
        before.put_back()
    module.log(_of(which, "learning_rate"), learning_rate)
    module.log(_of(which, "gradient_norm"), gradient.norm)
    _count_skipped(module, which, fault)


class _Gradient(NamedTuple):
    """What back-propagating came to."""

    norm: Tensor  # scalar, before it was clipped; not a number if there is none
    fault: str | None  # what is not finite, and a verb


def _back_propagate(
    module: lightning.LightningModule,
    losses: Iterable[Tensor],
    parameters: list[nn.Parameter],
    gradient_clip: float,
) -> _Gradient:
    for loss in losses:
        # All ranks agree before: they wait for one another on the way back.
        if not _on_all_ranks(module, is_finite(loss)):
            return _Gradient(torch.tensor(torch.nan), "the loss is")
        module.manual_backward(loss)
    norm = torch.nn.utils.clip_grad_norm_(parameters, gradient_clip)
    finite = _on_all_ranks(module, bool(norm.isfinite()))
    return _Gradient(norm.detach(), None if finite else "the gradient is")


def _on_all_ranks(module: lightning.LightningModule, holds: bool) -> bool:
    return bool(module.trainer.strategy.reduce_boolean_decision(holds, all=True))


def _of(which: int, name: str) -> str:
    return f"train/{name}" if which == 0 else f"train/{name}_{which}"


def _count_skipped(module: lightning.LightningModule, which: int, fault: str | None) -> None:
    """Tell that an update was skipped, or end the training if too many have been, in a row."""
    skipped: dict[int, int] = getattr(module, "skipped_in_a_row", {})
    module.skipped_in_a_row = skipped | {which: skipped.get(which, 0) + 1 if fault else 0}
    if fault is None:
        return
    trainer, in_a_row = module.trainer, module.skipped_in_a_row[which]
    number = trainer.global_step  # this update is counted already
    if trainer.is_global_zero:
        print(f"update {number} is skipped: {fault} not finite", file=sys.stderr, flush=True)
    for logger in trainer.loggers:
        logger.log_metrics({_of(which, "skipped_in_a_row"): float(in_a_row)}, step=number)
    if in_a_row >= MOST_SKIPPED_IN_A_ROW:
        module.skipped_in_a_row = {}
        raise UserError(
            f"{in_a_row} updates in a row were skipped, the last of them {number}: {fault} not "
            "finite. The weights are those from before; lower --trainer.learning_rate or look at "
            "the data, then go on with --trainer.resume true"
        )


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


def share_buffers(module: nn.Module) -> None:
    """Give every rank rank zero's buffers. They are equal but for rounding, and must stay so."""
    for buffer in module.buffers():
        ranks.share(buffer)


def _listed(one_or_many: Any) -> list[Any]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _factor(updates: int, warmup_updates: int, max_updates: int) -> float:
    if updates < warmup_updates:
        return (updates + 1) / warmup_updates
    share = (updates - warmup_updates) / max(1, max_updates - warmup_updates)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
