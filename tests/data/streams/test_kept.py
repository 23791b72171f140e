"""Samples that come again are drawn once, and come back as they were."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from nakawari.data.cels import CelConfig, FiniteCels
from nakawari.data.streams.endless import Endless
from nakawari.data.streams.kept import KeptTriplets
from nakawari.data.triplet import Triplet
from nakawari.errors import UserError
from nakawari.training.config import DataConfig
from nakawari.training.data import TripletData

CELS = CelConfig(height=32, width=48)


class Counted(FiniteCels):
    """Cels that count how often one is drawn."""

    drawn = 0

    def __getitem__(self, index: int) -> Triplet:
        self.drawn += 1
        return super().__getitem__(index)


def same(a: Triplet, b: Triplet) -> bool:
    return all(x.dtype == y.dtype and torch.equal(x, y) for x, y in zip(a, b, strict=True))


def round_of(dataset: Endless[Triplet], number: int) -> Iterator[Triplet]:
    return (dataset[4 * number + place] for place in range(4))


def test_kept_samples_are_drawn_once_and_are_the_same(tmp_path: Path) -> None:
    cels = Counted(4, CELS)
    kept = Endless(KeptTriplets(cels, tmp_path / "store"), seed=0, windows=1)
    cels.drawn = 0  # to tell the samples from others, some were drawn
    plain = Endless(FiniteCels(4, CELS), seed=0, windows=1)
    for number in range(3):
        drawn = zip(round_of(kept, number), round_of(plain, number), strict=True)
        assert all(same(a, b) for a, b in drawn)
        assert cels.drawn == 4


def test_each_round_has_the_same_cels_in_another_order() -> None:
    cels = Endless(FiniteCels(4, CELS), seed=0, windows=1)
    rounds = [[float(sample.target.sum()) for sample in round_of(cels, k)] for k in range(3)]
    assert len({tuple(sorted(sums)) for sums in rounds}) == 1
    assert len({tuple(sums) for sums in rounds}) > 1


@pytest.mark.parametrize("damage", [b"", b"\x78\x01 cut short"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes) -> None:
    kept = KeptTriplets(FiniteCels(2, CELS), tmp_path)
    expected = kept[1]
    file = tmp_path / "0" / "1.zlib"
    file.write_bytes(damage)
    assert same(kept[1], expected)
    assert len(file.read_bytes()) > len(damage)
    assert not list(tmp_path.rglob("*.new"))


def test_a_store_of_other_samples_fails(tmp_path: Path) -> None:
    KeptTriplets(FiniteCels(2, CELS), tmp_path)
    other = CelConfig(height=32, width=48, seed=1)
    with pytest.raises(UserError, match=r"was filled with other settings \(of \w+ there and"):
        KeptTriplets(FiniteCels(2, other), tmp_path)
    with pytest.raises(UserError, match=r"\(samples 2 there and 3 here, of .* name another folder"):
        KeptTriplets(FiniteCels(3, CELS), tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "[" * 100_000])
def test_a_damaged_description_fails(tmp_path: Path, content: str) -> None:
    (tmp_path / "kept.json").write_text(content)
    with pytest.raises(UserError, match=r"kept.json is damaged; delete the folder, or name anothe"):
        KeptTriplets(FiniteCels(2, CELS), tmp_path)


def test_no_cels_at_all_fail() -> None:
    with pytest.raises(ValueError, match=r"count must be at least 1, got 0"):
        FiniteCels(0)


def test_training_data_is_kept_as_set(tmp_path: Path) -> None:
    config = DataConfig(height=32, width=48, cels=3, store=str(tmp_path), workers=0)
    data = TripletData(config)
    data.draw_rate(samples=6)
    assert len(list(tmp_path.rglob("*.zlib"))) == 3


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"cels": 0}, r"data.cels must be at least 1, got 0"),
        ({"cels": 3, "triplets": "a"}, r"data.cels counts drawn cels, and none are drawn"),
        ({"windows": 3}, r"data.windows is of real triplets; of drawn cels, set data.cels"),
        ({"store": "a"}, r"samples that come again, and none do; set data.cels"),
        ({"store": "a", "shards": "b"}, r"and none do; set data.windows"),
    ],
)
def test_senseless_settings_fail(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DataConfig(**settings)  # type: ignore[arg-type]
