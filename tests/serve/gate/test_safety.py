"""Nobody comes in who should not, from wherever, by whatever name, with whatever file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from nakawari.errors import UserError
from nakawari.serve.app import app_of
from nakawari.serve.clips.safe_names import MAX_BYTES, file_name
from nakawari.serve.gate.passes import DAYS, Passes
from nakawari.serve.service import Service
from nakawari.serve.settings import LookLimits, ServeSettings, is_loopback
from tests.builders.uploads import HOSTILE_NAMES
from tests.conftest import painting
from tests.serve.conftest import ADDRESS, IDLE, looked_at, upload


@given(st.text() | st.sampled_from(HOSTILE_NAMES))
def test_whatever_the_name_a_file_of_it_lies_in_its_folder(name) -> None:
    made = file_name(name)
    assert Path("/folder", made).parent == Path("/folder")
    assert os.path.normpath(f"/folder/{made}") == f"/folder/{made}"
    assert not made.startswith((".", "-", " "))
    assert not set(made) & set("/\\\0\n\r%*?:|;&$`'\"<>{}")
    assert 0 < len(os.fsencode(made)) <= MAX_BYTES + 9
    assert file_name(made) == made


@pytest.mark.parametrize(
    ("name", "made"),
    [("剣の舞 [1080p].MKV", "剣の舞 [1080p].mkv"), ("a.b.mp4", "a.b.mp4"), ("clip", "clip")],
)
def test_a_decent_name_stays(name, made) -> None:
    assert file_name(name) == made


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_an_upload_by_a_hostile_name_leaves_its_folder_nowhere(service, client, name) -> None:
    before = set(service.settings.folder.parent.rglob("*"))
    told = upload(client, b"x", name)
    made = set(service.settings.folder.parent.rglob("*")) - before
    home = service.settings.folder / "clips" / "local"
    assert all(path == home or home in path.parents or path in home.parents for path in made)
    assert (home / told["number"] / "source" / told["name"]).read_bytes() == b"x"
    assert "<script>" not in client.get("/").text


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:81",
     "127.0.0.1:8080.evil.example", "127.0.0.1:8080@evil.example", "user@127.0.0.1:8080",
     "192.168.0.7:8080", "localhost.evil:8080", "[::1", "", "127.0.0.1:8080, evil", "127.0.0.1:x"],
)  # fmt: skip
def test_another_host_is_refused(client, host) -> None:
    assert client.get("/api/clips", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_this_machine_has_three_names_for_itself(client, host) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert client.get("/api/clips", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8080", "http://127.0.0.1:81"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_a_request_from_another_page_is_refused(client, service, origin, method) -> None:
    answer = client.request(method, "/api/clips", headers={"Origin": origin}, params={"name": "a"})
    assert answer.status_code == 403
    assert service.library.clips("local") == []


def test_a_change_without_an_origin_is_refused(service) -> None:
    with TestClient(app_of(service), base_url=ADDRESS) as client:
        assert client.get("/api/clips").status_code == 200
        assert client.put("/api/clips", params={"name": "a"}, content=b"x").status_code == 403


def test_another_page_shows_nothing_of_this_one(client) -> None:
    within = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert client.get("/api/clips", headers=within).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = client.get("/", headers=link)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/api/clips", "/nowhere", "/static/home.js"])
def test_every_answer_forbids_what_the_page_does_not_need(client, path) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    ["/clips/..%2f..%2fkey", "/clips/../../.nakawari-serve-key", "/static/../app.py",
     "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/clips/%00/video", "/api/clips/..",
     "/jobs/-1/download", "/jobs/99999999999999999999/download", "/clips//video"],
)  # fmt: skip
def test_an_address_leads_to_no_other_file(client, path) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code in (307, 404, 405)


@pytest.mark.parametrize("is_declared", [True, False])
def test_an_upload_that_is_too_large_is_refused_and_gone(settings, is_declared) -> None:
    service = Service(replace(settings, most_bytes=1000), IDLE)
    with TestClient(app_of(service), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        content = b"x" * 1001 if is_declared else iter([b"x" * 600, b"x" * 600])
        answer = client.put("/api/clips", params={"name": "a.mp4"}, content=content)
        assert answer.status_code == 413
        assert "larger than 1 kB" in answer.json()["error"]
        assert service.library.clips("local") == []
    assert list(settings.folder.rglob("*.partial*")) == []


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
HOSTILE_FILES = {
    "list.m3u8": PLAYLIST.encode(),
    "list.mp4": PLAYLIST.encode(),
    "concat.txt": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "sdp.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "cut.mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\xff\xff\xff\xffmoov",
    "ebml.mkv": b"\x1aE\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff" + b"\xff" * 64,
}


def test_a_hostile_file_is_refused_and_the_next_clip_is_looked_at(client, make_clip) -> None:
    numbers = [upload(client, content, name)["number"] for name, content in HOSTILE_FILES.items()]
    good = upload(client, make_clip(frames=6))["number"]
    assert looked_at(client, good)["state"] == "ready"
    told = {clip["number"]: clip for clip in client.get("/api/clips").json()}
    for number in numbers:
        assert told[number]["state"] == "failed"
        assert "root:" not in told[number]["reason"]
        assert str(told[number]["name"]) in told[number]["reason"]


@pytest.mark.parametrize(
    ("limits", "word"),
    [(LookLimits(memory=600_000_000), "large.mp4"), (LookLimits(seconds=1), "too long")],
    ids=["memory", "time"],
)
def test_a_file_that_takes_too_much_ends_its_reader_alone(
    settings, make_clip, limits, word
) -> None:
    service = Service(replace(settings, limits=limits), IDLE)
    paintings = [painting(number, 2048, 1152) for number in range(24)]
    large = make_clip(paintings=paintings * 4)  # of which a fast machine reads 24 in a second
    with TestClient(app_of(service), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        found = looked_at(client, upload(client, large, "large.mp4")["number"])
        assert found["state"] == "failed"
        assert word in found["reason"]
        assert client.get("/").status_code == 200


ANNA, BEN = "anna", "ben"
OUTSIDE = "http://192.168.0.7:8080"


@pytest.fixture
def shared(settings) -> ServeSettings:
    return replace(settings, host="0.0.0.0", users=(ANNA, BEN))


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def shared_service(shared, told) -> Service:
    return Service(shared, IDLE, told.append)


@pytest.fixture
def visitors(shared_service) -> Iterator[dict[str, TestClient]]:
    """Anna and Ben, who are let in, and a stranger."""
    app = app_of(shared_service)
    with TestClient(app, base_url=OUTSIDE, headers={"Origin": OUTSIDE}) as anna:
        clients = {"stranger": TestClient(app, base_url=OUTSIDE, headers={"Origin": OUTSIDE})}
        clients |= {ANNA: anna, BEN: TestClient(app, base_url=OUTSIDE, headers=anna.headers)}
        for user in (ANNA, BEN):
            token = shared_service.link(user).partition("token=")[2]
            assert clients[user].post("/enter", json={"token": token}).status_code == 200
        yield clients


def test_from_outside_nobody_comes_in_without_a_link(visitors) -> None:
    stranger = visitors["stranger"]
    for path in ("/", "/api/clips", "/api/jobs", "/clips/0123456789abcdef"):
        assert stranger.get(path).status_code == 401
    assert stranger.put("/api/clips", params={"name": "a"}, content=b"x").status_code == 401
    assert stranger.get("/enter").status_code == 200
    assert visitors[ANNA].get("/").status_code == 200


def test_a_link_lets_in_once_and_the_next_one_is_told(shared_service, visitors, told) -> None:
    stranger, link = visitors["stranger"], shared_service.link(ANNA)
    token = link.partition("token=")[2]
    for _ in range(2):  # looking at the link, as programs for mail do, does not use it up
        assert "Come in" in stranger.get(f"/enter?token={token}").text
    told.clear()
    assert stranger.post("/enter", json={"token": token}).status_code == 200
    assert "anna came in" in told[0]
    assert stranger.get("/api/clips").status_code == 200
    again = visitors[BEN].post("/enter", json={"token": token})
    assert again.status_code == 403
    assert "was used before" in again.json()["error"]
    assert "was used before" in stranger.get(f"/enter?token={token}").text
    cookie = next(iter(stranger.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_the_clips_and_jobs_of_one_are_not_anothers(visitors, make_clip) -> None:
    anna, ben = visitors[ANNA], visitors[BEN]
    number = upload(anna, make_clip(frames=8))["number"]
    assert looked_at(anna, number)["state"] == "ready"
    job = anna.post(f"/api/clips/{number}/jobs", json={"model": "blend"}).json()["number"]
    preview = anna.post(f"/api/clips/{number}/preview", json={"frame": 0, "model": "blend"}).json()
    assert ben.get("/api/clips").json() == []
    assert ben.get("/api/jobs").json() == []
    paths = [f"/clips/{number}", f"/clips/{number}/video", f"/clips/{number}/thumbs/0.jpg",
             f"/clips/{number}/sheet.json", f"/api/jobs/{job}/frames", f"/jobs/{job}/download",
             f"/jobs/{job}/video", f"/jobs/{job}/frame.jpg",
             f"/api/previews/{preview['number']}",
             f"/previews/{preview['number']}/video"]  # fmt: skip
    for path in paths:
        assert ben.get(path).status_code == 404
    for path in (f"/api/jobs/{job}/cancel", f"/api/clips/{number}/undo",
                 f"/api/clips/{number}/jobs", f"/api/clips/{number}/preview"):  # fmt: skip
        assert ben.post(path, json={}).status_code == 404
    assert ben.delete(f"/api/clips/{number}").status_code == 404
    assert anna.get("/api/jobs").json()[0]["state"] == "waiting"


def test_a_cookie_lasts_over_a_restart_and_not_for_ever(tmp_path) -> None:
    now = [1000.0]
    cookie = Passes(tmp_path, lambda: now[0]).cookie(ANNA)
    assert Passes(tmp_path, lambda: now[0]).user(cookie) == ANNA
    now[0] += DAYS * 86400 + 1
    assert Passes(tmp_path, lambda: now[0]).user(cookie) is None
    assert oct((tmp_path / ".nakawari-serve-key").stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize("made", ["", "anna", "anna.9999999999.", "..", "anna.9999999999.é", None])
def test_a_cookie_that_was_not_made_here_is_none(tmp_path, made) -> None:
    assert Passes(tmp_path).user(made) is None


def test_a_changed_cookie_is_none(tmp_path) -> None:
    passes = Passes(tmp_path)
    user, until, signature = passes.cookie(ANNA).split(".")
    assert passes.user(f"{BEN}.{until}.{signature}") is None
    assert passes.user(f"{user}.{int(until) + 1}.{signature}") is None
    (tmp_path / ".nakawari-serve-key").unlink()
    assert Passes(tmp_path).user(f"{user}.{until}.{signature}") is None


def test_a_user_who_is_not_named_any_more_is_out(shared, shared_service) -> None:
    cookie = shared_service.passes.cookie(ANNA)
    alone = Service(replace(shared, users=(BEN,)), IDLE)
    with TestClient(app_of(alone), base_url=OUTSIDE, cookies={"nakawari-8080": cookie}) as client:
        assert client.get("/api/clips").status_code == 401


@pytest.mark.parametrize(
    "other", ['theme={"dark":1}', "a b=c", "=", "nakawari-8081=of.another.page"]
)
def test_the_cookies_of_the_machines_other_servers_keep_nobody_out(shared_service, other) -> None:
    own = f"nakawari-8080={shared_service.passes.cookie(ANNA)}"
    with TestClient(app_of(shared_service), base_url=OUTSIDE) as client:
        for cookies in (f"{other}; {own}", f"{own}; {other}"):
            assert client.get("/api/clips", headers={"Cookie": cookies}).status_code == 200
        assert client.get("/api/clips", headers={"Cookie": other}).status_code == 401


@pytest.mark.parametrize("name", ["", "Anna", "..", "a/b", "-a", "a" * 33])
def test_a_name_that_no_folder_should_have_fails(tmp_path, name) -> None:
    with pytest.raises(UserError, match="is no name that can be used"):
        ServeSettings(folder=tmp_path, users=(name,))


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.0.7", False), ("nas.local", False)],
)  # fmt: skip
def test_only_this_machines_own_addresses_need_no_link(host, is_own) -> None:
    assert is_loopback(host) == is_own
