"""Feeds drawn cels, a folder of triplets, or shards of them to a trainer."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
from torch.utils.data import DataLoader, Dataset

from nakawari.data.cels import CelConfig, CelDataset, FiniteCels
from nakawari.data.streams.endless import Endless, Finite
from nakawari.data.streams.folder import TripletFolder
from nakawari.data.streams.kept import KeptTriplets
from nakawari.data.streams.recurring import Recurring
from nakawari.data.streams.sampler import IndexSampler
from nakawari.data.streams.shards import ShardedTriplets, read_index
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.memory import machine_mib
from nakawari.training.config import DataConfig
from nakawari.training.stopping import leave_the_end_to_the_trainer

# Added to the seed for validation samples: far from every training seed that one would type.
_VALIDATION_SEED_OFFSET = 1_000_000_007
_BYTES_A_PIXEL = 3 * 3 + 2 * 2 * 2 + 2  # of a sample: 3 frames, 2 motions in float16, 2 masks
_NAMED = 10  # most unreadable samples that are named at the end


class TripletData(lightning.LightningDataModule):
    """Endless training samples from where the training stands, and fixed validation samples."""

    def __init__(
        self,
        config: DataConfig,
        accumulate: int = 1,
        finish: Callable[[Triplet], Triplet] | None = None,
    ) -> None:
        """Build the datasets; an update takes ``accumulate`` batches together.

        ``finish`` is called on every sample, by the process that draws it. Where training samples
        are kept (``data.store``), what it returns is kept as well.
        """
        super().__init__()
        self.config = config
        self._finish = finish
        self._a_process = config.batch_size * accumulate
        _refuse_what_cannot_wait(config, self._a_process)
        # The sets are used later, but built now, so that a missing folder is an error at once.
        self.finite = self._build_finite()
        self._training_set = self._build_training_set()
        self._validation_set = self._build_validation_set(config.seed + _VALIDATION_SEED_OFFSET)

    def draw_rate(self, samples: int = 6) -> float:
        """Return how many samples a second all workers could deliver, by timing this process."""
        begin = time.monotonic()
        for index in range(samples):
            self._training_set[index]
        return samples * max(1, self.config.workers) / (time.monotonic() - begin)

    def samples_an_update(self, processes: int) -> int:
        """Return how many samples an update consumes, on all processes: the effective batch."""
        return self._a_process * processes

    def train_dataloader(self) -> DataLoader[Triplet]:
        """Draw from the first sample that no rank has consumed yet."""
        trainer = self.trainer
        assert trainer is not None
        consumed = trainer.global_step * self.samples_an_update(trainer.world_size)
        return DataLoader(
            self._training_set,
            batch_size=self._a_process,
            sampler=IndexSampler(consumed, trainer.global_rank, trainer.world_size),
            num_workers=self.config.workers,
            prefetch_factor=self.config.prefetch if self.config.workers else None,
            persistent_workers=self.config.workers > 0,
            pin_memory=trainer.strategy.root_device.type == "cuda",
            worker_init_fn=leave_the_end_to_the_trainer,
        )

    def val_dataloader(self) -> DataLoader[Triplet]:
        """Draw this rank's share of the validation samples, the same each time."""
        trainer, count = self.trainer, self.config.validation_samples
        rank, ranks = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        if count < ranks:
            raise UserError(
                f"data.validation_samples must be at least the number of processes, got {count} "
                f"and {ranks}; raise it"
            )
        share = range(rank, count, ranks)
        samples = [self._validation_set[index] for index in share]
        return DataLoader(samples, batch_size=self.config.batch_size)  # type: ignore[arg-type]

    def teardown(self, stage: str) -> None:
        """Name the samples that could not be read."""
        drawn = self._training_set
        skipped = drawn.skipped_names if isinstance(drawn, Endless) else []
        if skipped:
            names = ", ".join(skipped[:_NAMED]) + (", …" if len(skipped) > _NAMED else "")
            print(f"{len(skipped)} unreadable samples were skipped: {names}", file=sys.stderr)

    def _build_training_set(self) -> Dataset[Any]:
        if self.finite is not None:
            return Endless(self.finite, self.config.seed, self.windows)
        config = self.config
        cels: Dataset[Triplet] = CelDataset(self._cel_config(config.seed))
        if self._finish:
            cels = _Finished(cels, self._finish)
        if config.visits > 1:
            assert config.store is not None  # DataConfig has checked it
            cels = Recurring(cels, config.visits, config.seed, Path(config.store))
        return cels

    @property
    def windows(self) -> int | None:
        """How many rounds of the finite dataset have windows of their own; None for all."""
        return 1 if self.config.cels is not None else self.config.windows

    def _build_finite(self) -> Finite[Triplet] | None:
        """Return what training goes through again and again, or None for cels without end."""
        config = self.config
        size = (config.height, config.width)
        dataset: Finite[Triplet]
        if config.triplets is not None:
            dataset = TripletFolder(config.triplets, *size)
        elif config.shards is not None:
            dataset = ShardedTriplets(config.shards, "train", *size)
        elif config.cels is not None:
            dataset = FiniteCels(config.cels, self._cel_config(config.seed))
        else:
            return None
        dataset = self._kept(dataset, "drawn")
        if self._finish is None:
            return dataset
        return self._kept(_FinishedFinite(dataset, self._finish), "finished")

    def _kept(self, dataset: Finite[Triplet], name: str) -> Finite[Triplet]:
        if self.config.store is None:
            return dataset
        assert self.windows is not None  # DataConfig has checked it
        return KeptTriplets(dataset, Path(self.config.store) / name, self.windows)

    def _build_validation_set(self, seed: int) -> Dataset[Triplet]:
        config = self.config
        if config.shards is not None and read_index(Path(config.shards))["validation"]:
            size = (config.height, config.width)
            real = Endless(ShardedTriplets(config.shards, "validation", *size, crop=False), seed)
            return _Finished(real, self._finish) if self._finish else real
        cels = CelDataset(self._cel_config(seed))
        return _Finished(cels, self._finish) if self._finish else cels

    def _cel_config(self, seed: int) -> CelConfig:
        config = self.config
        return CelConfig(height=config.height, width=config.width, seed=seed, art_dirs=config.art)


def _refuse_what_cannot_wait(config: DataConfig, samples: int) -> None:
    """Raise ``ValueError`` if the prefetched batches, of ``samples`` each, would fill memory."""
    batches = 1 + config.workers * config.prefetch
    needed = batches * samples * config.height * config.width * _BYTES_A_PIXEL / 2**20
    if needed > (there := machine_mib()):
        raise ValueError(
            f"{batches} batches of {samples} samples of {config.height}x{config.width} would take "
            f"{needed / 1024:.0f} GiB before they are trained on, and the memory is "
            f"{there / 1024:.0f} GiB; lower data.batch_size, data.workers or data.prefetch"
        )


class _Finished(Dataset[Triplet]):
    """A dataset whose samples go through ``finish``."""

    def __init__(
        self, dataset: Dataset[Triplet] | Finite[Triplet], finish: Callable[[Triplet], Triplet]
    ) -> None:
        self._dataset = dataset
        self._finish = finish

    def __getitem__(self, index: int) -> Triplet:
        return self._finish(self._dataset[index])


class _FinishedFinite(_Finished):
    """A finite dataset whose samples go through ``finish``."""

    def __init__(self, dataset: Finite[Triplet], finish: Callable[[Triplet], Triplet]) -> None:
        super().__init__(dataset, finish)
        self.root = dataset.root
        self.groups = dataset.groups
        self.name = dataset.name
        self._samples = len(dataset)

    def __len__(self) -> int:
        return self._samples
