"""A page without a network: requests go straight to it, as a browser on this machine sends them."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from nakawari.serve.app import app_of
from nakawari.serve.server import config_of
from nakawari.serve.service import Service
from nakawari.serve.settings import ServeSettings
from tests.browser import open_browser
from tests.conftest import painting, write_clip
from tests.serve.served import free_port

ADDRESS = "http://127.0.0.1:8080"
IDLE = (
    *(sys.executable, "-c"),
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); sys.stdin.read()",
)
"""A worker that draws nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def settings(tmp_path) -> ServeSettings:
    folder = tmp_path / "page"
    folder.mkdir()
    return ServeSettings(folder=folder)


@pytest.fixture
def service(settings) -> Service:
    return Service(settings, IDLE)


@pytest.fixture
def client(service) -> Iterator[TestClient]:
    with TestClient(app_of(service), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        yield client


def upload(client: TestClient, content: bytes | Path, name: str = "clip.mp4") -> dict:
    """Upload a file, and return what is told of the clip."""
    if isinstance(content, Path):
        content = content.read_bytes()
    answer = client.put("/api/clips", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    return answer.json()


def wait_for(what: Callable[[], object], seconds: float = 300) -> object:
    """Return the first true thing that a function returns; a busy machine takes its time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(0.1)
    raise TimeoutError("it did not come")


def looked_at(client: TestClient, number: str) -> dict:
    """Return what is told of a clip once somebody has looked at it."""

    def told() -> dict | None:
        clips = {clip["number"]: clip for clip in client.get("/api/clips").json()}
        return clips[number] if clips[number]["state"] in ("ready", "failed") else None

    found = wait_for(told)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="session")
def looked(tmp_path_factory) -> Path:
    """Return the folder of a clip of 24 frames on twos that was looked at, once for all tests."""
    folder = tmp_path_factory.mktemp("looked")
    source = write_clip(folder / "clip.mp4", [painting(number // 2) for number in range(24)])
    service = Service(ServeSettings(folder=folder), IDLE)
    with TestClient(app_of(service), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        found = looked_at(client, upload(client, source, "dance.mp4")["number"])
        assert found["state"] == "ready", found
    return service.library.clip("local", found["number"]).folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> dict[str, bytes]:
    """Eight pictures on twos, by their names."""
    cv2 = pytest.importorskip("cv2")
    pictures = {}
    for number in range(8):
        pixels = painting(number // 2)[..., [2, 1, 0]]
        pictures[f"cut_012_{number + 1:04d}.png"] = cv2.imencode(".png", pixels)[1].tobytes()
    return pictures


@pytest.fixture
def listening(settings, looked) -> Iterator[Service]:
    """Return a page with that clip, which browsers reach by its settings' address."""
    shutil.copytree(looked, settings.folder / "clips" / "local" / looked.name)
    service = Service(replace(settings, port=free_port()), IDLE)
    config = config_of(service)
    config.port = service.settings.port
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield service
    server.should_exit = True
    thread.join()


@pytest.fixture
def clip(client, service, looked) -> dict:
    """Return what is told of a clip of 24 frames on twos that is ready."""
    shutil.copytree(looked, service.settings.folder / "clips" / "local" / looked.name)
    (told,) = client.get("/api/clips").json()
    return told
