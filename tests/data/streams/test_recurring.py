"""Samples without end that come a few times each, and are kept as long as they come."""

import pickle
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch.utils.data import Dataset

from nakawari.data.cels import CelConfig, CelDataset
from nakawari.data.streams import recurring as module
from nakawari.data.streams.recurring import Recurring
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.training.config import DataConfig
from nakawari.training.data import TripletData

BLOCK, REPEATS = 4, 3
ROUND = BLOCK * REPEATS


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of 4 new samples, and folders of two."""
    monkeypatch.setattr(module, "BLOCK", BLOCK)
    monkeypatch.setattr(module, "A_FOLDER", 2)
    monkeypatch.setattr("nakawari.data.streams.kept.A_FOLDER", 2)


class Numbered(Dataset[Triplet]):
    """Samples that show their number, and count how often one is made."""

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.made = Counter[int]()

    def __getitem__(self, index: int) -> Triplet:
        self.made[index] += 1
        frame = torch.full((3, 4, 4), self.first + index, dtype=torch.uint8)
        nothing = torch.zeros(2, 4, 4)
        seen = torch.zeros(1, 4, 4, dtype=torch.bool)
        half, unknown = torch.tensor(0.5), torch.tensor(False)
        made = Triplet(frame, frame, frame, half, nothing, nothing, seen, seen, unknown)
        return Triplet(*(tensor.clone() for tensor in made))  # no two share memory


def order_of(dataset: Recurring, positions: range) -> list[int]:
    return [dataset.sample_at(position) for position in positions]


def test_each_round_has_new_samples_and_those_of_the_rounds_before(tmp_path: Path) -> None:
    dataset = Recurring(Numbered(), REPEATS, 0, tmp_path)
    for number in range(4):
        found = order_of(dataset, range(number * ROUND, (number + 1) * ROUND))
        assert sorted(found) == list(range(number * BLOCK, number * BLOCK + ROUND))
        assert found != sorted(found)


def test_each_sample_comes_as_often_as_asked_for_once_a_round(tmp_path: Path) -> None:
    found = Counter(order_of(Recurring(Numbered(), REPEATS, 0, tmp_path), range(6 * ROUND)))
    # Those of the first and the last rounds have rounds before, or to come.
    inside = range((REPEATS - 1) * BLOCK, 6 * BLOCK)
    assert {found[index] for index in inside} == {REPEATS}


def test_seed_and_position_alone_decide_whoever_asks_in_whatever_order(tmp_path: Path) -> None:
    straight = order_of(Recurring(Numbered(), REPEATS, 3, tmp_path), range(3 * ROUND))
    again = pickle.loads(pickle.dumps(Recurring(Numbered(), REPEATS, 3, tmp_path)))
    assert order_of(again, range(3 * ROUND - 1, -1, -1)) == straight[::-1]
    assert order_of(Recurring(Numbered(), REPEATS, 4, tmp_path), range(3 * ROUND)) != straight


def test_a_sample_is_made_once_and_comes_back_as_it_was(tmp_path: Path) -> None:
    numbered = Numbered()
    dataset = Recurring(numbered, REPEATS, 0, tmp_path)
    numbered.made.clear()  # some were made, to tell them from others
    for position in range(4 * ROUND):
        sample = dataset[position]
        assert sample.target.unique().tolist() == [dataset.sample_at(position)]
    assert set(numbered.made.values()) == {1}


def test_samples_that_come_no_more_are_forgotten_a_round_later(tmp_path: Path) -> None:
    dataset = Recurring(Numbered(), REPEATS, 0, tmp_path)
    for position in range(3 * ROUND):
        dataset[position]

    def kept() -> list[int]:
        return sorted(int(file.stem) for file in tmp_path.rglob("*.zlib"))

    # In the third round, numbers 8 to 19 come; other workers may still want those of the second.
    assert kept() == list(range(4, 20))
    dataset[3 * ROUND]
    assert min(kept()) == 8


def test_a_stretch_that_is_resumed_makes_no_sample_again(tmp_path: Path) -> None:
    first, second = Numbered(), Numbered()
    for position in range(ROUND):
        Recurring(first, REPEATS, 0, tmp_path)[position]
    resumed = Recurring(second, REPEATS, 0, tmp_path)
    second.made.clear()
    for position in range(ROUND):
        resumed[position]
    assert not second.made


def test_a_folder_of_other_samples_fails(tmp_path: Path) -> None:
    Recurring(Numbered(), REPEATS, 0, tmp_path)
    with pytest.raises(
        UserError, match=r"other settings \(of .*\) .* name another folder with dat"
    ):
        Recurring(Numbered(first=1), REPEATS, 0, tmp_path)


def test_samples_that_never_come_fail(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="repeats must be at least 1, got 0"):
        Recurring(Numbered(), 0, 0, tmp_path)


def test_training_data_recurs_as_set(tmp_path: Path) -> None:
    config = DataConfig(height=32, width=48, visits=3, store=str(tmp_path), workers=0, seed=5)
    data = TripletData(config)
    drawn = data._training_set
    assert isinstance(drawn, Recurring)
    cels = CelDataset(CelConfig(height=32, width=48, seed=5))
    for position in (0, 7):
        expected = cels[drawn.sample_at(position)]
        assert all(torch.equal(a, b) for a, b in zip(drawn[position], expected, strict=True))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"visits": 0}, "data.visits must be at least 1, got 0"),
        ({"visits": 2}, "data.visits above 1 needs a folder that keeps cels; set data.store"),
        ({"visits": 2, "cels": 3, "store": "a"}, "data.visits is of drawn cels without end"),
        ({"visits": 2, "triplets": "b", "store": "a"}, "data.visits is of drawn cels without end"),
    ],
)
def test_senseless_settings_fail(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DataConfig(**settings)  # type: ignore[arg-type]
