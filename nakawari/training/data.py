"""Feeds drawn cels, a folder of triplets, or shards of them to a trainer."""

import sys
import time
from pathlib import Path

import lightning
from torch.utils.data import DataLoader, Dataset

from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.endless import Endless
from nakawari.data.folder import TripletFolder
from nakawari.data.sampler import IndexSampler
from nakawari.data.shards import ShardedTriplets, read_index
from nakawari.data.triplet import Triplet
from nakawari.training.config import DataConfig

# Far from every training seed that one would type.
_VALIDATION_SEED_OFFSET = 1_000_000_007
_NAMED = 10  # unreadable samples that are named in the end


class TripletData(lightning.LightningDataModule):
    """Training samples without end, from where the training stands; fixed validation samples."""

    def __init__(self, config: DataConfig, accumulate: int = 1) -> None:
        """Build it; an update takes ``accumulate`` batches together."""
        super().__init__()
        self.config = config
        self._a_process = config.batch_size * accumulate
        # Drawn from later; built now, so that a missing folder is told before any training.
        self._training_set = self._build_training_set()
        self._validation_set = self._build_validation_set(config.seed + _VALIDATION_SEED_OFFSET)

    def draw_rate(self, samples: int = 6) -> float:
        """Measure how many samples a second all workers together can deliver, undisturbed."""
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
        )

    def val_dataloader(self) -> DataLoader[Triplet]:
        """Draw the validation samples, the same each time."""
        samples = [self._validation_set[index] for index in range(self.config.validation_samples)]
        return DataLoader(samples, batch_size=self.config.batch_size)  # type: ignore[arg-type]

    def teardown(self, stage: str) -> None:
        """Name the samples that could not be read."""
        skipped = (
            self._training_set.skipped_names if isinstance(self._training_set, Endless) else []
        )
        if skipped:
            names = ", ".join(skipped[:_NAMED]) + (", …" if len(skipped) > _NAMED else "")
            print(f"{len(skipped)} unreadable samples were skipped: {names}", file=sys.stderr)

    def _build_training_set(self) -> Dataset[Triplet]:
        config = self.config
        size = (config.height, config.width)
        if config.triplets is not None:
            return Endless(TripletFolder(config.triplets, *size), config.seed)
        if config.shards is not None:
            return Endless(ShardedTriplets(config.shards, "train", *size), config.seed)
        return self._cels(config.seed)

    def _build_validation_set(self, seed: int) -> Dataset[Triplet]:
        config = self.config
        if config.shards is not None and read_index(Path(config.shards))["validation"]:
            size = (config.height, config.width)
            return Endless(ShardedTriplets(config.shards, "validation", *size, crop=False), seed)
        return self._cels(seed)

    def _cels(self, seed: int) -> CelDataset:
        return CelDataset(
            CelConfig(
                height=self.config.height,
                width=self.config.width,
                seed=seed,
                art_dirs=self.config.art,
            )
        )
