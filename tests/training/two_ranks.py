"""Started by torchrun: trains, and writes down what each rank saw and what it ended with."""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from autoencoder.config import AutoencoderConfig
from autoencoder.module import AutoencoderModule
from nakawari.data.triplet import Triplet
from nakawari.training.config import parse_config
from nakawari.training.data import TripletData
from nakawari.training.run import train


class Watched(AutoencoderModule):
    """Notes which frames it is given."""

    def training_step(self, batch: Triplet, batch_idx: int) -> None:
        self.seen = [*getattr(self, "seen", []), digest([batch.target])]
        super().training_step(batch, batch_idx)

    def validation_step(self, batch: Triplet, batch_idx: int) -> None:
        self.validated = [*getattr(self, "validated", []), *(digest([one]) for one in batch.target)]
        super().validation_step(batch, batch_idx)


def digest(tensors: Iterable[Tensor]) -> str:
    whole = hashlib.sha256()
    for tensor in tensors:
        whole.update(tensor.detach().cpu().numpy().tobytes())
    return whole.hexdigest()


def main() -> None:
    config = parse_config(AutoencoderConfig, sys.argv[1:])
    module = Watched(config)  # not seeded: every rank begins with other weights
    train(module, TripletData(config.data), config.trainer)
    rank = module.trainer.global_rank
    told = {
        "world_size": torch.distributed.get_world_size(),
        "weights": digest(module.state_dict().values()),
        "seen": module.seen,
        "validated": module.validated,
        "searches_for_unused": module.trainer.strategy._ddp_kwargs["find_unused_parameters"],
    }
    Path(config.trainer.run, f"rank_{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
