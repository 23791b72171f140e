"""The built-in art is complete, licensed and small; other folders are read or refused clearly."""

import json
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from nakawari.data.art import BUILT_IN, Art
from nakawari.errors import UserError


def _encoded(ending: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    return cv2.imencode(ending, noise)[1].tobytes()


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.png", b""),
        ("text.webp", b"not a picture"),
        ("cut.png", _encoded(".png")[:-30]),
        ("cut.webp", _encoded(".webp")[:-30]),
        ("cut.jpg", _encoded(".jpg")[:-30]),
    ],
)
def test_a_file_that_is_no_whole_picture_fails_when_the_folder_is_read(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "cels").mkdir()
    (tmp_path / "cels" / name).write_bytes(content)
    with pytest.raises(UserError, match=f"cels/{name} is not a whole PNG, WebP or JPEG picture; "):
        Art([tmp_path])


@pytest.mark.parametrize("damage", ["noise", "size"])
def test_a_picture_that_cannot_be_decoded_fails_with_its_name(damage: str, tmp_path: Path) -> None:
    content = bytearray(_encoded(".png"))
    if damage == "noise":
        content[40:90] = bytes(50)
    else:
        content[16:24] = b"\0\0\xff\xff" * 2  # more than OpenCV decodes
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "cels").mkdir()
    (tmp_path / "cels" / "broken.png").write_bytes(content)
    art = Art([tmp_path])
    with pytest.raises(UserError, match=r"cels/broken.png is not a whole PNG, WebP or JPEG"):
        art.pick(np.random.default_rng(0), "cels")


def test_a_picture_of_16_bits_is_used_in_8(tmp_path: Path) -> None:
    (tmp_path / "cels").mkdir()
    deep = np.full((20, 30, 3), 65535, np.uint16)
    deep[..., 0] = 20_000
    cv2.imwrite(str(tmp_path / "cels" / "deep.png"), deep)
    drawing = Art([tmp_path]).pick(np.random.default_rng(0), "cels")
    assert drawing.dtype == np.uint8
    assert drawing[0, 0].tolist() == [255, 255, 78, 255]
