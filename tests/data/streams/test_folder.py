"""Real triplets in ATD-12K's layout are read, and wrong ones are named."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from nakawari.data.streams.folder import TripletFolder
from tests.builders.triplet_folders import write_triplet


def test_frame2_is_the_target_halfway_and_motion_is_unknown(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a")
    triplet = TripletFolder(tmp_path, 32, 48)[0]
    assert triplet.frame_0.float().mean() == 50
    assert triplet.target.float().mean() == 100
    assert triplet.frame_1.float().mean() == 150
    assert triplet.target.shape == (3, 32, 48)
    assert triplet.frame_time.item() == 0.5
    assert not triplet.has_motion
    assert not triplet.motion_0.any()
    assert not triplet.visible_0.any()


@pytest.mark.parametrize("crop", [True, False])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (100, 60), (54, 96)])
def test_any_window_is_filled(tmp_path: Path, height: int, width: int, crop: bool) -> None:
    write_triplet(tmp_path / "a", ending=".jpg")
    triplet = TripletFolder(tmp_path, height, width, crop=crop)[0]
    assert triplet.target.shape == (3, height, width)
    assert (triplet.target.float() - 100).abs().max() <= 1


def test_indices_go_round_and_the_seed_decides_the_window(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a", 200, 300)
    ramp = np.arange(200 * 300, dtype=np.uint32).reshape(200, 300, 1) % 251
    cv2.imwrite(str(tmp_path / "a" / "frame2.png"), np.repeat(ramp, 3, 2).astype(np.uint8))
    folder = TripletFolder(tmp_path, 32, 32, seed=1)
    assert len(folder) == 1
    again = TripletFolder(tmp_path, 32, 32, seed=1)[5].target
    assert torch.equal(folder[5].target, again)
    assert not torch.equal(folder[6].target, again)


def test_a_missing_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder of triplets"):
        TripletFolder(tmp_path / "nowhere")


def test_a_folder_without_triplets_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no triplets in"):
        TripletFolder(tmp_path)


def test_an_incomplete_triplet_fails(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a")
    (tmp_path / "a" / "frame3.png").unlink()
    with pytest.raises(FileNotFoundError, match="no frame3 in"):
        TripletFolder(tmp_path)


def test_frames_of_different_sizes_fails(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a")
    cv2.imwrite(str(tmp_path / "a" / "frame3.png"), np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(ValueError, match="differ in size: 96x54, 96x54, 20x10"):
        TripletFolder(tmp_path, 32, 32)[0]


def test_a_frame_that_is_no_picture_fails(tmp_path: Path) -> None:
    write_triplet(tmp_path / "a")
    (tmp_path / "a" / "frame2.png").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"frame2\.png is not a picture"):
        TripletFolder(tmp_path, 32, 32)[0]
