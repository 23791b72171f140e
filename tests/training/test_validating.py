"""Validations come soon at first, and where they come depends on the updates alone."""

import re
from pathlib import Path

import pytest

from nakawari.training.config import TrainerConfig
from nakawari.training.validating import Validations
from tests.training.process import losses, rows
from tests.training.tiny_training import fit, tiny_config


def due(first: int, every: int, last: int) -> list[int]:
    validations = Validations(first, every)
    return [updates for updates in range(last + 1) if validations.is_due(updates)]


def test_they_come_ever_less_often_until_the_interval_is_reached() -> None:
    assert due(30, 1000, 3000) == [30, 60, 120, 240, 480, 1000, 2000, 3000]
    assert due(30, 200, 600) == [30, 60, 200, 400, 600]


@pytest.mark.parametrize(("first", "every"), [(0, 4), (3, 4), (30, 4), (2, 2)])
def test_a_short_interval_or_none_before_it_leaves_the_interval_alone(
    first: int, every: int
) -> None:
    assert due(first, every, 3 * every) == [every, 2 * every, 3 * every]


def test_by_default_the_first_comes_within_minutes_of_a_slow_core() -> None:
    config = TrainerConfig()
    # 64 updates took three minutes of one.
    assert min(due(config.first_validation, config.validate_every, 1000)) <= 64


def test_a_first_validation_before_the_beginning_fails() -> None:
    with pytest.raises(ValueError, match=r"trainer.first_validation must not be negative, got -1"):
        TrainerConfig(first_validation=-1)


def test_a_resumed_training_validates_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    length = {"max_updates": 13, "validate_every": 8, "first_validation": 1}
    fit(tiny_config(tmp_path / "whole", **length))
    validated = [row["step"] for row in rows(tmp_path / "whole") if row["validation/loss"]]
    assert validated == ["1", "2", "4", "8"]
    for stop in range(1, 13):
        run = tmp_path / f"stopped_at_{stop}"

        def fail(update: int, loss: object, stop: int = stop) -> object:
            if update == stop:
                raise ZeroDivisionError
            return loss

        with pytest.raises(ZeroDivisionError):
            fit(tiny_config(run, **length), fail)  # type: ignore[arg-type]
        fit(tiny_config(run, **length, resume=True))
        assert losses(run) == losses(tmp_path / "whole"), stop


def test_the_console_shows_small_metrics_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tiny_config(tmp_path))
    assert re.search(r"validation at 8: loss \d\.\d{4}\s", capsys.readouterr().out)
