"""Triplets in shards, as ``nakawari dataset build`` writes them, read by position.

A dataset is a folder::

    dataset.json            the settings of the build; written first
    episodes/KEY/0000.tar   shards: tar files in WebDataset's layout
    episodes/KEY/0000.npy   at which byte of the tar each sample begins and the last ends, int64
    episodes/KEY/episode.json
    index.json              which shards are for training and which for validation; written last

A sample is four members of the tar in a row: KEY.frame_0.jpg, KEY.target.jpg, KEY.frame_1.jpg and
KEY.json (its ``frame_time``, the pictures' checksums, and where it comes from).
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from nakawari.data.streams.real import UnreadableSampleError, Window, decode_picture, real_triplet
from nakawari.data.triplet import Triplet
from nakawari.opencv import use_one_opencv_thread

FORMAT = "nakawari triplets 1"
SETTINGS_FILE = "dataset.json"
EPISODES_FOLDER = "episodes"
EPISODE_FILE = "episode.json"
INDEX_FILE = "index.json"
FRAMES = ("frame_0", "target", "frame_1")
Split = Literal["train", "validation"]

_MAX_OPEN = 64  # shards that a process keeps open at once


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One tar file."""

    file: str  # relative to the dataset
    samples: int
    bytes: int

    def __post_init__(self) -> None:
        numbers = (self.samples, self.bytes)
        are_counts = all(type(number) is int and number >= 0 for number in numbers)
        if not isinstance(self.file, str) or not are_counts:
            raise ValueError(f"{vars(self)!r:.80} is no shard")


class Sample(NamedTuple):
    """A sample as it is stored."""

    pictures: list[bytes]  # frame_0, target, frame_1
    facts: dict[str, Any]


class ShardFile:
    """One open shard."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offsets = np.load(path.with_suffix(".npy"))
        self._file = os.open(path, os.O_RDONLY)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def sample(self, place: int) -> Sample:
        """Return a sample by its place in the shard, with one read of the file.

        Raises ``UnreadableSampleError`` if its bytes are not those that were written.
        """
        begin, end = (int(offset) for offset in self.offsets[place : place + 2])
        data = os.pread(self._file, end - begin, begin)
        members = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    name = member.name.partition(".")[2].rpartition(".")[0]
                    members[name] = content.read() if content else b""
            pictures, facts = [members[name] for name in FRAMES], json.loads(members[""])
            whole = [zlib.crc32(picture) for picture in pictures] == facts["crc32"]
        except (tarfile.TarError, KeyError, ValueError, RecursionError) as error:
            raise UnreadableSampleError("its tar members are damaged") from error
        if not whole:
            raise UnreadableSampleError("a picture is damaged")
        return Sample(pictures, facts)


class ShardedTriplets(Dataset[Triplet]):
    """The training or validation triplets of a dataset folder, cut as ``real_triplet`` does.

    Samples are numbered shard by shard. Where they are cut depends on ``seed`` and the index
    alone.

    Raises ``FileNotFoundError`` for a folder that is no dataset, is half built, has no triplets
    in ``split``, or lacks a shard; ``ValueError`` for a shard of another size than was written.
    """

    def __init__(
        self,
        root: str | Path,
        split: Split = "train",
        height: int = 256,
        width: int = 256,
        seed: int = 0,
        crop: bool = True,
    ) -> None:
        self.root = Path(root)
        self.window = Window(height, width, crop)
        self.seed = seed
        self.shards = [shard for shard in read_index(self.root)[split] if shard.samples]
        if not self.shards:
            raise FileNotFoundError(
                f"{self.root} has no triplets for {split}; its report.html says what was left out"
            )
        for shard in self.shards:
            _check(self.root / shard.file, shard)
        self._ends = list(accumulate(shard.samples for shard in self.shards))
        self._open: OrderedDict[int, ShardFile] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": OrderedDict()}  # each worker opens its own

    def __len__(self) -> int:
        return self._ends[-1]

    @property
    def groups(self) -> list[int]:
        """The number of samples in each shard."""
        return [shard.samples for shard in self.shards]

    def name(self, index: int) -> str:
        """Return the place and the shard of sample ``index`` modulo the length."""
        shard, place = self._locate(index)
        return f"sample {place} of {self.root / self.shards[shard].file}"

    def sample(self, index: int) -> Sample:
        """Return a sample as it is stored; ``UnreadableSampleError`` if it is damaged."""
        shard, place = self._locate(index)
        return self._file(shard).sample(place)

    def __getitem__(self, index: int) -> Triplet:
        """Return sample ``index`` modulo the length; its window depends on all of ``index``."""
        use_one_opencv_thread()
        name = self.name(index)
        pictures, facts = self.sample(index)
        frames = [
            decode_picture(data, f"{frame} of {name}")
            for frame, data in zip(FRAMES, pictures, strict=True)
        ]
        rng = np.random.default_rng([self.seed, index])
        return real_triplet(frames, facts["frame_time"], self.window, rng, name)

    def _locate(self, index: int) -> tuple[int, int]:
        """Return the shard of a sample and its place there."""
        index %= len(self)
        shard = bisect_right(self._ends, index)
        return shard, index - self._ends[shard] + self.shards[shard].samples

    def _file(self, shard: int) -> ShardFile:
        if shard not in self._open:
            self._open[shard] = ShardFile(self.root / self.shards[shard].file)
            if len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(shard)
        return self._open[shard]


def read_index(root: Path) -> dict[Split, list[Shard]]:
    """Return the shards of each split of a dataset folder.

    ``FileNotFoundError`` says whether the folder is missing, no dataset, or half built;
    ``ValueError``, that its index is of another format.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"no dataset at {root}; nakawari dataset build makes one")
    index = root / INDEX_FILE
    if not index.is_file() and (root / SETTINGS_FILE).is_file():
        done = len(list(root.glob(f"{EPISODES_FOLDER}/*/{EPISODE_FILE}")))
        raise FileNotFoundError(
            f"{root} is half built ({done} finished so far); "
            "run the same nakawari dataset build again, and it goes on"
        )
    if not index.is_file():
        raise FileNotFoundError(
            f"{root} is no dataset: it has no {INDEX_FILE}; build one with nakawari dataset "
            "build, or name a folder in ATD-12K's layout with --data.triplets"
        )
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        return {
            split: [Shard(**shard) for shard in content["splits"][split]]
            for split in ("train", "validation")
        }
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{index} is no index in the format {FORMAT!r} ({error}); build the dataset again"
        ) from error


def _check(path: Path, shard: Shard) -> None:
    if not path.is_file() or not path.with_suffix(".npy").is_file():
        raise FileNotFoundError(
            f"{path} or the .npy file beside it is missing; copy the dataset whole"
        )
    if (size := path.stat().st_size) != shard.bytes:
        raise ValueError(
            f"{path} has {size:,} bytes and should have {shard.bytes:,}; copy the dataset again"
        )
