"""A stream without end: every sample once a round, by seed and position alone."""

import pickle
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from nakawari.data.streams.endless import Endless, ShuffledOrder
from nakawari.data.streams.folder import TripletFolder
from nakawari.data.streams.sampler import IndexSampler
from nakawari.data.streams.shards import ShardedTriplets
from nakawari.errors import UserError
from tests.builders.shards import write_dataset
from tests.builders.triplet_folders import write_triplet


def test_every_sample_comes_once_a_round_and_rounds_differ() -> None:
    order = ShuffledOrder([5, 3, 9, 4], seed=1, window=7)
    rounds = [[order.index(21 * k + place) for place in range(21)] for k in range(3)]
    assert all(sorted(one) == list(range(21)) for one in rounds)
    assert rounds[0] != rounds[1] != rounds[2]


def test_the_position_alone_decides_whoever_asks_in_whatever_order() -> None:
    order = ShuffledOrder([5, 3, 9, 4], seed=1, window=7)
    straight = [order.index(position) for position in range(63)]
    fresh = pickle.loads(pickle.dumps(order))
    assert [fresh.index(position) for position in reversed(range(63))] == straight[::-1]
    assert [ShuffledOrder([5, 3, 9, 4], 2, 7).index(place) for place in range(63)] != straight


def test_few_groups_are_read_at_a_time() -> None:
    order = ShuffledOrder([10] * 100, seed=0, window=40)
    for block in range(25):
        groups = {order.index(40 * block + place) // 10 for place in range(40)}
        assert len(groups) == 4


def test_an_empty_group_fails() -> None:
    with pytest.raises(ValueError, match=r"groups must each have a sample, got \[3, 0\]"):
        ShuffledOrder([3, 0], seed=0)


def levels(loader: DataLoader, batches: int) -> list[float]:
    """Return the mean of each target, in order."""
    found: list[float] = []
    for batch, _ in zip(loader, range(batches), strict=False):
        found += batch.target.float().mean(dim=(1, 2, 3)).tolist()
    return found


def test_workers_ranks_and_a_resume_see_the_same_stream(tmp_path: Path) -> None:
    stream = Endless(ShardedTriplets(write_dataset(tmp_path / "set"), "train", 32, 32), seed=5)

    def read(start: int, rank: int, ranks: int, workers: int, batches: int) -> list[float]:
        sampler = IndexSampler(start, rank, ranks)
        return levels(DataLoader(stream, 2, sampler=sampler, num_workers=workers), batches)

    whole = read(0, 0, 1, 0, 12)
    assert len(set(whole[:12])) == 12  # a round of twelve samples
    assert read(0, 0, 1, 2, 12) == whole
    assert read(16, 0, 1, 2, 4) == whole[16:]
    two_ranks = [read(0, rank, 2, 1, 6) for rank in (0, 1)]
    assert [level for pair in zip(*two_ranks, strict=True) for level in pair] == whole


def test_each_round_cuts_other_windows(tmp_path: Path) -> None:
    stream = Endless(ShardedTriplets(write_dataset(tmp_path / "set", (1,)), "train", 16, 16), 0)
    windows = [stream[position].target.float().mean().item() for position in range(6)]
    assert len(set(windows)) > 1


def test_unreadable_samples_are_skipped_named_and_counted_over_workers(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in "abcd":
        write_triplet(tmp_path / name)
    (tmp_path / "b" / "frame2.png").write_bytes(b"not a picture")
    stream = Endless(TripletFolder(tmp_path, 32, 32), seed=0)
    loader = DataLoader(stream, 4, sampler=IndexSampler(), num_workers=2)
    found = levels(loader, 3)
    assert len(found) == 12
    assert stream.skipped == 1
    assert stream.skipped_names == [str(tmp_path / "b")]
    told = capfd.readouterr().err
    assert f"skipped {tmp_path}/b: {tmp_path}/b/frame2.png is not a picture (1 of 4 sk" in told
    again = Endless(TripletFolder(tmp_path, 32, 32), seed=0)
    assert all(torch.equal(stream[place].target, again[place].target) for place in range(12))


def test_nothing_but_unreadable_samples_fails(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a")
    (tmp_path / "a" / "frame1.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"none of the 1 triplets in .* that come next can be read"):
        Endless(TripletFolder(tmp_path, 32, 32), seed=0)[0]
