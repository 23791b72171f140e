"""A store: a folder that keeps samples that come again, so that each is drawn or cut only once.

A sample of 256x256 takes a core about 80 ms to draw and 5 ms to read, and 350 KB on disk.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from safetensors import SafetensorError
from torch.utils.data import Dataset

from nakawari.data.streams.endless import UNREADABLE, Finite
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.whole import write_shared as write_whole

SETTINGS_FILE = "kept.json"
_PROBES = 8  # number of samples by which one dataset is told from another
A_FOLDER = 1000
"""Samples in a sub-folder of a store."""


class KeptTriplets(Dataset[Triplet]):
    """A finite dataset whose samples are written to a folder when first asked for, and then read.

    A sample has the same bytes whether it was kept or not. Any number of processes may share the
    folder, and be killed, as files are written under another name and renamed. A damaged file is
    made again.

    Args:
        dataset: the samples to keep.
        folder: takes the samples. A folder that keeps other samples raises ``UserError``.
        windows: number of different windows of each sample that come; see ``Endless``.
    """

    def __init__(self, dataset: Finite[Triplet], folder: Path, windows: int = 1) -> None:
        self.root = dataset.root
        self._dataset = dataset
        self._folder = folder
        self._samples = len(dataset) * windows
        settings = {"samples": self._samples, "of": fingerprint(dataset, self._samples)}
        claim(folder / SETTINGS_FILE, settings, "data.store")

    def __len__(self) -> int:
        return len(self._dataset)

    @property
    def groups(self) -> list[int]:
        """The groups of the dataset that is kept."""
        return self._dataset.groups

    def name(self, index: int) -> str:
        """Return the name of sample ``index`` in the dataset that is kept."""
        return self._dataset.name(index)

    def __getitem__(self, index: int) -> Triplet:
        """Return sample ``index``, from the folder if it is there."""
        index %= self._samples
        return kept(file_of(self._folder, index), lambda: self._dataset[index])


def file_of(folder: Path, index: int) -> Path:
    """Return the path at which a store keeps sample ``index``."""
    return folder / str(index // A_FOLDER) / f"{index}.zlib"


def kept(file: Path, make: Callable[[], Triplet]) -> Triplet:
    """Return the sample in ``file``; if it is not there, or damaged, make it and keep it there."""
    try:
        return Triplet(**safetensors.torch.load(zlib.decompress(file.read_bytes())))
    except (FileNotFoundError, zlib.error, SafetensorError):
        pass  # not there yet, or cut short by a power cut
    sample = make()
    tensors = {name: tensor.contiguous() for name, tensor in sample._asdict().items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, zlib.compress(safetensors.torch.save(tensors), 1))
    return sample


def fingerprint(dataset: Finite[Triplet], samples: int) -> str:
    """Return a name for the samples of ``dataset`` below index ``samples``: 16 hexadecimal digits.

    It is a hash of the bytes of eight samples, evenly spread. So it differs with other art, another
    seed or size, and other drawing code, but hardly with one file exchanged among thousands.
    """
    told = hashlib.sha256(f"{len(dataset)} {samples}".encode())
    for index in np.linspace(0, samples - 1, min(_PROBES, samples)).round().astype(int).tolist():
        try:
            for tensor in dataset[index]:
                told.update(tensor.contiguous().numpy().tobytes())
        except UNREADABLE as error:
            told.update(str(error).encode())
    return told.hexdigest()[:16]


def claim(
    file: Path, settings: dict[str, Any], setting: str, notes: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Write to ``file`` the settings with which its folder is filled, and ``notes``.

    If the file is there already, it is only checked. Returns the file's content. Raises
    ``UserError`` if it is damaged or has other settings (notes may differ). The error says which
    differ, and to name another folder with the option ``setting``.
    """
    try:
        there: dict[str, Any] = json.loads(file.read_text())
        other = [name for name in settings if there.get(name) != settings[name]]
    except FileNotFoundError:
        there = settings | (notes or {})
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(there, indent=2).encode())
        return there
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{file} is damaged; delete the folder, or name another with {setting}"
        ) from error
    if other:
        differing = ", ".join(f"{n} {there.get(n)} there and {settings[n]} here" for n in other)
        raise UserError(
            f"{file.parent} was filled with other settings ({differing}) and is not used; delete "
            f"it, or name another folder with {setting}"
        )
    return there
