"""Reading a list of triplets: what is wrong is named with file and line."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from eval.sets.pictures import frame_from_pixels, pixels_from_frame, read_frame
from eval.sets.triplet_list import Region, read_triplets
from nakawari.errors import UserError
from tests.eval.conftest import entry, write_list, write_picture


def test_paths_are_relative_to_the_file_and_order_is_kept(triplets: Path) -> None:
    samples = read_triplets(triplets)
    assert [sample.id for sample in samples] == ["sample_0", "sample_1", "sample_2"]
    assert samples[1].frame_1 == triplets.parent / "1_1.webp"
    assert samples[1].tags == ("all", "pan")


def test_a_line_may_leave_tags_out_and_hold_more(triplets: Path) -> None:
    line = entry(0, source="elsewhere")
    del line["tags"]
    assert read_triplets(write_list(triplets, [line]))[0].tags == ()


def test_a_line_may_name_a_region(triplets: Path) -> None:
    write_list(triplets, [entry(0, roi=[3, 0, 40, 31])])
    assert read_triplets(triplets)[0].region == Region(x=3, y=0, width=40, height=31)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_time": 0}, "frame_time must lie between 0 .* got 0"),
        ({"frame_time": 1.0}, "frame_time must lie between"),
        ({"frame_time": "1/2"}, "frame_time must lie between"),
        ({"frame_time": float("nan")}, "frame_time must lie between"),
        ({"id": "../up"}, "id must be a plain file name"),
        ({"id": ""}, "id must be a plain file name"),
        ({"id": None}, "id must be a plain file name"),
        ({"target": 3}, "target must be a path, got 3"),
        ({"roi": [0, 0, 9]}, "roi must be .*, got .0, 0, 9."),
        ({"roi": [0, 0, 9, 0]}, "roi must be"),
        ({"roi": [-1, 0, 9, 9]}, "roi must be"),
        ({"roi": [0.5, 0, 9, 9]}, "roi must be"),
        ({"roi": [40, 0, 9, 9]}, "sample_1: roi .* reaches out of the 48x40 frame"),
        ({"tags": "pan"}, "tags must be a list of strings, got 'pan'"),
        ({"target": "absent.png"}, "sample_1: cannot read .*absent.png: No such file"),
        ({"target": "triplets.jsonl"}, "sample_1: .*triplets.jsonl is no picture"),
        ({"target": "../set"}, "sample_1: .*set is not a file"),
        ({"target": "/etc/passwd"}, "sample_1: /etc/passwd is no picture"),
        ({"target": "a\0b.png"}, "sample_1: cannot read .*null"),
        ({"target": "a" * 5000}, "sample_1: cannot read .*name too long"),
        ({"target": "\ud800.png"}, "not JSON .*half a character"),
        ({"tags": ["\ud800"]}, "not JSON .*half a character"),
        ({"id": "\ud800"}, "not JSON .*half a character"),
        ({"id": "a" * 201}, "id must be a plain file name"),
        ({"id": "\x1b[31m"}, "id must be a plain file name"),
        ({"frame_time": 10**400}, "frame_time must lie between"),
    ],
)
def test_a_bad_line_fails(triplets: Path, changes: dict[str, Any], message: str) -> None:
    write_list(triplets, [entry(0), entry(1, **changes)])
    with pytest.raises(UserError, match=r"triplets\.jsonl:2: " + message):
        read_triplets(triplets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ":1: not JSON"),
        ("[]", ":1: must be a JSON object, got list"),
        ('{"id": "a"}', ":1: lacks frame_0, frame_1, target, frame_time"),
        ("\n\n", "holds no triplets"),
        ("[" * 100_000, ":1: not JSON .it is nested too deeply"),
        ('{"id": ' + "1" * 5000 + "}", ":1: not JSON .Exceeds the limit"),
    ],
)
def test_what_is_no_list_of_triplets_fails(triplets: Path, text: str, message: str) -> None:
    triplets.write_text(text)
    with pytest.raises(UserError, match=message):
        read_triplets(triplets)


def test_a_list_that_is_missing_or_binary_fails(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*absent\.jsonl: No such file"):
        read_triplets(tmp_path / "absent.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not UTF-8"):
        read_triplets(tmp_path / "binary.jsonl")


def test_pipes_fail_at_once(triplets: Path) -> None:
    os.mkfifo(triplets.parent / "pipe")  # opened, it would wait for its writer
    with pytest.raises(UserError, match=r"pipe is not a file; give a \.jsonl file"):
        read_triplets(triplets.parent / "pipe")
    with pytest.raises(UserError, match=r"sample_0: .*pipe is not a file"):
        read_triplets(write_list(triplets, [entry(0, target="pipe")]))


def test_a_picture_that_would_fill_the_memory_fails(triplets: Path) -> None:
    with Image.new("1", (20_000, 20_000)) as picture:
        picture.save(triplets.parent / "huge.png")
    text = PngInfo()
    text.add_text("comment", "a" * 2**21, zip=True)
    with Image.new("RGB", (48, 40)) as picture:
        picture.save(triplets.parent / "text.png", pnginfo=text)
    for name, why in (("huge", "400000000 pixels"), ("text", "too large")):
        with pytest.raises(UserError, match=rf"sample_0: cannot read .*{name}.png.*{why}"):
            read_triplets(write_list(triplets, [entry(0, target=f"{name}.png")]))


def test_an_id_that_comes_twice_fails(triplets: Path) -> None:
    write_list(triplets, [entry(0), entry(1), entry(2, id="sample_0")])
    with pytest.raises(UserError, match=r":3: id 'sample_0' is already on line 1"):
        read_triplets(triplets)


def test_frames_of_different_sizes_fails(triplets: Path) -> None:
    write_picture(triplets.parent / "1_t.png", seed=0, size=(40, 50))
    with pytest.raises(UserError, match=r":2: sample_1: sizes differ: .*target 50x40"):
        read_triplets(triplets)


def test_every_8_bit_level_survives_the_way_to_a_frame_and_back() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(pixels_from_frame(frame_from_pixels(pixels)), pixels)


def test_what_lies_outside_the_range_is_clipped() -> None:
    frame = torch.tensor([-3.0, 0.0, 3.0]).view(1, 3, 1, 1)
    assert pixels_from_frame(frame).tolist() == [[[0, 128, 255]]]


def test_a_picture_cut_short_fails(triplets: Path) -> None:
    path = triplets.parent / "0_t.png"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match=r"cannot read .*0_t.png: .*; replace the file"):
        read_frame(path)


def test_a_picture_of_16_bits_fails(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="more than 8 bits a channel"):
        read_frame(tmp_path / "deep.png")
