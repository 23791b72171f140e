"""The definition of a method: it draws the frame between two frames."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


class Sample(NamedTuple):
    """The input of a method: one triplet, on the device of the run."""

    id: str
    frame_0: Tensor  # (1, 3, H, W) in [-1, 1]
    frame_1: Tensor  # (1, 3, H, W)
    target: Tensor | None  # (1, 3, H, W), only for methods with ``sees_target``
    frame_time: Tensor  # (1,) in (0, 1)


Draw = Callable[[Sample], Tensor]  # returns (1, 3, H, W) in [-1, 1]


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """The settings from the command line, for the methods that use them."""

    model: Path
    steps: int | None  # of denoising; None: as in the model's configuration
    seed: int
    device: torch.device


class Method(NamedTuple):
    """One entry of the registry; ``build`` may load weights and is called once, before the run."""

    description: str
    build: Callable[[MethodSettings], Draw]
    uses_model: bool = False
    sees_target: bool = False
    draws_now: bool = True  # False: its pictures were drawn elsewhere, at an unknown cost
    fingerprint: str = ""  # of what else its pictures depend on; if it changes, they are stale
