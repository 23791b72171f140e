"""All private parts of other libraries that the training uses, and why.

A new version of a library may rename them without notice; the tests of training then fail.
"""

from __future__ import annotations

from typing import Any

import lightning
from torch import Tensor
from torch.autograd.graph import Node


def training_state(trainer: lightning.Trainer) -> dict[str, Any]:
    """Return all that Lightning saves of a training, without writing it.

    ``Trainer.save_checkpoint`` ends in a barrier, so it cannot be used where one rank alone saves,
    as when a signal ends the training.
    """
    return trainer._checkpoint_connector.dump_checkpoint(weights_only=False)


def sampled_positions(node: Node) -> Tensor:
    """Return the sampling positions of a ``grid_sample`` node in the graph of gradients.

    PyTorch keeps them for the backward pass and has no public way to look at them.
    """
    return node._saved_grid  # type: ignore[attr-defined]
