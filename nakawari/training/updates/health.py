"""Finding numbers that are not finite, and undoing an update that has made some."""

from collections.abc import Iterable

import torch
from torch import Tensor

from nakawari.training.private import sampled_positions

MOST_SKIPPED_IN_A_ROW = 3
"""Skipped updates in a row that end a training. One or two batches may be at fault; three, of
different samples, show that the training itself is."""


class BeforeTheUpdate:
    """Weights and buffers as they were before an update, to be put back if it fails.

    The forward pass alone changes buffers: statistics of normalisation, and the codebook.
    """

    @torch.no_grad()
    def __init__(self, parameters: Iterable[Tensor], buffers: Iterable[Tensor]) -> None:
        self._parameters = [(parameter, parameter.clone()) for parameter in parameters]
        self._buffers = [(buffer, buffer.clone()) for buffer in buffers]

    @torch.no_grad()
    def put_back(self) -> None:
        """Undo all changes to weights and buffers since then."""
        for current, before in (*self._parameters, *self._buffers):
            current.copy_(before)


def is_finite(loss: Tensor) -> bool:
    """Return whether a loss is finite and can safely be back-propagated."""
    return bool(loss.isfinite().all()) and _can_go_back(loss)


def are_finite(tensors: Iterable[Tensor]) -> bool:
    """Return whether all numbers of all tensors are finite; integers always are."""
    floats = [tensor for tensor in tensors if tensor.is_floating_point()]
    return (
        bool(torch.stack([tensor.isfinite().all() for tensor in floats]).all()) if floats else True
    )


def _can_go_back(loss: Tensor) -> bool:
    """Return whether all sampling positions in the graph of gradients of ``loss`` are finite.

    On a CPU ``grid_sample`` takes a position of NaN for the picture's edge, so the loss may be
    finite. But the backward pass then writes outside its memory, and the process dies without a
    message. A GPU leaves such positions out.
    """
    if loss.device.type != "cpu" or loss.grad_fn is None:
        return True
    seen, to_visit = {loss.grad_fn}, [loss.grad_fn]
    grids = list[Tensor]()
    while to_visit:
        node = to_visit.pop()
        if node.name().startswith("GridSampler"):
            grids.append(sampled_positions(node))
        new = {before for before, _ in node.next_functions if before is not None} - seen
        seen |= new
        to_visit += new
    return are_finite(grids)
