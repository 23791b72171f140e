"""Resuming is refused where the ranks would not go on together."""

from pathlib import Path
from unittest.mock import MagicMock

import pytest

from nakawari.errors import UserError
from nakawari.training.resuming import ResumeAtAnUpdate
from nakawari.training.tracking.metrics_file import MetricsFile


def trainer(update: int, rank_zeros_update: int, metrics: MetricsFile) -> MagicMock:
    fake = MagicMock(global_step=update, global_rank=3, loggers=[metrics])
    fake.strategy.broadcast.return_value = rank_zeros_update
    return fake


def test_ranks_that_resume_at_different_updates_fail(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rank 3 resumes at update 0, rank 0 at 40; all machines"):
        ResumeAtAnUpdate().on_train_start(trainer(0, 40, MetricsFile(tmp_path)), MagicMock())


def test_metrics_of_updates_that_will_be_made_again_go(tmp_path: Path) -> None:
    metrics = MetricsFile(tmp_path)
    for step in (39, 40, 41):
        metrics.log_metrics({"loss": 1.0}, step)
    ResumeAtAnUpdate().on_train_start(trainer(40, 40, metrics), MagicMock())
    assert [row["step"] for row in metrics.rows()] == ["39", "40"]
