"""What a method is: something that draws the frame between two frames."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor


class Sample(NamedTuple):
    """What a method is given: one triplet, on the device of the run."""

    id: str
    frame_0: Tensor  # (1, 3, H, W) in [-1, 1]
    frame_1: Tensor  # (1, 3, H, W)
    target: Tensor | None  # (1, 3, H, W), for the methods that are marked sees_target only
    frame_time: Tensor  # (1,) in (0, 1)


Draw = Callable[[Sample], Tensor]  # returns (1, 3, H, W) in [-1, 1]


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """What the command line says to the methods that listen."""

    model: Path
    steps: int | None  # None: as many as the model's own configuration says
    seed: int
    device: torch.device


class Method(NamedTuple):
    """One entry of the registry; ``build`` may load weights and is called once, before the run."""

    description: str
    build: Callable[[MethodSettings], Draw]
    uses_model: bool = False
    sees_target: bool = False
    draws_now: bool = True  # False: its pictures were drawn elsewhere, at a cost unknown
    fingerprint: str = ""  # what else its pictures depend on: another one makes them stale
