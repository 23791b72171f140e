"""An endless stream of samples, each of which is drawn once, kept for a while, and comes again."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from nakawari.data.streams.kept import A_FOLDER, SETTINGS_FILE, claim, file_of, kept
from nakawari.data.triplet import Triplet

BLOCK = 500
"""New samples in each round. A round has 500 x repeats samples, so about as many lie between two
visits of the same sample."""

_PROBES = 4  # number of samples by which one dataset is told from another


class Recurring(Dataset[Triplet]):
    """An endless dataset in rounds, each of ``BLOCK`` new samples and those of the rounds before.

    A sample comes ``repeats`` times, once in each of as many successive rounds. Within a round the
    order is shuffled. Which sample comes at a position depends on the seed and the position alone.

    Args:
        dataset: endless; ``dataset[index]`` always gives the same sample.
        repeats: how often each sample comes, at least 1.
        seed: of the order.
        folder: keeps samples until they come no more, about 350 KB each at 256x256. Any number of
            processes may share it. A folder that keeps other samples raises ``UserError``.
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
        """Return the index of the sample at a position, and delete those that come no more."""
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
