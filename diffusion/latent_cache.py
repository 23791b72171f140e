"""A folder that keeps what stage 1 makes of samples that come again, and trains stage 2 from it.

::

    cache.json             what it was filled with
    000000.safetensors     samples computed together: ``CachedLatents``, and ``readable``
"""

import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from autoencoder import VQAutoencoder
from diffusion.cached_latents import CachedLatents, look
from diffusion.config import DiffusionConfig
from diffusion.flow_refiner import FlowRefiner
from diffusion.neighbour_flow import with_flows
from nakawari.data.endless import MAX_SKIPS, UNREADABLE, Endless, Finite
from nakawari.data.kept import claim, fingerprint, write_whole
from nakawari.data.real import UnreadableSampleError
from nakawari.data.triplet import Triplet, as_frames
from nakawari.errors import UserError
from nakawari.training.data import TripletData
from nakawari.weights import weights_hash

SETTINGS_FILE = "cache.json"
_READABLE = "readable"
_SECONDS = 20.0  # between two lines


class LatentCache(Dataset[CachedLatents]):
    """A cache folder: filled from a dataset, then read in its place.

    Args:
        folder: of the cache. One that was filled with other weights of stage 1, other samples or in
            another precision raises ``UserError``.
        dataset: the samples.
        windows: of each, that come; see ``Endless``.
        stage_1: a hash of stage 1's weights, and of those that mend its optical flow.
        precision: that it computes in, such as "32-true".
        batch_size: samples that are computed together, if the cache is new.
    """

    def __init__(
        self,
        folder: Path,
        dataset: Finite[Triplet],
        windows: int,
        stage_1: str,
        precision: str,
        batch_size: int,
    ) -> None:
        self.root = dataset.root
        self.folder = folder
        self.dataset = dataset
        self.samples = len(dataset) * windows
        settings = {
            "stage_1": stage_1,
            "samples": self.samples,
            "of": fingerprint(dataset, self.samples),
            "precision": precision,
        }
        notes = {"batch_size": batch_size}
        there = claim(folder / SETTINGS_FILE, settings, "--latent_cache", notes)
        self.batch_size: int = there["batch_size"]

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def groups(self) -> list[int]:
        """Those of the dataset."""
        return self.dataset.groups

    def name(self, index: int) -> str:
        """Return the name that the dataset gives sample ``index``."""
        return self.dataset.name(index)

    def __getitem__(self, index: int) -> CachedLatents:
        """Return what was made of sample ``index``."""
        batch, place = divmod(index % self.samples, self.batch_size)
        with safe_open(self.file(batch), "pt") as stored:
            if not stored.get_slice(_READABLE)[place]:
                raise UnreadableSampleError("it could not be read when the cache was filled")
            return CachedLatents(*(stored.get_slice(name)[place] for name in CachedLatents._fields))

    def file(self, batch: int) -> Path:
        """Return where a batch is kept."""
        return self.folder / f"{batch:06d}.safetensors"

    def missing(self) -> list[int]:
        """Return the batches that are not there yet."""
        batches = range(-(-self.samples // self.batch_size))
        return [batch for batch in batches if not self.file(batch).is_file()]

    def write(self, batch: int, cached: CachedLatents, readable: Tensor) -> None:
        """Keep a batch; past the last sample it is not wanted."""
        count = min(self.batch_size, self.samples - batch * self.batch_size)
        tensors = cached._asdict() | {_READABLE: readable}
        kept = {name: tensor[:count].cpu().contiguous() for name, tensor in tensors.items()}
        write_whole(self.file(batch), safetensors.torch.save(kept))


class _Batches(Dataset[tuple[Triplet, Tensor]]):
    """The batches of samples that a cache is filled with, and which of them could be read."""

    def __init__(self, cache: LatentCache) -> None:
        self.cache = cache

    def __getitem__(self, batch: int) -> tuple[Triplet, Tensor]:
        size = self.cache.batch_size
        # Whole batches only: stage 1's last bits may depend on how many it computes together.
        drawn = [self._sample(batch * size + place) for place in range(size)]
        samples, readable = zip(*drawn, strict=True)
        return default_collate(list(samples)), torch.tensor(readable)

    def _sample(self, index: int) -> tuple[Triplet, bool]:
        """Return a sample, and whether it is the one that was asked for, or the next readable."""
        for skipped in range(MAX_SKIPS):
            try:
                triplet = self.cache.dataset[(index + skipped) % self.cache.samples]
            except UNREADABLE:
                continue
            return triplet, not skipped
        raise UserError(
            f"none of {MAX_SKIPS} triplets in {self.cache.root} that come next can be read; "
            "copy or build it again"
        )


def fill(
    cache: LatentCache,
    autoencoder: VQAutoencoder,
    refiner: FlowRefiner | None,
    precision: AbstractContextManager[Any],
    workers: int = 0,
    rank: int = 0,
    world_size: int = 1,
) -> int:
    """Let stage 1 look at this rank's share of what the cache lacks; return how many batches.

    May be killed at any moment; the batches that are there stay.
    """
    # By number, not by place in the list: other ranks may be filling already.
    missing = [batch for batch in cache.missing() if batch % world_size == rank]
    loader = DataLoader(
        _Batches(cache),
        batch_size=None,
        sampler=missing,
        num_workers=min(workers, len(missing)),
        prefetch_factor=1 if workers and missing else None,
    )
    told = time.monotonic()
    with precision:
        for done, (batch, (triplet, readable)) in enumerate(zip(missing, loader, strict=True), 1):
            moved = Triplet(*(tensor.to(autoencoder.device) for tensor in triplet))
            cache.write(batch, look(autoencoder, refiner, as_frames(moved)), readable)
            if time.monotonic() - told > _SECONDS and rank == 0:
                print(f"{cache.folder}: {done} of {len(missing)} batches looked at", flush=True)
                told = time.monotonic()
    return len(missing)


class LatentData(TripletData):
    """Training samples as stage 1 sees them, from a cache that is filled first."""

    def __init__(
        self, config: DiffusionConfig, autoencoder: VQAutoencoder, refiner: FlowRefiner | None
    ) -> None:
        """Build it; ``autoencoder`` and ``refiner`` may be moved to the device afterwards."""
        super().__init__(config.data, config.trainer.accumulate, with_flows)
        assert config.latent_cache is not None
        self._folder = Path(config.latent_cache)
        self._autoencoder, self._refiner = autoencoder, refiner
        looking = (autoencoder,) if refiner is None else (autoencoder, refiner)
        self._stage_1 = " ".join(weights_hash(network) for network in looking)

    def train_dataloader(self) -> DataLoader[Any]:
        """Fill the cache, and read from the first sample that no rank has consumed yet."""
        trainer, finite = self.trainer, self.finite
        assert trainer is not None
        assert finite is not None  # the settings
        assert self.windows is not None  # see to it
        cache = LatentCache(
            self._folder,
            finite,
            self.windows,
            self._stage_1,
            str(trainer.precision),
            self.config.batch_size,
        )
        precision = trainer.precision_plugin.forward_context()
        ranks = trainer.global_rank, trainer.world_size
        looking = self._autoencoder, self._refiner
        fill(cache, *looking, precision, self.config.workers, *ranks)
        trainer.strategy.barrier()
        self._training_set = Endless(cache, self.config.seed, self.windows)
        return super().train_dataloader()
