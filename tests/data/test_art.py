"""The built-in art is complete, licensed and small; other folders are read or refused clearly."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from nakawari.data.art import BUILT_IN, Art


def test_built_in_art_is_within_its_size_and_every_file_has_a_licence() -> None:
    files = [path for path in BUILT_IN.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 5 * 2**20
    licences = json.loads((BUILT_IN / "licences.json").read_text())
    assert licences["cels"]["licence"] == "Public domain"
    for path in (BUILT_IN / "faces").iterdir():
        style = path.stem.split("_")[1]
        entry = next(face for face in licences["faces"] if face["style"] == style)
        assert entry["licence"] == "CC0 1.0"
    named = {entry["file"] for entry in licences["backgrounds"]}
    assert {f"backgrounds/{path.name}" for path in (BUILT_IN / "backgrounds").iterdir()} == named


def test_built_in_art_can_be_drawn() -> None:
    art = Art()
    rng = np.random.default_rng(0)
    assert art.count("cels") >= 200
    assert art.count("faces") >= 200
    for kind in ("cels", "faces", "backgrounds"):
        drawing = art.pick(rng, kind)
        assert drawing.dtype == np.uint8
        assert drawing.shape[2] == 4


def test_a_folder_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "cels").mkdir()
    cv2.imwrite(str(tmp_path / "cels" / "grey.png"), np.full((20, 30), 90, np.uint8))
    art = Art([tmp_path])
    assert art.count("cels") == 1
    assert art.count("faces") == 0
    drawing = art.pick(np.random.default_rng(0), "cels")
    assert drawing.shape == (20, 30, 4)
    assert (drawing[:, :, 3] == 255).all()
    with pytest.raises(LookupError, match="has no faces"):
        art.pick(np.random.default_rng(0), "faces")


def test_an_empty_folder_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no art in"):
        Art([tmp_path])


def test_a_file_that_is_no_picture_fails(tmp_path: Path) -> None:
    (tmp_path / "cels").mkdir()
    (tmp_path / "cels" / "broken.webp").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="cels/broken is not a picture"):
        Art([tmp_path]).pick(np.random.default_rng(0), "cels")
