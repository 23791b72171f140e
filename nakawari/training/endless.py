"""A folder of triplets over and over, without those that cannot be read."""

import sys

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from nakawari.data.folder import TripletFolder
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError


class EndlessTriplets(Dataset[Triplet]):
    """A finite dataset over and over, in another order each time round.

    A triplet that cannot be read is told, counted, and replaced by the next in that order, so that
    what is drawn stays a function of seed and index. If none can be read, that is a ``UserError``.
    """

    def __init__(self, dataset: TripletFolder, seed: int) -> None:
        self.dataset = dataset
        self.seed = seed
        # Shared: every worker has a copy of the dataset, but one count.
        self._broken = torch.zeros(len(dataset), dtype=torch.bool).share_memory_()

    @property
    def skipped(self) -> int:
        """How many triplets could not be read so far."""
        return int(self._broken.sum())

    def __getitem__(self, index: int) -> Triplet:
        count = len(self.dataset)
        round_number, place = divmod(index, count)
        order = np.random.default_rng([self.seed, round_number]).permutation(count)
        for number in np.roll(order, -place).tolist():
            try:
                return self.dataset[round_number * count + number]  # another window each round
            except (OSError, ValueError, cv2.error) as error:
                self._tell(number, error)
        raise UserError(f"none of the {count} triplets in {self.dataset.root} can be read")

    def _tell(self, number: int, error: Exception) -> None:
        if not self._broken[number]:
            self._broken[number] = True
            reason = str(error).strip().partition("\n")[0]
            print(
                f"skipped {self.dataset.triplets[number][0].parent}: {reason} "
                f"({self.skipped} of {len(self.dataset)} skipped)",
                file=sys.stderr,
                flush=True,
            )
