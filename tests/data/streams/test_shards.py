"""Shards are read back as they were written, by us and by WebDataset; what is wrong is told."""

import json
from pathlib import Path

import numpy as np
import pytest
import webdataset

from nakawari.data.streams.real import UnreadableSampleError, decode_picture
from nakawari.data.streams.shards import (
    EPISODES_FOLDER,
    FORMAT,
    INDEX_FILE,
    ShardedTriplets,
    ShardFile,
    read_index,
)
from tests.builders.shards import write_dataset


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "set")


def test_samples_come_back_with_their_time_and_no_motion(root: Path) -> None:
    dataset = ShardedTriplets(root, "train", 48, 64, crop=False)
    assert len(dataset) == 12
    for number in (0, 4, 5, 11):  # across shards
        triplet = dataset[number]
        level = 2 * number + 60
        for frame, expected in zip(triplet[:3], (level - 20, level, level + 20), strict=True):
            assert abs(frame[:, :, 40:].float().mean().item() - expected) <= 1
        assert triplet.frame_time.item() == 0.25
        assert not triplet.has_motion
    assert len(ShardedTriplets(root, "validation")) == 2


def test_webdataset_reads_the_same_samples(root: Path) -> None:
    files = [str(root / shard.file) for shard in read_index(root)["train"]]
    theirs = list(webdataset.WebDataset(files, shardshuffle=False))
    ours = ShardedTriplets(root, "train")
    assert len(theirs) == len(ours)
    for number, sample in enumerate(theirs):
        pictures, facts = ours.sample(number)
        assert [sample[f"{name}.jpg"] for name in ("frame_0", "target", "frame_1")] == pictures
        assert json.loads(sample["json"]) == facts


def test_a_flipped_byte_is_noticed(root: Path) -> None:
    path = root / EPISODES_FOLDER / "train-0" / "0000.tar"
    begin = int(np.load(path.with_suffix(".npy"))[2]) + 512 + 200  # in the third sample's picture
    content = bytearray(path.read_bytes())
    content[begin] ^= 0x55
    path.write_bytes(content)
    shard = ShardFile(path)
    shard.sample(1)
    with pytest.raises(UnreadableSampleError, match="a picture is damaged"):
        shard.sample(2)


def test_a_torn_header_is_noticed(root: Path) -> None:
    path = root / EPISODES_FOLDER / "train-0" / "0000.tar"
    content = bytearray(path.read_bytes())
    content[:512] = bytes(512)
    path.write_bytes(content)
    with pytest.raises(UnreadableSampleError, match="its tar members are damaged"):
        ShardFile(path).sample(0)


def test_a_missing_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no dataset at .*; nakawari dataset build makes"):
        ShardedTriplets(tmp_path / "nowhere")


def test_an_empty_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is no dataset: it has no index.json"):
        ShardedTriplets(tmp_path)


def test_a_half_built_dataset_fails(root: Path) -> None:
    (root / INDEX_FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"half built \(4 finished so far\); run the same"):
        ShardedTriplets(root)


def test_a_split_without_triplets_fails(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / "set", validation=())
    with pytest.raises(FileNotFoundError, match=r"no triplets for validation; its report.html"):
        ShardedTriplets(root, "validation")


def test_a_missing_shard_fails(root: Path) -> None:
    (root / EPISODES_FOLDER / "train-1" / "0000.tar").unlink()
    with pytest.raises(FileNotFoundError, match=r"train-1/0000.tar or the .npy file .* missing"):
        ShardedTriplets(root)


def test_a_shard_that_was_cut_short_fails(root: Path) -> None:
    path = root / EPISODES_FOLDER / "train-1" / "0000.tar"
    path.write_bytes(path.read_bytes()[:-512])
    with pytest.raises(ValueError, match=r"should have [\d,]+; copy the dataset again"):
        ShardedTriplets(root)


@pytest.mark.parametrize(
    "content",
    [
        '{"format": "other"}',
        "[" * 100_000,
        json.dumps(
            {
                "format": FORMAT,
                "splits": {"train": [{"file": 5, "samples": 1, "bytes": 1}], "validation": []},
            }
        ),
    ],
)
def test_an_index_of_another_format_fails(root: Path, content: str) -> None:
    (root / INDEX_FILE).write_text(content)
    with pytest.raises(ValueError, match="no index in the format 'nakawari triplets 1'"):
        ShardedTriplets(root)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_a_picture_that_was_cut_short_fails(ending: str) -> None:
    import cv2

    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    data = cv2.imencode(ending, noise)[1].tobytes()
    assert decode_picture(data, "whole").shape == (90, 160, 3)
    for size in (0, 100, len(data) // 2, len(data) - 20):
        with pytest.raises(UnreadableSampleError, match=r"a\.x is (cut short|not a picture)"):
            decode_picture(data[:size], "a.x")
