"""Samples without end, each of which comes a few times: it is drawn once, and kept a while."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from nakawari.data.kept import A_FOLDER, SETTINGS_FILE, claim, file_of, kept
from nakawari.data.triplet import Triplet

BLOCK = 500
"""New samples a round. A sample comes once a round, so often that it lies about 500 x repeats
samples between two of its visits."""

_PROBES = 4  # samples that tell one dataset from another


class Recurring(Dataset[Triplet]):
    """An endless dataset in rounds, each of ``BLOCK`` new samples and those of the rounds before.

    A sample comes ``repeats`` times, in as many successive rounds; within a round the order is
    shuffled. Which sample comes at a position depends on the seed and the position alone.

    Args:
        dataset: endless; ``dataset[index]`` always gives the same sample.
        repeats: how often each comes, at least 1.
        seed: of the order.
        folder: keeps samples until they come no more; about 350 KB each at 256x256. One that keeps
            other samples raises ``UserError``. Any number of processes may share it.
    """

    def __init__(self, dataset: Dataset[Triplet], repeats: int, seed: int, folder: Path) -> None:
        if repeats < 1:
            raise ValueError(f"repeats must be at least 1, got {repeats}")
        self._dataset, self._repeats, self._seed, self._folder = dataset, repeats, seed, folder
        self._round = 0
        told = hashlib.sha256()
        for index in range(_PROBES):
            for tensor in dataset[index]:
                told.update(tensor.contiguous().numpy().tobytes())
        claim(folder / SETTINGS_FILE, {"of": told.hexdigest()[:16]}, "data.store")

    def __getitem__(self, position: int) -> Triplet:
        index = self.sample_at(position)
        return kept(file_of(self._folder, index), lambda: self._dataset[index])

    def sample_at(self, position: int) -> int:
        """Return which sample comes at a position, and forget those that come no more."""
        a_round = BLOCK * self._repeats
        current, place = divmod(position, a_round)
        if current != self._round:
            self._round = current
            self._forget((current - 1) * BLOCK)  # other workers may still be in the round before
        order = np.random.default_rng([self._seed, current]).permutation(a_round)
        return current * BLOCK + int(order[place])

    def _forget(self, before: int) -> None:
        """Delete the folders whose samples all lie before an index."""
        for folder in self._folder.glob("[0-9]*"):
            if folder.name.isdigit() and (int(folder.name) + 1) * A_FOLDER <= before:
                shutil.rmtree(folder, ignore_errors=True)
