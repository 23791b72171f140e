"""A job goes by its exposure sheet, saves it beside the output, and never over an editor's."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from nakawari.errors import UserError
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowJob, SlowResult, run_job
from nakawari.video.reader import VideoReader
from nakawari.xsheet.sheet.files import load_sheet
from tests.builders.sheets import sheet_of
from tests.conftest import RATE, painting


def run(source: Path, **settings: object) -> SlowResult:
    job = SlowJob(source=source, output=source.with_name("out.mp4"), **settings)
    return run_job(job, lambda: blend, "cpu")


def write_sheet(path: Path, holds: list[int], **changes: object) -> Path:
    sheet = json.loads(sheet_of(holds, fps=RATE).to_json())
    path.write_text(json.dumps(sheet | changes))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_sheet_is_saved_beside_the_output(make_clip, tmp_path) -> None:
    result = run(make_clip(frames=12, hold=3))
    assert result.sheet_path == tmp_path / "out.xsheet.json"
    assert load_sheet(result.sheet_path) == result.sheet
    assert [drawing.start for drawing in result.sheet.drawings] == [0, 3, 6, 9]
    assert names(tmp_path) == {"clip.mp4", "out.mp4", "out.xsheet.json"}


def test_a_given_sheet_wins_over_the_detector(make_clip, tmp_path, monkeypatch) -> None:
    def detect(*_: object, **__: object) -> None:
        raise AssertionError("the detector must not run")

    monkeypatch.setattr("nakawari.slowmo.job.detect", detect)
    given = tmp_path / "mine.json"
    given.write_text('{"frames": 12, "drawings": [{"start": 0}, {"start": 5}]}')
    result = run(make_clip(frames=12, hold=3), xsheet=given)
    assert [drawing.start for drawing in result.sheet.drawings] == [0, 5]
    assert load_sheet(tmp_path / "out.xsheet.json") == result.sheet
    assert (result.sheet.clip, result.sheet.fps) == ("clip.mp4", RATE)


def test_a_saved_sheet_can_be_edited_and_given_back(make_clip, tmp_path) -> None:
    clip = make_clip(frames=12, hold=3)
    saved = run(clip).sheet_path
    edited = saved.read_text().replace('"cuts": []', '"cuts": [6]')
    saved.write_text(edited)
    for holds in ("auto", "keep"):
        result = run(clip, xsheet=saved, overwrite=True, holds=holds)
        assert result.sheet.cuts == (6,)
        assert result.sheet_path == saved
        assert saved.read_text() == edited


def test_a_sheet_that_was_there_is_not_lost(make_clip, tmp_path) -> None:
    clip = make_clip(frames=12, hold=3)
    other = write_sheet(tmp_path / "out.xsheet.json", [12]).read_text()
    lines: list[str] = []
    job = SlowJob(source=clip, output=tmp_path / "out.mp4")
    run_job(job, lambda: blend, "cpu", tell=lines.append)
    assert (tmp_path / "out.xsheet.json~").read_text() == other
    assert any("it is now" in line for line in lines)


def test_a_job_whose_sheet_cannot_be_saved_fails_before_anything_is_drawn(
    make_clip, tmp_path
) -> None:
    clip = make_clip()
    (tmp_path / "out.xsheet.json").write_text("a poem")
    with pytest.raises(UserError, match="is something else; use --overwrite"):
        run(clip)
    assert names(tmp_path) == {"clip.mp4", "out.xsheet.json"}


@pytest.mark.parametrize(("holds", "has"), [([3, 8], "more"), ([3, 10], "12")])
def test_a_sheet_of_another_clip_fails_before_anything_is_drawn(
    make_clip, tmp_path, monkeypatch, holds, has
) -> None:
    def writer(*_: object, **__: object) -> None:
        raise AssertionError("nothing must be written")

    monkeypatch.setattr("nakawari.slowmo.job.VideoWriter", writer)
    given = write_sheet(tmp_path / "mine.json", holds)
    with pytest.raises(UserError, match=f"is for {sum(holds)} frames, and the clip has {has}"):
        run(make_clip(frames=12), xsheet=given)
    assert names(tmp_path) == {"clip.mp4", "mine.json"}


def test_a_sheet_of_another_rate_fails(make_clip, tmp_path) -> None:
    given = write_sheet(tmp_path / "mine.json", [12], fps="30")
    with pytest.raises(UserError, match=r"for 30\.000 frames/s, and the clip has 23\.976; give"):
        run(make_clip(frames=12), xsheet=given)


def test_a_detector_that_miscounts_fails_and_leaves_nothing(
    make_clip, tmp_path, monkeypatch
) -> None:
    class Miscount:
        sheet = sheet_of([3, 10], fps=RATE)
        content = ""

    monkeypatch.setattr("nakawari.slowmo.job.detect", lambda *_, **__: Miscount)
    with pytest.raises(UserError, match="is for 13 frames, and the clip has 12"):
        run(make_clip(frames=12))
    assert names(tmp_path) == {"clip.mp4"}


def test_keep_saves_the_sheet_of_every_frame_with_the_cuts(make_clip, tmp_path) -> None:
    given = write_sheet(tmp_path / "mine.json", [6, 6], cuts=[6])
    result = run(make_clip(frames=12), xsheet=given, holds="keep")
    saved = load_sheet(tmp_path / "out.xsheet.json")
    assert saved == result.sheet
    assert [drawing.hold for drawing in saved.drawings] == [1] * 12
    assert saved.cuts == (6,)


def test_both_readings_tell_how_far_they_are_and_remarks_come_once(make_clip, tmp_path) -> None:
    clip = make_clip("a.mkv", codec="ffv1", pixel_format="yuv420p10le", frames=6)
    lines: list[str] = []
    read: list[int] = []
    written: list[int] = []
    run_job(
        SlowJob(source=clip, output=tmp_path / "out.mp4", factor=Fraction(2)),
        lambda: blend,
        "cpu",
        tell=lines.append,
        on_read=lambda done, expected: read.append(done),
        on_frame=lambda done, expected: written.append(done),
    )
    assert read == list(range(1, 7))
    assert written == list(range(1, 13))
    assert len(lines) == 1
    assert "8 bits" in lines[0]


def test_pulldown_is_undone_and_the_duration_stays(make_clip, tmp_path) -> None:
    rate = Fraction(30000, 1001)
    given = write_sheet(
        tmp_path / "mine.json", [1, 1, 1, 2] * 4, fps=str(rate), pulldown={"cycle": 5, "phase": 4}
    )
    film = [position for position in range(16) for _ in range(1 + (position % 4 == 3))]
    clip = make_clip(paintings=[painting(position) for position in film], rate=rate)
    output = run(clip, xsheet=given, rate=rate * 4 / 5, factor=Fraction(1)).output
    with VideoReader(output) as reader:
        frames = list(reader.frames())
    assert len(frames) == 16  # the film's: each is one of its frames, none drawn
    assert len({frame.picture.luma.tobytes() for frame in frames}) == 16
