"""Samples that come again, drawn or cut once: a folder keeps them.

A sample takes about 80 ms of a core to draw and 5 ms to read (256x256), and 350 KB.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from safetensors import SafetensorError
from torch.utils.data import Dataset

from nakawari.data.endless import UNREADABLE, Finite
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.whole import write_shared as write_whole

SETTINGS_FILE = "kept.json"
_PROBES = 8  # samples that tell one dataset from another
_A_FOLDER = 1000  # files


class KeptTriplets(Dataset[Triplet]):
    """A finite dataset whose samples are written to a folder when first asked for, and then read.

    The same bytes come, kept or not. Any number of processes may share the folder, and be killed:
    files are written under another name and renamed. A damaged file is made again.

    Args:
        dataset: what is kept.
        folder: takes the samples. One that keeps other samples raises ``UserError``.
        windows: of each sample, that come; see ``Endless``.
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
        """Those of what is kept."""
        return self._dataset.groups

    def name(self, index: int) -> str:
        """Return the name that what is kept gives sample ``index``."""
        return self._dataset.name(index)

    def __getitem__(self, index: int) -> Triplet:
        """Return sample ``index``, from the folder if it is there."""
        index %= self._samples
        file = self._folder / str(index // _A_FOLDER) / f"{index}.zlib"
        try:
            return Triplet(**safetensors.torch.load(zlib.decompress(file.read_bytes())))
        except (FileNotFoundError, zlib.error, SafetensorError):
            pass  # not there yet, or cut short by a power cut
        sample = self._dataset[index]
        tensors = {name: tensor.contiguous() for name, tensor in sample._asdict().items()}
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, zlib.compress(safetensors.torch.save(tensors), 1))
        return sample


def fingerprint(dataset: Finite[Triplet], samples: int) -> str:
    """Return a name for what ``dataset`` holds in indices below ``samples``.

    Made of the bytes of eight samples evenly spread, so that other art, another seed or size, and
    other drawing code are noticed; one file exchanged among thousands is not.
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
    """Note in ``file`` what its folder is filled with, and ``notes``; return what it says.

    If it says other settings already, ``UserError`` tells where they differ, and to name another
    folder with ``setting``; notes may differ.
    """
    try:
        there: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        there = settings | (notes or {})
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(there, indent=2).encode())
        return there
    except ValueError as error:
        raise UserError(
            f"{file} is damaged; delete the folder, or name another with {setting}"
        ) from error
    other = [name for name in settings if there.get(name) != settings[name]]
    if other:
        differing = ", ".join(f"{n} {there.get(n)} there and {settings[n]} here" for n in other)
        raise UserError(
            f"{file.parent} was filled with other settings ({differing}) and is not used; delete "
            f"it, or name another folder with {setting}"
        )
    return there
