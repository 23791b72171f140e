"""What the page answers: clips that are uploaded, their sheets corrected, jobs ordered."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Progress, State
from nakawari.serve.app import app_of
from nakawari.serve.clips.library import Clip, ClipState
from nakawari.serve.jobs.requesting import add_job
from nakawari.serve.service import Service
from nakawari.xsheet.sheet.reading import sheet_from_json
from tests.conftest import painting
from tests.serve.conftest import ADDRESS, IDLE, looked_at, upload, wait_for


def starts(client, clip) -> list[int]:
    sheet = sheet_from_json(client.get(f"/clips/{clip['number']}/sheet.json").text)
    return [drawing.start for drawing in sheet.drawings]


def correct(client, clip, **wish):
    return client.post(f"/api/clips/{clip['number']}/corrections", json=wish)


def order(client, clip, **wish):
    return client.post(f"/api/clips/{clip['number']}/jobs", json={"model": "blend", **wish})


def test_a_clip_is_uploaded_its_drawings_found_and_shown(client, clip) -> None:
    assert clip["frames"] == 24
    assert starts(client, clip) == list(range(0, 24, 2))
    text = client.get(f"/clips/{clip['number']}").text
    assert text.count('class="drawing') >= 12
    assert "dance.mp4" in text
    assert client.get("/").status_code == 200


def test_a_thumbnail_shows_the_frame_that_it_is_named_after(client, clip) -> None:
    for frame in (0, 7, 23):
        answer = client.get(f"/clips/{clip['number']}/thumbs/{frame}.jpg")
        pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)
        wanted = painting(frame // 2)[..., :3].astype(int)
        assert pixels.shape == wanted.shape
        assert np.abs(pixels - wanted).mean() < 8
    assert client.get(f"/clips/{clip['number']}/thumbs/24.jpg").status_code == 404


def test_a_part_of_the_video_is_served_by_range(client, clip) -> None:
    whole = client.get(f"/clips/{clip['number']}/video").content
    answer = client.get(f"/clips/{clip['number']}/video", headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == whole[10:20]
    assert answer.headers["content-range"] == f"bytes 10-19/{len(whole)}"


def test_corrections_are_made_undone_and_survive_a_restart(client, clip, settings) -> None:
    answer = correct(client, clip, kind="move", frame=4, to=5).json()
    assert starts(client, clip)[:4] == [0, 2, 5, 6]
    assert (answer["first"], answer["removed"], len(answer["sections"])) == (0, 1, 1)
    assert 'data-start="5" data-hold="1"' in answer["sections"][0]
    assert (answer["can_undo"], answer["can_redo"]) == (True, False)
    correct(client, clip, kind="merge", frame=10)
    correct(client, clip, kind="split", frame=13)
    answer = correct(client, clip, kind="cut", frame=12).json()
    assert answer["cuts"] == [12]
    assert len(answer["sections"]) == 2
    text = client.get(f"/clips/{clip['number']}").text
    assert text.count('class="shot"') == 2

    answer = client.post(f"/api/clips/{clip['number']}/undo", json={}).json()
    assert (answer["cuts"], answer["can_redo"]) == ([], True)
    for _ in range(3):
        client.post(f"/api/clips/{clip['number']}/undo", json={})
    assert starts(client, clip) == list(range(0, 24, 2))
    client.post(f"/api/clips/{clip['number']}/redo", json={})
    another = Service(settings, ()).sheets.sheet(Service(settings, ()).library.all_clips()[0])
    assert [drawing.start for drawing in another.detection.sheet.drawings][:3] == [0, 2, 5]


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"kind": "move", "frame": 4, "to": 9}, "can begin at frames 3 to 5"),
        ({"kind": "split", "frame": 4}, "a drawing begins at frame 4 already"),
        ({"kind": "merge", "frame": 0}, "stays there"),
        ({"kind": "merge", "frame": 99}, "must be a frame of the clip"),
        ({"kind": "merge", "frame": True}, "must be a frame of the clip"),
        ({"kind": "merge"}, "must be a frame of the clip"),
        ({"kind": "erase", "frame": 3}, "no correction of this kind"),
        ({"kind": [], "frame": 3}, "no correction of this kind"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_in_a_line(client, clip, wish, match) -> None:
    answer = correct(client, clip, **wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]
    assert starts(client, clip) == list(range(0, 24, 2))


def test_a_job_is_as_it_was_ordered_and_its_sheet_as_it_was_then(client, clip, service) -> None:
    correct(client, clip, kind="merge", frame=4)
    answer = order(client, clip, factor="2.5", rate="48", codec="prores", audio="drop",
                   holds="keep", first=4, last=15)  # fmt: skip
    assert answer.status_code == 201, answer.text
    correct(client, clip, kind="merge", frame=10)
    settings = SlowSettings.from_json(service.store.job(answer.json()["number"]).settings)
    assert (str(settings.factor), str(settings.rate)) == ("5/2", "48")
    assert (settings.codec, settings.audio, settings.holds) == ("prores", "drop", "keep")
    assert settings.output.name == "dance.slow2.5x.mov"
    sheet = sheet_from_json(settings.xsheet.read_text())
    assert sheet.frames == 12
    assert [drawing.start for drawing in sheet.drawings] == [0, 2, 4, 6, 8, 10]
    assert settings.begin == sheet.clock.time(4)
    job = client.get("/api/jobs").json()[0]
    assert job["state"] == "waiting"
    assert job["what"].startswith("2.5 times as long, 48 frames/s, 0.17 s to 0.67 s, ProRes")


def test_a_rate_that_a_format_cannot_show_is_refused_at_once(client, clip) -> None:
    answer = order(client, clip, codec="gif", rate="60")
    assert answer.status_code == 422
    assert "GIF shows at most 50 frames/s" in answer.json()["error"]


def test_pictures_are_taken_away_as_a_zip_file(client, clip, service) -> None:
    number = order(client, clip, codec="png").json()["number"]
    output = SlowSettings.from_json(service.store.job(number).settings).output
    assert output.name == "dance.slow4x"
    output.mkdir()
    contents = {f"frame_{place}.png": bytes([place]) * 3_000_000 for place in (1, 2)}
    for name, content in contents.items():
        (output / name).write_bytes(content)
    answer = client.get(f"/jobs/{number}/download")
    assert "dance.slow4x.zip" in answer.headers["content-disposition"]
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(f"dance.slow4x/{name}") for name in contents} == contents


def test_two_results_of_a_clip_have_two_names(client, clip) -> None:
    for _ in range(2):
        order(client, clip, ramp="0:1, 0.5:0.25")
    names = [job["output"] for job in client.get("/api/jobs").json()]
    assert names == ["dance.ramp.2.mp4", "dance.ramp.mp4"]


def test_two_results_that_are_ordered_at_once_have_two_names(client, clip, monkeypatch) -> None:
    def slowly(store, settings) -> int:
        time.sleep(0.3)
        return add_job(store, settings)

    monkeypatch.setattr("nakawari.serve.answers.jobs.add_job", slowly)
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(lambda _: order(client, clip), range(3)))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({job["output"] for job in client.get("/api/jobs").json()}) == 3


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"factor": "fast"}, "factor: 'fast' is not a number"),
        ({"factor": "0"}, "is not above 0"),
        ({"factor": 4}, '"factor" must be a text'),
        ({"ramp": "0:1, 0:2"}, "give the points in order"),
        ({"rate": "1e9"}, "out of range"),
        ({"codec": "divx"}, "codec must be one of h264"),
        ({"model": "/etc/passwd"}, "model must be one of dis"),
        ({"audio": "loud"}, "audio must be one of"),
        ({"first": 9, "last": 9}, "from frame 9 to frame 9"),
        ({"first": -1}, "from frame -1"),
        ({"last": 24}, "to frame 24"),
        ({"last": "x"}, '"last" must be the number of a frame'),
        ({"output": "/etc/passwd"}, "a job has no output"),
    ],
)
def test_a_job_that_cannot_be_is_refused_in_a_line(client, clip, wish, match) -> None:
    answer = order(client, clip, **wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]
    assert client.get("/api/jobs").json() == []


def test_a_setting_that_no_text_can_name_is_refused_in_a_line(client, clip) -> None:
    answer = client.post(f"/api/clips/{clip['number']}/jobs", content=b'{"\\udcff": 1}')
    assert answer.status_code == 422
    assert "a job has no \\udcff" in answer.json()["error"]


def test_a_job_is_shown_while_it_is_drawn_cancelled_and_downloaded(client, clip, service) -> None:
    first, second = (order(client, clip).json()["number"] for _ in range(2))
    service.store.take()
    service.store.report(first, Progress("drawing", 10, 96, 4.5))
    told = {job["number"]: job for job in client.get("/api/jobs").json()}
    assert (told[first]["stage"], told[first]["done"], told[first]["seconds_left"]) == (
        "drawing", 10, 4.5,
    )  # fmt: skip
    assert client.get(f"/jobs/{first}/download").status_code == 404
    assert client.get(f"/jobs/{first}/frame.jpg").status_code == 204
    assert client.post(f"/api/jobs/{second}/cancel", json={}).json() == {"before": "waiting"}
    assert service.store.job(second).state is State.CANCELLED
    settings = SlowSettings.from_json(service.store.job(first).settings)
    settings.output.write_bytes(b"0123456789")
    service.store.finish(first, State.DONE)
    answer = client.get(f"/jobs/{first}/download")
    assert answer.content == b"0123456789"
    assert 'filename="dance.slow4x.mp4"' in answer.headers["content-disposition"]


def test_what_is_not_drawn_yet_or_never_will_be_has_no_frames_and_says_so(
    client, clip, service
) -> None:
    number = order(client, clip).json()["number"]
    states = [
        ("it is waiting", lambda: None),
        ("it is running", service.store.take),
        ("it is cancelled", lambda: service.store.cancel(number)),
    ]
    for words, become in states:
        become()
        answer = client.get(f"/api/jobs/{number}/frames")
        yet = "" if "cancelled" in words else " yet"
        assert answer.status_code == 409
        assert answer.json()["error"] == f"there is nothing{yet} of job {number}: {words}"


def test_each_frame_of_a_result_knows_the_frame_of_the_clip(client, clip, service) -> None:
    number = order(client, clip, factor="2", first=4, last=7).json()["number"]
    service.store.take()
    service.store.finish(number, State.DONE)
    told = client.get(f"/api/jobs/{number}/frames").json()
    assert told["frames"] == [4, 4, 5, 5, 6, 6, 7, 7]
    assert told["rate"] == pytest.approx(23.976, abs=1e-3)


def test_a_clip_is_removed_with_its_jobs(client, clip, service) -> None:
    number = order(client, clip).json()["number"]
    assert client.delete(f"/api/clips/{clip['number']}").status_code == 204
    assert client.get("/api/clips").json() == []
    assert service.store.job(number).state is State.CANCELLED
    assert client.get("/api/jobs").json() == []
    assert list(service.settings.folder.glob("clips/*/*")) == []


def test_a_clip_is_removed_with_its_previews(client, clip, service) -> None:
    wish = {"frame": 3, "model": "blend"}
    number = client.post(f"/api/clips/{clip['number']}/preview", json=wish).json()["number"]
    client.delete(f"/api/clips/{clip['number']}")
    assert service.previews.job(number).state is State.CANCELLED
    assert list(service.previews_folder.glob("*/*")) == []


def test_a_clip_whose_removal_was_cut_off_is_gone_and_its_files_at_the_next_start(
    client, clip, service, settings, monkeypatch
) -> None:
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)  # the page is killed here
    client.delete(f"/api/clips/{clip['number']}")
    assert client.get("/api/clips").json() == []
    monkeypatch.undo()
    assert list(settings.folder.glob("clips/*/.gone*/found.json"))
    with TestClient(app_of(Service(settings, IDLE)), base_url=ADDRESS) as again:
        assert again.get("/api/clips").json() == []
        wait_for(lambda: list(settings.folder.glob("clips/*/.*")) == [])


def test_what_arrived_in_part_is_gone_before_the_first_request_is_answered(
    settings, monkeypatch
) -> None:
    service = Service(settings, IDLE)
    in_part = service.library.add("local", "clip.mp4")
    all_clips = service.library.all_clips

    def slowly() -> list[Clip]:
        time.sleep(0.5)
        return all_clips()

    monkeypatch.setattr(service.library, "all_clips", slowly)
    with TestClient(app_of(service), base_url=ADDRESS):
        assert not in_part.folder.exists()


def test_a_clip_that_is_being_removed_is_not_found(client, clip, service) -> None:
    (of_disk,) = service.library.all_clips()
    of_disk.found.unlink()
    assert client.get(f"/api/clips/{clip['number']}/takes").status_code == 404


def test_a_full_disk_is_told_and_leaves_nothing_of_an_upload(client, service, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("nakawari.serve.clips.library.write_whole", full)
    answer = client.put("/api/clips", params={"name": "a.mp4"}, content=b"x")
    assert answer.status_code == 507
    assert "too little room" in answer.json()["error"]
    assert list(service.settings.folder.glob("clips/*/*")) == []


def test_nobody_waits_while_another_ones_upload_is_flushed_to_the_disk(
    client, service, monkeypatch
) -> None:
    """The thread that answers everybody leaves all waiting for the disk to others."""
    seen: dict[str, set[bool]] = {}

    def watched(module: ModuleType, name: str) -> None:
        real = getattr(module, name)

        def call(*arguments, **how):
            with suppress(RuntimeError):
                asyncio.get_running_loop()
                seen.setdefault(name, set()).add(True)
            seen.setdefault(name, set()).add(False)
            return real(*arguments, **how)

        monkeypatch.setattr(module, name, call)

    for name in ("fsync", "replace", "rename"):
        watched(os, name)
    for name in ("disk_usage", "rmtree"):
        watched(shutil, name)
    number = upload(client, b"no video" * 10_000_000)["number"]
    looked_at(client, number)
    listed = json.dumps([["a_1.png", 3], ["a_2.png", 3]]).encode()
    number = client.put("/api/sequences", content=listed + b"\nonetwo").json()["number"]
    looked_at(client, number)
    client.put("/api/sequences", content=listed + b"\nonetw")  # is cut off
    client.put("/api/clips", params={"name": "a.mp4"}, content=b"")
    client.post(f"/api/clips/{number}/rate", json={"rate": "12"})
    client.delete(f"/api/clips/{number}")
    assert set(seen) == {"fsync", "replace", "rename", "disk_usage", "rmtree"}
    assert set().union(*seen.values()) == {False}


def test_after_a_clip_at_which_nobody_could_look_comes_the_next(
    client, service, monkeypatch
) -> None:
    save, fails = service.library.save, ["full", "full"]

    def full(clip, **changes):
        if changes.get("state") is ClipState.FAILED and fails:
            fails.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(clip, **changes)

    monkeypatch.setattr(service.library, "save", full)
    upload(client, b"no video", "one.mp4")
    second = upload(client, b"no video", "two.mp4")["number"]
    assert looked_at(client, second)["state"] == "failed"
    assert fails == []


def test_what_is_no_clip_says_why(client) -> None:
    number = upload(client, b"no video at all" * 100, "letter.mp4")["number"]
    found = looked_at(client, number)
    assert found["state"] == "failed"
    assert "letter.mp4" in found["reason"]
    assert "/" not in found["reason"]
    assert client.get(f"/clips/{number}", follow_redirects=False).headers["location"] == "/"


def test_an_upload_that_was_cut_off_leaves_nothing(client, service) -> None:
    answer = client.put("/api/clips", params={"name": "a.mp4"}, content=b"")
    assert answer.status_code == 422
    assert "empty" in answer.json()["error"]
    assert service.library.clips("local") == []


@pytest.mark.parametrize("path", ["/clips/0123456789abcdef", "/api/jobs/7/frames", "/nowhere"])
def test_what_is_not_there_is_not_found(client, path) -> None:
    answer = client.get(path)
    assert answer.status_code == 404


def test_a_number_of_any_length_is_answered_in_a_line(client, clip) -> None:
    """Python refuses to parse more than 4,300 digits."""
    long = "7" * 5000
    for path in (f"/api/jobs/{long}/frames", f"/jobs/{long}/frame.jpg", f"/jobs/{long}/download",
                 f"/jobs/{long}/video", f"/jobs/{long}/takes/a.mp4", f"/api/previews/{long}",
                 f"/previews/{long}/frame.jpg", f"/previews/{long}/video",
                 f"/clips/{clip['number']}/thumbs/{long}.jpg"):  # fmt: skip
        assert client.get(path).status_code == 404
        assert client.get(path.replace(long, "9" * 18)).status_code == 404
    assert client.post(f"/api/jobs/{long}/cancel", json={}).status_code == 404
    answer = client.put("/api/clips?name=a.mp4", content=b"x", headers={"Content-Length": long})
    assert answer.status_code == 413
    listed = json.dumps([["a1.png", 3], [f"a{'0' * 5000}2.png", 3]]).encode()
    assert client.put("/api/sequences", content=listed + b"\nonetwo").status_code == 201
    for wish in ("corrections", "jobs", "preview"):
        path = f"/api/clips/{clip['number']}/{wish}"
        body = f'{{"kind": "split", "frame": {long}, "first": {long}}}'
        assert client.post(path, content=body).status_code == 422
    many = ", ".join(f"{time}:0.{'3' * 30}" for time in range(1500))
    answer = order(client, clip, ramp=many)
    assert answer.status_code == 422
    assert "ramp: a ramp of 1500 points is too long; give 200 at most" in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b'"' + b"x" * 70_000 + b'"'])
def test_what_is_no_wish_is_refused(client, clip, body) -> None:
    answer = client.post(f"/api/clips/{clip['number']}/jobs", content=body)
    assert answer.status_code in (413, 422)
    assert answer.json()["error"]


def test_a_preview_is_a_small_clip_around_the_playhead(client, clip, service) -> None:
    correct(client, clip, kind="merge", frame=4)
    answer = client.post(
        f"/api/clips/{clip['number']}/preview", json={"frame": 3, "factor": 2, "model": "blend"}
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["frames"][:5] == [0, 0, 1, 1, 2]
    settings = SlowSettings.from_json(service.previews.job(told["number"]).settings)
    sheet = json.loads(settings.xsheet.read_text())
    assert [drawing["start"] for drawing in sheet["drawings"]][:3] == [0, 2, 6]
    assert Path(settings.source).is_file()
    assert client.get(f"/api/previews/{told['number']}").json()["state"] == "waiting"
    assert client.get(f"/previews/{told['number']}/video").status_code == 404
    client.post(f"/api/clips/{clip['number']}/preview", json={"frame": 20, "model": "blend"})
    assert service.previews.job(told["number"]).state is State.CANCELLED
    assert not settings.source.exists()


@pytest.mark.parametrize(
    ("factor", "rate", "frames"), [(4, "12", 48), (2, None, 48), (0.5, None, 12), (16, "12", 192)]
)
def test_a_preview_by_the_model_has_fewer_frames(
    client, clip, service, factor, rate, frames
) -> None:
    told = client.post(f"/api/clips/{clip['number']}/preview", json={"frame": 3, "factor": factor})
    job = service.previews.job(told.json()["number"])
    assert job.settings["rate"] == rate
    assert len(told.json()["frames"]) == pytest.approx(frames, abs=1)


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        ({"frame": 24}, "must be one of the clip"),
        ({"frame": 0, "factor": 0}, "factor must be a number"),
        ({"frame": 0, "factor": "4"}, "factor must be a number"),
        ({"frame": 0, "model": "x"}, "model must be one of"),
        ({"frame": 0, "model": []}, "model must be one of"),
    ],
)
def test_a_preview_that_cannot_be_is_refused(client, clip, wish, match) -> None:
    answer = client.post(f"/api/clips/{clip['number']}/preview", json=wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]


def test_style_and_script_are_those_of_the_page_that_xsheet_writes(client) -> None:
    for name in ("report.css", "timeline.js"):
        (file,) = Path("nakawari/xsheet/show").glob(name)
        assert client.get(f"/static/{name}").text == file.read_text()
