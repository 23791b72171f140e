"""What cannot be read of a folder of triplets is skipped, named and counted."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from nakawari.data.streams.endless import Endless
from nakawari.data.streams.folder import TripletFolder
from nakawari.errors import UserError
from nakawari.training.config import DataConfig
from nakawari.training.data import TripletData


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six triplets, each of one colour of its own."""
    for number in range(6):
        folder = tmp_path / f"triplet_{number}"
        folder.mkdir()
        for frame in (1, 2, 3):
            cv2.imwrite(str(folder / f"frame{frame}.png"), np.full((40, 50, 3), 20 * number))
    return tmp_path


def endless(root: Path) -> Endless:
    return Endless(TripletFolder(root, 32, 32), seed=0)


def colours(dataset: Endless, indices: range) -> list[int]:
    return [int(dataset[index].target[0, 0, 0]) // 20 for index in indices]


def test_each_round_has_every_triplet_in_another_order(root: Path) -> None:
    dataset = endless(root)
    rounds = [colours(dataset, range(6 * number, 6 * number + 6)) for number in range(3)]
    assert all(sorted(drawn) == list(range(6)) for drawn in rounds)
    assert len(set(map(tuple, rounds))) > 1


def test_each_round_cuts_another_window(root: Path) -> None:
    for frame in (1, 2, 3):
        ramp = np.arange(200 * 300 * 3, dtype=np.uint32).reshape(200, 300, 3) % 251
        cv2.imwrite(str(root / "triplet_0" / f"frame{frame}.png"), ramp)
    for number in range(1, 6):
        for file in (root / f"triplet_{number}").iterdir():
            file.unlink()
        (root / f"triplet_{number}").rmdir()
    dataset = endless(root)
    assert not torch.equal(dataset[0].target, dataset[1].target)
    assert torch.equal(dataset[1].target, dataset[1].target)


@pytest.mark.parametrize("content", [b"", b"not a picture", None])
def test_a_broken_picture_is_skipped_named_and_counted(
    root: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = root / "triplet_3" / "frame2.png"
    whole = broken.read_bytes()
    dataset = endless(root)
    broken.write_bytes(whole[: len(whole) // 2] if content is None else content)
    drawn = colours(dataset, range(12))
    assert set(drawn) == {0, 1, 2, 4, 5}
    assert drawn == colours(endless(root), range(12))  # what is drawn depends on the index alone
    assert dataset.skipped == 1
    said = capfd.readouterr().err
    assert f"skipped {root / 'triplet_3'}: " in said
    assert said.count("(1 of 6 skipped)") == 2  # once a dataset


def test_workers_share_one_count(root: Path) -> None:
    (root / "triplet_3" / "frame2.png").write_bytes(b"")
    dataset = endless(root)
    list(DataLoader(dataset, sampler=range(24), num_workers=2))
    assert dataset.skipped == 1


def test_a_folder_in_which_nothing_can_be_read_fails(root: Path) -> None:
    for file in root.rglob("frame1.png"):
        file.write_bytes(b"")
    with pytest.raises(UserError, match=r"none of the 6 triplets in .* can be read"):
        endless(root)[0]


def test_a_folder_without_triplets_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no triplets in .*; it needs folders ID/"):
        TripletData(DataConfig(triplets=str(tmp_path)))


def test_a_half_built_folder_fails(root: Path) -> None:
    (root / "triplet_4" / "frame3.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"no frame3 in .*triplet_4"):
        TripletData(DataConfig(triplets=str(root)))
