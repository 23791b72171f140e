"""Ranks share the samples out, and a resumed run goes on where it stopped."""

from itertools import islice

import pytest

from nakawari.data.streams.sampler import IndexSampler


def test_ranks_together_visit_every_index_once() -> None:
    ranks = [list(islice(IndexSampler(10, rank, 3), 4)) for rank in range(3)]
    assert sorted(index for rank in ranks for index in rank) == list(range(10, 22))


def test_a_resumed_sampler_goes_on_where_it_stopped() -> None:
    whole = list(islice(IndexSampler(), 10))
    assert list(islice(IndexSampler(start=6), 4)) == whole[6:]


def test_a_negative_start_fails() -> None:
    with pytest.raises(ValueError, match="start must be at least 0"):
        IndexSampler(-1)


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_outside_the_world_fails(rank: int) -> None:
    with pytest.raises(ValueError, match="rank must be in"):
        IndexSampler(0, rank, 2)
