"""``nakawari slow`` tells of the sheet it used, and takes one that was edited."""

import re

import pytest

from nakawari import cli
from nakawari.xsheet.sheet.files import load_sheet
from tests.builders.refusals import refused


def test_the_result_names_the_sheet(make_clip, tmp_path, capsys) -> None:
    assert cli.main(["slow", str(make_clip()), "--model", "blend"]) == 0
    sheet = tmp_path / "clip.slow4x.xsheet.json"
    assert f"exposure sheet: {sheet}\n" in capsys.readouterr().out
    assert len(load_sheet(sheet).drawings) == 6


def test_an_edited_sheet_is_followed(make_clip, tmp_path, capsys) -> None:
    sheet = tmp_path / "mine.json"
    sheet.write_text('{"frames": 12, "cuts": [6], "drawings": [{"start": 0}, {"start": 3}]}')
    command = ["slow", str(make_clip()), "--model", "blend", "--slow", "2"]
    assert cli.main([*command, "--xsheet", str(sheet)]) == 0
    # 3 frames to the next drawing are 6 of the output, 5 of them drawn; nothing crosses the cut.
    printed = capsys.readouterr()
    assert "3 drawings in 2 shots; 5 frames drawn, 19 passed" in printed.out
    stages = re.findall(r"(\w+):  ", printed.err)
    assert (stages[0], stages[-1]) == ("reading", "drawing")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "check its name"),
        ("a poem", "line 1, column 1 is no JSON"),
        ("{}", "is no exposure sheet"),
        ('{"frames": 12, "drawings": [{"start": 1}]}', "the first must start at 0"),
        ('{"frames": 13, "drawings": [{"start": 0}]}', "is for 13 frames, and the clip has 12"),
        ('{"frames": 12, "fps": 25, "drawings": [{"start": 0}]}', "is for 25.000 frames/s"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_in_one_line(
    make_clip, tmp_path, capsys, content, words
) -> None:
    sheet, clip = tmp_path / "mine.json", make_clip()
    if content is not None:
        sheet.write_text(content)
    before = {path.name for path in tmp_path.iterdir()}
    line = refused(capsys, "slow", clip, "--model", "blend", "--xsheet", sheet)
    assert words in line
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("name", "told"), [("other.mp4", True), ("clip.mp4", False)])
def test_a_sheet_of_another_clip_is_told_of(make_clip, tmp_path, capsys, name, told) -> None:
    sheet = tmp_path / "mine.json"
    sheet.write_text(f'{{"clip": "{name}", "frames": 12, "drawings": [{{"start": 0}}]}}')
    assert cli.main(["slow", str(make_clip()), "--model", "blend", "--xsheet", str(sheet)]) == 0
    assert (f"the exposure sheet was made for {name};" in capsys.readouterr().err) == told
