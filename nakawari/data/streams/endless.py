"""A finite dataset as an endless stream that can be entered at any position."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from nakawari.data.streams.real import UnreadableSampleError
from nakawari.errors import UserError

SampleT = TypeVar("SampleT", covariant=True)

# Least number of samples that are shuffled together: enough for a batch to mix many shots and
# episodes, few enough for a reader to touch only some shards at a time.
SHUFFLE_SAMPLES = 8192
# Unreadable samples in a row after which reading fails: so many are no accident.
MAX_SKIPS = 64
UNREADABLE = (UnreadableSampleError, OSError, cv2.error)
"""What a finite dataset raises for a sample that cannot be read."""


class Finite(Protocol[SampleT]):
    """What ``Endless`` goes through."""

    root: Path

    @property
    def groups(self) -> list[int]:
        """How many samples lie together, group by group; they sum to the length."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> SampleT:
        """Return sample ``index`` modulo the length; ``UnreadableSampleError`` if damaged.

        Of real triplets, an index that is larger by a multiple of the length gives another window.
        """
        ...

    def name(self, index: int) -> str:
        """Return the name by which a person finds sample ``index``."""
        ...


class _Round(NamedTuple):
    groups: np.ndarray  # the groups in this round's order
    ends: list[int]  # after each block, how many groups have been visited
    places: list[int]  # the place at which each block begins, then the round's length


class ShuffledOrder:
    """Which sample is at which position of an endless stream that is shuffled block by block.

    The groups (shards) are shuffled anew each round. Neighbours in that order are joined into
    blocks, and each block's samples are shuffled. So every sample comes once a round, and reading
    in this order touches few shards at a time. The answer depends on the seed and the position
    alone, so it is the same with any number of workers and ranks, resumed or not.

    Args:
        groups: number of samples in each group, all above 0, else ``ValueError``.
        seed: of the shuffling.
        window: least number of samples in a block; only the last of a round may have fewer.
    """

    def __init__(self, groups: Sequence[int], seed: int, window: int = SHUFFLE_SAMPLES) -> None:
        if not groups or min(groups) < 1:
            raise ValueError(f"groups must each have a sample, got {list(groups)[:8]}")
        self.groups = np.asarray(groups, np.int64)
        self.seed = seed
        self.window = window
        self._firsts = np.concatenate([[0], np.cumsum(self.groups)])
        self.samples = int(self._firsts[-1])
        self._round = lru_cache(maxsize=2)(self._make_round)
        self._block = lru_cache(maxsize=2)(self._make_block)

    def __reduce__(self) -> tuple[type, tuple[list[int], int, int]]:
        return ShuffledOrder, (self.groups.tolist(), self.seed, self.window)

    def index(self, position: int) -> int:
        """Return the index of the sample at a position; positions go on through all rounds."""
        round_number, place = divmod(position, self.samples)
        block = bisect_right(self._round(round_number).places, place) - 1
        begin = self._round(round_number).places[block]
        return int(self._block(round_number, block)[place - begin])

    def _make_round(self, round_number: int) -> _Round:
        groups = np.random.default_rng([self.seed, round_number]).permutation(len(self.groups))
        ends, places = [], [0]
        for end, reached in enumerate(accumulate(self.groups[groups].tolist()), 1):
            if reached - places[-1] >= self.window or end == len(groups):
                ends.append(end)
                places.append(reached)
        return _Round(groups, ends, places)

    def _make_block(self, round_number: int, block: int) -> np.ndarray:
        whole = self._round(round_number)
        groups = whole.groups[whole.ends[block - 1] if block else 0 : whole.ends[block]]
        samples = np.concatenate([np.arange(*self._firsts[group : group + 2]) for group in groups])
        return np.random.default_rng([self.seed, round_number, block]).permutation(samples)


class Endless(Dataset[SampleT], Generic[SampleT]):
    """A finite dataset over and over, in another order and with other windows in each round.

    After ``windows`` rounds the same windows come again; if it is None, they never do.

    A sample that cannot be read is named once on stderr, and the next one in this order takes its
    place. So the sample at a position still depends on nothing but seed and position. If
    ``MAX_SKIPS`` in a row cannot be read, or none of a smaller dataset, ``UserError`` is raised.
    """

    def __init__(self, dataset: Finite[SampleT], seed: int, windows: int | None = None) -> None:
        self.dataset = dataset
        self.windows = windows
        self.order = ShuffledOrder(dataset.groups, seed)
        # In shared memory: each worker has a copy of the dataset, but all share one count.
        self._unreadable = torch.zeros(len(dataset), dtype=torch.bool).share_memory_()

    def __getitem__(self, position: int) -> SampleT:
        count = len(self.dataset)
        number_of_round, place = divmod(position, count)
        begin = number_of_round * count
        window = number_of_round % self.windows if self.windows else number_of_round
        tries = min(MAX_SKIPS, count)
        for number in range(tries):
            index = self.order.index(begin + (place + number) % count)
            try:
                return self.dataset[window * count + index]
            except UNREADABLE as error:
                self._tell(index, error)
        raise UserError(
            f"none of the {tries} triplets in {self.dataset.root} that come next can be read; "
            "copy or build it again"
        )

    @property
    def skipped(self) -> int:
        """How many samples could not be read so far, by any worker."""
        return int(self._unreadable.sum())

    @property
    def skipped_names(self) -> list[str]:
        """The names of the samples that could not be read so far."""
        return [self.dataset.name(int(index)) for index in self._unreadable.nonzero()]

    def _tell(self, index: int, error: Exception) -> None:
        if self._unreadable[index]:
            return
        self._unreadable[index] = True
        reason = str(error).strip().partition("\n")[0]
        print(
            f"skipped {self.dataset.name(index)}: {reason} "
            f"({self.skipped} of {len(self.dataset)} skipped)",
            file=sys.stderr,
            flush=True,
        )
