"""One update of the weights, and the schedule of the learning rate."""

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
from nakawari.training.updates.health import (
    MOST_SKIPPED_IN_A_ROW,
    BeforeTheUpdate,
    are_finite,
    is_finite,
)

BatchT = TypeVar("BatchT", bound=tuple)


def cosine_schedule(
    optimiser: torch.optim.Optimizer, warmup_updates: int, max_updates: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule that rises linearly over the warm-up, then falls as a half cosine.

    It falls to a hundredth of the learning rate. ``get_cosine_schedule_with_warmup`` of diffusers
    is another curve: its learning rate is 0 in the first update and in the last. Trainings would
    end with other weights.
    """
    return torch.optim.lr_scheduler.LambdaLR(
        optimiser, partial(_factor, warmup_updates=warmup_updates, max_updates=max_updates)
    )


def weighted_sum(terms: dict[str, Tensor], weights: object) -> Tensor:
    """Return the sum of a loss's terms, each times the attribute of ``weights`` with its name."""
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()


def update(
    module: lightning.LightningModule,
    losses: Iterable[Tensor],
    which: int,
    parameters: Iterable[nn.Parameter],
    gradient_clip: float,
) -> None:
    """Step optimiser ``which`` of a manually optimised module down the sum of ``losses``.

    Each loss is back-propagated before the next is asked for. So an iterator of losses needs the
    memory of one (gradient accumulation). The forward passes should happen in the iterator, too:
    changes to buffers before this call are not undone. The learning rate and the norm of the
    gradient before it is clipped are logged.

    If a loss, the gradient or the updated weights are not finite on any rank, the update is skipped
    on all ranks: weights and buffers are put back. It still counts as an update, so that there are
    as many updates as batches. Three skipped updates in a row raise ``UserError``. An exception
    puts weights and buffers back as well.

    Only a step of optimiser 0 counts as an update in ``trainer.global_step``, so that updates,
    batches and ``max_steps`` agree. Lightning counts every step of every optimiser that it wraps
    (pytorch-lightning issue 17958), so the others are stepped unwrapped.
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
    """The result of back-propagating all losses."""

    norm: Tensor  # scalar, before clipping; NaN if a loss was not finite
    fault: str | None  # what is not finite, with a verb, such as "the loss is"; None if all is


def _back_propagate(
    module: lightning.LightningModule,
    losses: Iterable[Tensor],
    parameters: list[nn.Parameter],
    gradient_clip: float,
) -> _Gradient:
    for loss in losses:
        # All ranks must agree first, because they wait for one another in the backward pass.
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
    """Report a skipped update; end the training if too many in a row were skipped."""
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
    """Return the mean of each term over those parts of a batch that have it, without gradients."""
    names = dict.fromkeys(name for part in terms for name in part)
    return {
        name: torch.stack([part[name].detach() for part in terms if name in part]).mean()
        for name in names
    }


def share_buffers(module: nn.Module) -> None:
    """Copy rank zero's buffers to every rank.

    They are equal except for rounding, and must stay so.
    """
    for buffer in module.buffers():
        ranks.share(buffer)


def _listed(one_or_many: Any) -> list[Any]:
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _factor(updates: int, warmup_updates: int, max_updates: int) -> float:
    if updates < warmup_updates:
        return (updates + 1) / warmup_updates
    share = (updates - warmup_updates) / max(1, max_updates - warmup_updates)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
