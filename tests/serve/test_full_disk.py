"""A disk that becomes full while a clip is looked at is told, leaves nothing, and is waited for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from nakawari.serve.clips.library import ClipState
from nakawari.video.files.sequence import pictures_of
from tests.builders.uploads import sent
from tests.serve.conftest import looked_at, upload, wait_for
from tests.serve.served import ROOT

FULL = """
import os
from pathlib import Path
flush = os.fsync
def fsync(descriptor):
    if Path({sign!r}).exists():
        raise OSError(28, "No space left on device")
    flush(descriptor)
os.fsync = fsync
"""


@pytest.fixture
def sign(tmp_path, monkeypatch) -> Path:
    """While this file exists, the process that looks at clips can write what it finds nowhere.

    The copy is written before that: it is not flushed to the disk.
    """
    sign, folder = tmp_path / "full", tmp_path / "patched"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FULL.format(sign=str(sign)))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))
    return sign


def test_a_clip_for_which_there_is_no_room_says_so_and_leaves_nothing_but_itself(
    client, service, sign, make_clip
) -> None:
    sign.touch()
    number = upload(client, make_clip(), "dance.mp4")["number"]
    told = looked_at(client, number)
    assert told["state"] == "failed"
    assert told["reason"] == (
        "dance.mp4 cannot be looked at (No space left on device); free some space, remove it, and "
        "drop it again"
    )
    (clip,) = service.library.clips("local")
    files = {path.name for path in clip.folder.rglob("*") if path.is_file()}
    assert files == {"clip.json", "dance.mp4"}


def test_a_sequence_without_room_for_another_rate_is_as_it_was_and_goes_on_with_room(
    client, service, sign, drawn
) -> None:
    number = client.put("/api/sequences", content=sent(drawn)).json()["number"]
    assert looked_at(client, number)["state"] == "ready"
    (clip,) = service.library.clips("local")
    before = clip.proxy.read_bytes(), clip.found.read_bytes()
    sign.touch()
    assert client.post(f"/api/clips/{number}/rate", json={"rate": "12"}).is_success
    told = looked_at(client, number)
    assert told["state"] == "ready"
    assert told["reason"].endswith("(No space left on device); free some space, and try again")
    (clip,) = service.library.clips("local")
    assert clip.input_rate == 24
    assert (clip.proxy.read_bytes(), clip.found.read_bytes()) == before
    assert not list(clip.folder.glob(".*"))
    sign.unlink()
    assert client.post(f"/api/clips/{number}/rate", json={"rate": "12"}).is_success
    told = looked_at(client, number)
    assert (told["state"], told["reason"]) == ("ready", None)
    assert client.get(f"/clips/{number}/sheet.json").json()["fps"] == "12"
    assert len(pictures_of(clip.source)) == len(drawn)
    assert client.get(f"/clips/{number}/thumbs/{len(drawn) - 1}.jpg").is_success


def test_a_clip_waits_for_room_even_to_say_that_it_failed(
    client, service, monkeypatch, make_clip
) -> None:
    save, is_full = service.library.save, [True]

    def saving(clip, **changes):
        if is_full and clip.state is ClipState.LOOKING:
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(clip, **changes)

    monkeypatch.setattr("nakawari.serve.clips.looking.PAUSE", 0.1)
    monkeypatch.setattr(service.library, "save", saving)
    number = upload(client, make_clip(), "dance.mp4")["number"]

    def waits() -> bool:
        (told,) = client.get("/api/clips").json()
        return (told["state"], told["stage"]) == ("looking", "waiting for room on the disk")

    assert wait_for(waits)
    is_full.clear()
    told = looked_at(client, number)
    assert (told["state"], told["reason"]) == ("ready", None)
