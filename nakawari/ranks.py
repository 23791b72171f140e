"""Communication between the processes (ranks) of one training; a lone process does none."""

import torch
from torch import Tensor
from torch import distributed as dist


def number() -> int:
    """Return how many ranks there are.

    Ask each time it is needed, and do not keep the answer: ranks may join late.
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def are_several() -> bool:
    """Return whether there are other ranks."""
    return number() > 1


def sum_in_place(tensor: Tensor) -> None:
    """Replace a tensor by its sum over all ranks, without a gradient."""
    if are_several():
        dist.all_reduce(tensor)


def total(tensor: Tensor) -> Tensor:
    """Return the sum over all ranks; the gradient of every rank's loss flows back through it."""
    summed: Tensor = _Total.apply(tensor)
    return summed


@torch.no_grad()
def share(tensor: Tensor) -> None:
    """Replace a tensor by that of rank zero (broadcast)."""
    if are_several():
        dist.broadcast(tensor, src=0)


def joined(tensor: Tensor, dim: int) -> Tensor:
    """Return the tensors of all ranks, of equal shape, joined along ``dim`` in order of rank."""
    if not are_several():
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(number())]
    dist.all_gather(parts, tensor.contiguous())
    return torch.cat(parts, dim=dim)


class _Total(torch.autograd.Function):
    """The sum over all ranks; in the backward pass the gradients are summed as well."""

    @staticmethod
    def forward(_: object, tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        sum_in_place(tensor)
        return tensor

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        sum_in_place(gradient)
        return gradient
