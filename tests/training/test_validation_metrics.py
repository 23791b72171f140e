"""A validation's metrics are means over what is known of all samples, each seen by one rank."""

import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from nakawari.errors import UserError
from nakawari.training.config import DataConfig
from nakawari.training.run import train
from tests.training.process import rows
from tests.training.tiny_training import TinyData, TinyModule, tiny_config


def share(samples: int, rank: int, ranks: int) -> list[float]:
    """Return the numbers that a rank validates on."""
    data = TinyData(DataConfig(height=16, width=16, batch_size=2, validation_samples=samples))
    data.trainer = SimpleNamespace(global_rank=rank, world_size=ranks)  # type: ignore[assignment]
    return [float(value) * 7 for batch in data.val_dataloader() for value in batch.value]


@pytest.mark.parametrize(("samples", "ranks"), [(6, 1), (6, 2), (5, 3), (3, 3)])
def test_ranks_share_out_the_samples_of_a_validation(samples: int, ranks: int) -> None:
    shares = [share(samples, rank, ranks) for rank in range(ranks)]
    assert sorted(number for one in shares for number in one) == pytest.approx(
        list(range(samples)), abs=1e-5
    )
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_rank_without_a_sample_fails() -> None:
    with pytest.raises(UserError, match=r"validation_samples must be at least the number of proc"):
        share(2, 0, 3)


def validated(run: Path, known: set[int], capsys: pytest.CaptureFixture[str]) -> tuple[float, str]:
    """Return the error that a validation logs, and the line that it prints."""
    config = tiny_config(run, max_updates=1, validate_every=1)
    train(TinyModule(config), TinyData(config.data, known.__contains__), config.trainer)
    (row,) = [row for row in rows(run) if row["validation/loss"]]
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "validation at 1" in line]
    return float(row["validation/error"]), line


def test_samples_of_which_nothing_is_known_do_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of the first two samples one is known, of the last two none: the mean is of one.
    error, line = validated(tmp_path, {1}, capsys)
    assert error == pytest.approx(1 / 7)
    assert "error 0.1429" in line
    error, _ = validated(tmp_path / "three", {1, 2, 3}, capsys)
    assert error == pytest.approx((1 + 2 + 3) / 7 / 3)


def test_what_is_known_of_no_sample_is_unknown_and_not_nought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error, line = validated(tmp_path, set(), capsys)
    assert math.isnan(error)
    assert "error unknown" in line
    assert re.search(r"loss \d+\.\d+", line)  # what is known all the same
    trained = [row["train/pixels"] for row in rows(tmp_path) if row.get("train/pixels")]
    assert trained == ["nan"]
