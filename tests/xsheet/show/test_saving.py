"""A sheet or a page is written whole, and over nothing that it should not replace."""

from __future__ import annotations

import errno
import os

import pytest

from nakawari.errors import UserError
from nakawari.xsheet.show.saving import check_target, is_sheet, save, save_sheet
from tests.builders.detections import two_shots

SHEET = two_shots().to_json()


def check(path, source, overwrite: bool = False) -> None:
    check_target(path, source, "--json", is_sheet, overwrite)


def test_a_new_an_empty_and_an_earlier_sheet_may_be_written(tmp_path) -> None:
    path, clip = tmp_path / "sheet.json", tmp_path / "clip.mp4"
    check(path, clip)
    path.touch()
    check(path, clip)
    path.write_text(SHEET)
    check(path, clip)


@pytest.mark.parametrize("content", [b'{"a": 1}', b"[1]", b"notes", b"\xff\xfe\x00"])
def test_anything_else_is_replaced_only_when_told_to_fails(tmp_path, content) -> None:
    path, clip = tmp_path / "sheet.json", tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(UserError, match="exists and is something else; use --overwrite"):
        check(path, clip)
    check(path, clip, overwrite=True)


def test_the_input_is_never_replaced_fails(tmp_path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    with pytest.raises(UserError, match="is the input itself"):
        check(clip, clip, overwrite=True)


def test_no_folder_a_folder_and_a_device_are_refused_fails(tmp_path) -> None:
    clip = tmp_path / "clip.mp4"
    with pytest.raises(UserError, match="does not exist; create it first"):
        check(tmp_path / "none" / "sheet.json", clip)
    with pytest.raises(UserError, match="is a folder; name a file in it"):
        check(tmp_path, clip)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is no plain file; name another"):
        check(tmp_path / "pipe", clip)


def test_somebodys_corrections_are_kept(tmp_path) -> None:
    path = tmp_path / "sheet.json"
    assert save_sheet(path, SHEET) is None
    assert save_sheet(path, SHEET) is None
    edited = SHEET.replace('"cadence": 2', '"cadence": 1')
    path.write_text(edited)
    kept = save_sheet(path, SHEET)
    assert kept == tmp_path / "sheet.json~"
    assert kept.read_text() == edited
    assert path.read_text() == SHEET
    assert save_sheet(path, SHEET) is None
    assert kept.read_text() == edited


def test_corrections_that_were_kept_are_not_lost_to_others(tmp_path) -> None:
    path = tmp_path / "sheet.json"
    edits = [SHEET.replace('"cadence": 2', f'"cadence": {cadence}') for cadence in (1, 3, 4)]
    kept = []
    for edited in edits:
        path.write_text(edited)
        kept.append(save_sheet(path, SHEET))
    assert [name.name for name in kept] == ["sheet.json~", "sheet.json~2~", "sheet.json~3~"]
    assert [name.read_text() for name in kept] == edits
    path.write_text(edits[1])
    assert save_sheet(path, SHEET) == kept[1]  # it is there already


def test_a_file_name_that_is_no_text_does_not_stop_a_page(tmp_path) -> None:
    save(tmp_path / "page.html", "of a clip\udcff.mp4")
    assert (tmp_path / "page.html").read_text() == "of a clip?.mp4"


def test_a_full_disk_leaves_what_was_there_fails(tmp_path, monkeypatch) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"cannot write .* choose another folder"):
        save(path, "new")
    assert path.read_text() == "old"
    assert [left.name for left in tmp_path.iterdir()] == ["page.html"]
