"""Pictures that are dropped together are a clip, whatever they are called and whatever comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import State
from nakawari.serve.app import app_of
from nakawari.serve.clips.found import read_found, write_found
from nakawari.serve.clips.library import Clip
from nakawari.serve.clips.safe_names import file_name, picture_names
from nakawari.serve.service import Service
from nakawari.video.files.sequence import pictures_of
from nakawari.xsheet.sheet.editing import corrected, moved
from tests.builders.uploads import HOSTILE_NAMES, sent
from tests.serve.conftest import ADDRESS, IDLE, looked_at

FRAMES = 8


@pytest.fixture
def sequence(client, drawn) -> dict:
    answer = client.put("/api/sequences", content=sent(drawn))
    assert answer.status_code == 201, answer.text
    return looked_at(client, answer.json()["number"])


def test_pictures_become_a_clip_whose_drawings_are_found(client, service, sequence, drawn) -> None:
    assert (sequence["name"], sequence["state"]) == ("cut_012", "ready"), sequence
    assert sequence["frames"] == FRAMES
    (clip,) = service.library.clips("local")
    assert [path.read_bytes() for path in pictures_of(clip.source)] == list(drawn.values())
    sheet = client.get(f"/clips/{clip.number}/sheet.json").json()
    assert [drawing["start"] for drawing in sheet["drawings"]] == [0, 2, 4, 6]
    assert sheet["fps"] == "24"
    assert client.get(f"/clips/{clip.number}/thumbs/7.jpg").status_code == 200
    number = client.post(f"/api/clips/{clip.number}/jobs", json={}).json()["number"]
    settings = SlowSettings.from_json(service.store.job(number).settings)
    assert (settings.source, settings.input_rate) == (clip.source, 24)
    assert settings.output.name == "cut_012.slow4x.mp4"


def test_another_rate_changes_the_times_and_keeps_the_corrections(
    client, service, sequence
) -> None:
    path = f"/api/clips/{sequence['number']}"
    client.post(f"{path}/corrections", json={"kind": "merge", "frame": 4})
    order = {"model": "blend", "factor": "1"}
    before = client.post(f"{path}/jobs", json=order).json()["number"]
    assert 'id="input-rate"' in client.get(f"/clips/{sequence['number']}").text
    assert client.post(f"{path}/rate", json={"rate": "12000/1001"}).status_code == 201
    assert looked_at(client, sequence["number"])["state"] == "ready"
    sheet = client.get(f"/clips/{sequence['number']}/sheet.json").json()
    assert [drawing["start"] for drawing in sheet["drawings"]] == [0, 2, 6]
    assert sheet["fps"] == "12000/1001"
    after = client.post(f"{path}/jobs", json=order).json()["number"]
    while (job := service.store.take()) is not None:
        service.store.finish(job.number, State.DONE)
    rates = [client.get(f"/api/jobs/{number}/frames").json()["rate"] for number in (before, after)]
    assert rates == pytest.approx([24, 12000 / 1001])


def test_corrections_stay_where_the_detector_would_now_find_other_drawings(
    client, service, sequence
) -> None:
    """As after an update: the corrections are of the drawings that were found at first."""
    (clip,) = service.library.clips("local")
    found = read_found(clip.found)
    write_found(clip.found, replace(found, sheet=corrected(found.sheet, moved(found.sheet, 6, 7))))
    path = f"/api/clips/{clip.number}"
    client.post(f"{path}/corrections", json={"kind": "merge", "frame": 7})
    client.post(f"{path}/corrections", json={"kind": "cut", "frame": 4})
    wish = {"kind": "take", "frame": 0, "next": 2, "seed": 3}
    assert client.post(f"{path}/corrections", json=wish).status_code == 200
    for rate in ("30", "24"):
        client.post(f"{path}/rate", json={"rate": rate})
        assert looked_at(client, clip.number)["state"] == "ready"
        sheet = client.get(f"/clips/{clip.number}/sheet.json").json()
        assert [drawing["start"] for drawing in sheet["drawings"]] == [0, 2, 4]
        assert (sheet["fps"], sheet["cuts"]) == (rate, [4])
        assert sheet["takes"] == [{"start": 0, "next": 2, "seed": 3}]


def test_a_rate_at_which_the_pictures_cannot_be_shown_leaves_all_as_it_was(
    client, service, drawn
) -> None:
    """Between the numbers 4 and 40, more than ten seconds would pass."""
    names = [f"a{number}.png" for number in (1, 2, 3, 4, 40, 41, 42, 43)]
    body = sent(dict(zip(names, drawn.values(), strict=True)))
    number = client.put("/api/sequences", content=body).json()["number"]
    told = looked_at(client, number)
    assert (told["state"], told["reason"]) == ("ready", None), told
    path = f"/api/clips/{number}"
    assert client.post(f"{path}/corrections", json={"kind": "split", "frame": 10}).is_success
    sheet = client.get(f"/clips/{number}/sheet.json").json()
    assert client.post(f"{path}/rate", json={"rate": "1"}).status_code == 201
    told = looked_at(client, number)
    assert told["state"] == "ready"
    assert told["reason"].startswith("its pictures are not shown at 1 a second: ")
    assert "jump from 4 to 40" in told["reason"]
    assert "jump from 4 to 40" in client.get(f"/clips/{number}").text
    (clip,) = service.library.clips("local")
    assert clip.input_rate == 24
    assert "lacks 35 numbers" in "".join(clip.notes)
    assert client.get(f"/clips/{number}/sheet.json").json() == sheet
    assert client.post(f"{path}/rate", json={"rate": "12"}).status_code == 201
    assert looked_at(client, number)["reason"] is None
    (clip,) = service.library.clips("local")
    assert (clip.input_rate, clip.frames) == (12, 43)
    assert "lacks 35 numbers" in "".join(clip.notes)


def test_a_sequence_that_cannot_be_looked_at_anew_is_as_it_was_and_the_next_clip_comes_in(
    client, service, sequence, monkeypatch, drawn
) -> None:
    async def full(clip: Clip) -> None:
        raise OSError(28, "No space left on device")

    path = f"/api/clips/{sequence['number']}"
    monkeypatch.setattr(service.looker, "_start", full)
    client.post(f"{path}/rate", json={"rate": "12"})
    told = looked_at(client, sequence["number"])
    assert told["state"] == "ready"
    assert told["reason"].endswith("(No space left on device); free some space, and try again")
    (clip,) = service.library.clips("local")
    assert clip.input_rate == 24
    clip.found.write_text("{")  # and what was found is damaged
    client.post(f"{path}/rate", json={"rate": "12"})
    assert looked_at(client, sequence["number"])["state"] == "failed"
    monkeypatch.undo()
    number = client.put("/api/sequences", content=sent(drawn)).json()["number"]
    assert looked_at(client, number)["state"] == "ready"


def test_an_order_from_a_tab_that_shows_another_rate_is_refused_in_a_line(
    client, service, sequence
) -> None:
    path = f"/api/clips/{sequence['number']}"
    order = {"model": "blend", "ramp": "0:1, 0.2:0.25", "input_rate": "24"}
    assert client.post(f"{path}/jobs", json=order).status_code == 201
    client.post(f"{path}/rate", json={"rate": "12"})
    looked_at(client, sequence["number"])
    answer = client.post(f"{path}/jobs", json=order)
    assert answer.status_code == 422
    assert "no longer shown at 24 pictures a second" in answer.json()["error"]
    assert "load the page again" in answer.json()["error"]
    assert len(service.store.jobs()) == 1
    order["input_rate"] = "12"
    assert client.post(f"{path}/jobs", json=order).status_code == 201


@pytest.mark.parametrize(
    ("wish", "match"),
    [({"rate": "fast"}, "'fast' is not a number"), ({"rate": "0"}, "is not above 0"),
     ({}, "is missing"), ({"rate": 24}, "must be a text")],
)  # fmt: skip
def test_what_is_no_rate_is_refused(client, sequence, wish, match) -> None:
    answer = client.post(f"/api/clips/{sequence['number']}/rate", json=wish)
    assert answer.status_code == 422
    assert match in answer.json()["error"]
    assert looked_at(client, sequence["number"])["state"] == "ready"


def test_a_file_has_its_own_rate(client, clip) -> None:
    assert 'id="input-rate"' not in client.get(f"/clips/{clip['number']}").text
    answer = client.post(f"/api/clips/{clip['number']}/rate", json={"rate": "12"})
    assert answer.status_code == 422
    assert "has its own frame rate" in answer.json()["error"]


@given(st.text() | st.sampled_from(HOSTILE_NAMES), st.sampled_from([".png", ".EXR", ".jpeg"]))
def test_whatever_the_names_pictures_are_called_by_their_numbers(name, ending) -> None:
    given_names = [f"{name.rstrip('0123456789')}x{number}{ending}" for number in (9, 10)]
    made = picture_names(given_names)
    assert made.files == [f"000009{ending.lower()}", f"000010{ending.lower()}"]
    assert made.folder == file_name(made.folder)


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["1.png"], "has two pictures or more"),
        (["a1.png", "b2.png"], "are of several sequences"),
        (["a1.png", "a2.jpg"], "are of several sequences"),
        (["a1.png", "a01.png"], "have one number"),
        (["a1.png", f"a{'0' * 5000}1.png"], "have one number"),
        (["a1.png", "a.png"], "a.png has no number"),
        (["a1.png", "a2.txt"], "does not end as pictures do"),
        (["a1.png", f"a{10**9}.png"], "has no number in its name"),
        (["a1.png", "a\u0662.png"], "has no number in its name"),
    ],
)
def test_what_is_no_sequence_fails(names, match) -> None:
    with pytest.raises(UserError, match=match):
        picture_names(names)


PAIR = {"a1.png": b"one", "a2.png": b"two"}


@pytest.mark.parametrize(
    ("body", "status", "match"),
    [
        (sent(PAIR)[:-1], 422, "did not come whole"),
        (sent(PAIR) + b"x", 422, "more than was announced"),
        (b"", 422, "did not come whole"),
        (b"[]\n", 422, "two pictures or more"),
        (b"{\n", 422, "begins with a list"),
        (b'[["a1.png", -1], ["a2.png", 4]]\nfour', 422, "begins with a list"),
        (b'[["a1.png", true], ["a2.png", 4]]\nxfour', 422, "begins with a list"),
        (b'[["a1.png"], 7]\n', 422, "begins with a list"),
        (b"[" * 100_000 + b"\n", 422, "begins with a list"),
        (b" " * (2**21), 413, "too many pictures"),
        (b'[["a1.png", 9], ["a2.png", 99999999999999]]\n', 413, "larger than"),
        (sent({"../../a1.txt": b"x", "../../a2.txt": b"y"}), 422, "does not end as pictures do"),
    ],
)
def test_pictures_that_are_not_as_announced_leave_nothing(
    client, service, body, status, match
) -> None:
    answer = client.put("/api/sequences", content=body)
    assert answer.status_code == status
    assert match in answer.json()["error"]
    assert service.library.clips("local") == []
    assert list(service.settings.folder.glob("clips/*/*")) == []


def test_pictures_lie_in_their_own_folder_whatever_they_are_called(client, service) -> None:
    names = ["../../../etc/cron.d/a1.png", "..\\..\\a2.png"]
    before = set(service.settings.folder.parent.rglob("*"))
    answer = client.put("/api/sequences", content=sent(dict.fromkeys(names, b"x")))
    assert answer.status_code == 201, answer.text
    home = service.settings.folder / "clips" / "local" / answer.json()["number"]
    made = set(service.settings.folder.parent.rglob("*.png")) - before
    assert made == {home / "source" / "a" / f"00000{number}.png" for number in (1, 2)}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_folder_is_called_as_its_owner_calls_it_and_lies_nowhere_else(
    client, service, name
) -> None:
    before = set(service.settings.folder.parent.rglob("*"))
    answer = client.put("/api/sequences", params={"name": name}, content=sent(PAIR))
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == file_name(name or "a")
    home = service.settings.folder / "clips" / "local" / answer.json()["number"]
    made = set(service.settings.folder.parent.rglob("00000?.png")) - before
    assert {path.parent for path in made} == {home / "source" / answer.json()["name"]}


def test_pictures_that_are_too_large_together_are_refused(settings) -> None:
    service = Service(replace(settings, most_bytes=5), IDLE)
    with TestClient(app_of(service), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        answer = client.put("/api/sequences", content=sent(PAIR))
        assert answer.status_code == 413
        assert service.library.clips("local") == []


def test_what_is_no_picture_says_why(client, service) -> None:
    hostile = {"a1.png": b"#EXTM3U\nfile:///etc/passwd\n", "a2.png": b"x"}
    number = client.put("/api/sequences", content=sent(hostile)).json()["number"]
    found = looked_at(client, number)
    assert found["state"] == "failed"
    assert str(Path(service.settings.folder)) not in found["reason"]
