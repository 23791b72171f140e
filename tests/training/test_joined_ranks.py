"""Statistics and codebook of two ranks are those of one rank that is given both batches."""

import pytest
import torch
from torch import Tensor

from tests.training.joined_ranks import follow
from tests.training.process import run_two_ranks


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    """What each of two ranks tells."""
    folder = tmp_path_factory.mktemp("ranks")
    run_two_ranks("tests/training/joined_ranks.py", str(folder))
    return [torch.load(folder / f"rank_{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.fixture(scope="module")
def one() -> dict[str, Tensor]:
    return follow(rank=0, ranks=1)


@pytest.mark.parametrize("what", ["normalised", "gradient", "statistics"])
def test_normalisation_is_that_of_the_joined_batch(
    two: list[dict[str, Tensor]], one: dict[str, Tensor], what: str
) -> None:
    assert_equal(two, one, what)


@pytest.mark.parametrize("what", ["indices", "codebook"])
def test_the_codebook_is_that_of_the_joined_batch(
    two: list[dict[str, Tensor]], one: dict[str, Tensor], what: str
) -> None:
    assert_equal(two, one, what)
    # It was filled, and dead codes were replaced: the batches went on to change it.
    assert one["codebook.codebook._codebook.embed"].any()


def test_the_use_of_the_codebook_is_that_of_all_samples_together(
    two: list[dict[str, Tensor]], one: dict[str, Tensor]
) -> None:
    assert_equal(two, one, "perplexity")
    assert_equal(two, one, "in_use")


def assert_equal(two: list[dict[str, Tensor]], one: dict[str, Tensor], what: str) -> None:
    names = [name for name in one if name.startswith(what)]
    assert names
    for name in names:
        assert torch.equal(two[0][name], two[1][name]), name
        torch.testing.assert_close(two[0][name], one[name], atol=1e-5, rtol=1e-4, msg=name)
