"""The process that draws: it does what is queued, dies with the page, and is started again."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient

from nakawari.cli.serve import WORKER
from nakawari.cli.serve_drawing import Easel
from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import FILE_NAME, JobStore, NewJob, State
from nakawari.queue.worker import Worker, cancel
from nakawari.serve.app import app_of
from nakawari.serve.clips.playing import playable
from nakawari.serve.processes.appetite import TOO_MUCH
from nakawari.serve.processes.supervising import FRAMES, Supervisor, newest_frame
from nakawari.serve.processes.tether import ORPHANED
from nakawari.serve.service import Service
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.kept import segments
from nakawari.slowmo.kept.segments import kept_folder, kept_frames
from tests.conftest import painting
from tests.serve.conftest import ADDRESS, IDLE, wait_for
from tests.serve.served import PATIENCE


@pytest.fixture
def store(tmp_path):
    with JobStore(tmp_path / FILE_NAME) as store:
        yield store


def queued(store: JobStore, source: Path, output: str, **how) -> int:
    settings = SlowSettings(source=source, output=source.with_name(output), model="blend", **how)
    (number,) = store.add([NewJob(settings.to_json(), "")])
    return number


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_a_worker_that_is_stopped_while_it_loads_torch_ends_in_silence(tmp_path) -> None:
    process = subprocess.Popen(
        [*WORKER, str(tmp_path), str(2**32)], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    maps = Path(f"/proc/{process.pid}/maps")
    wait_for(lambda: "libtorch" in maps.read_text(), PATIENCE)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert said == b""
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    ("output", "codec"),
    [("slow.mov", "prores"), ("slow.mov", "prores4444"), ("slow", "png"), ("slow.mkv", "ffv1")],
)
def test_a_job_is_drawn_its_newest_frame_shown_and_a_copy_made_that_plays(
    store, make_clip, tmp_path, output, codec
) -> None:
    clip = make_clip(frames=8, pixel_format="yuv444p10le", codec="ffv1", name="clip.mkv")
    number = queued(store, clip, output, codec=codec)
    (tmp_path / FRAMES).mkdir()
    with Worker(store, Easel(tmp_path).perform) as worker:
        outcome = worker.run_next()
    assert outcome.job.state is State.DONE, outcome.job.reason
    picture = Image.open(io.BytesIO(newest_frame(tmp_path, number).read_bytes())).convert("RGB")
    assert picture.size == (64, 48)
    shown = np.asarray(picture).astype(int)
    # A slow machine shows a later one as well: each drawing is two frames long.
    paintings = [painting(position)[..., :3].astype(int) for position in range(4)]
    assert min(np.abs(shown - wanted).mean() for wanted in paintings) < 8
    with av.open(str(playable(SlowSettings.from_json(outcome.job.settings)))) as copy:
        assert copy.streams.video[0].codec_context.name == "h264"
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in copy.decode(video=0)]
    assert len(frames) == 32
    assert np.abs(frames[8] - painting(1)[..., :3].astype(int)).mean() < 8


def test_a_job_goes_on_on_the_cpu_when_the_card_fails_and_the_next_tries_the_card_again(
    store, make_clip, tmp_path, monkeypatch, capsys
) -> None:
    loaded = []

    def gone(*_: object) -> None:
        raise torch.AcceleratorError("CUDA error: device unavailable")

    def load(settings: SlowSettings, device: str):
        loaded.append(device)
        return blend if device == "cpu" else gone

    monkeypatch.setattr("nakawari.cli.slowing.chosen_model.choose_device", lambda name: "meta")
    monkeypatch.setattr("nakawari.cli.slowing.chosen_model.load_interpolator", load)
    clip = make_clip(frames=8)
    queued(store, clip, "a.mp4")
    queued(store, clip, "b.mp4")
    (tmp_path / FRAMES).mkdir()
    with Worker(store, Easel(tmp_path).perform) as worker:
        outcomes = [worker.run_next(), worker.run_next()]
    assert [outcome.job.state for outcome in outcomes] == [State.DONE] * 2
    assert loaded == ["meta", "cpu"] * 2
    line = (
        "nakawari: note: clip.mp4: the graphics card fails (CUDA error: device unavailable); from "
        "here on the CPU draws, which takes longer\n"
    )
    assert capsys.readouterr().err.count(line) == 2


@pytest.mark.parametrize(("output", "codec"), [("slow.mov", "prores"), ("slow", "png")])
def test_a_worker_that_was_killed_before_the_copy_was_made_makes_it_again(
    store, make_clip, tmp_path, output, codec
) -> None:
    queued(store, make_clip(frames=4), output, codec=codec)
    (tmp_path / FRAMES).mkdir()
    easel = Easel(tmp_path)
    job = store.take()
    settings = SlowSettings.from_json(job.settings)
    easel.perform(job, settings, lambda *_: None, lambda *_: None)
    copy = playable(settings)
    before = copy.read_bytes()
    copy.unlink()
    with Worker(store, easel.perform, complete=easel.complete) as worker:
        outcome = worker.run_next()
    assert (outcome.job.state, outcome.result) == (State.DONE, None)
    assert copy.read_bytes() == before


def test_nothing_is_left_of_a_job_that_is_cancelled_after_its_last_frame(
    store, make_clip, tmp_path
) -> None:
    number = queued(store, make_clip(frames=4), "slow.mov", codec="prores")
    (tmp_path / FRAMES).mkdir()
    easel = Easel(tmp_path)
    settings = SlowSettings.from_json(store.job(number).settings)

    def perform(job, settings, on_read, on_frame):
        result = easel.perform(job, settings, on_read, on_frame)
        assert playable(settings).exists()
        cancel(store, number)
        return result

    with Worker(store, perform) as worker:
        job = worker.run_next().job
    easel.clear_up(job)
    assert job.state is State.CANCELLED
    assert not settings.output.exists()
    assert not playable(settings).exists()


def test_nothing_is_kept_of_a_job_that_failed(store, make_clip, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 0.0)
    queued(store, make_clip(frames=8), "slow.mp4")
    (tmp_path / FRAMES).mkdir()
    easel = Easel(tmp_path)

    def perform(job, settings, on_read, on_frame):
        def fail(done: int, expected: int | None) -> None:
            if done == 12:
                raise OSError("the disk is full")

        return easel.perform(job, settings, on_read, fail)

    with Worker(store, perform) as worker:
        job = worker.run_next().job
    assert job.state is State.FAILED
    output = SlowSettings.from_json(job.settings).output
    assert kept_frames(output) > 0
    easel.clear_up(job)
    assert kept_frames(output) == 0


def test_the_worker_ends_with_the_process_that_started_it() -> None:
    program = (
        "import time; from nakawari.serve.processes.tether import end_with_parent; "
        "end_with_parent(); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    assert process.poll() is None
    process.stdin.close()
    assert process.wait(60) == ORPHANED


def test_a_worker_that_dies_is_started_again_and_its_job_has_failed(store, tmp_path) -> None:
    program = (
        "import os, sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "from nakawari.queue.store import JobStore\n"
        "with (folder / 'starts').open('a') as file: file.write('x')\n"
        f"store = JobStore(folder / {FILE_NAME!r})\n"
        "if store.take() is not None: os.abort()\n"
        "sys.stdin.read()"
    )
    number = queued(store, tmp_path / "clip.mp4", "slow.mp4")
    kept = kept_folder(tmp_path / "slow.mp4")
    kept.mkdir()
    supervisor = Supervisor(store, [sys.executable, "-c", program], 2**30)

    async def supervise() -> None:
        task = asyncio.create_task(supervisor.run())
        starts = tmp_path / "starts"
        await asyncio.to_thread(wait_for, lambda: starts.exists() and len(starts.read_text()) == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(supervise())
    job = store.job(number)
    assert job.state is State.FAILED
    assert "was killed (SIGABRT)" in job.reason
    assert not kept.exists()


def test_a_worker_is_started_again_after_its_death_could_not_be_noted(
    store, tmp_path, monkeypatch
) -> None:
    program = (
        "import os, sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "with (folder / 'starts').open('a') as file: file.write('x')\n"
        "if (folder / 'starts').read_text() == 'x': os.abort()\n"
        "sys.stdin.read()"
    )

    def full() -> list:
        raise UserError("cannot use the queue (database or disk is full)")

    monkeypatch.setattr(store, "jobs", full)
    supervisor = Supervisor(store, [sys.executable, "-c", program], 2**30)

    async def supervise() -> None:
        task = asyncio.create_task(supervisor.run())
        starts = tmp_path / "starts"
        await asyncio.to_thread(wait_for, lambda: starts.exists() and starts.read_text() == "xx")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(supervise())


@pytest.mark.parametrize("was_killed", [False, True])
def test_a_preview_that_was_begun_is_drawn_when_the_page_is_started_again(
    settings, was_killed
) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from nakawari.queue.store import JobStore, State\n"
        f"store = JobStore(Path(sys.argv[1]) / {FILE_NAME!r})\n"
        "store.requeue()\n"
        "while (job := store.take()) is None: time.sleep(0.1)\n"
        "store.finish(job.number, State.DONE)\n"
        "sys.stdin.read()"
    )
    before = Service(settings, IDLE)
    source = before.previews_folder / "local" / "1" / "clip.mp4"
    number = queued(before.previews, source, "slow.mp4")
    if was_killed:
        before.previews.take()
    before.store.close()
    before.previews.close()
    service = Service(settings, [sys.executable, "-c", program])
    with TestClient(app_of(service), base_url=ADDRESS) as client:
        wait_for(
            lambda: client.get(f"/api/previews/{number}").json()["state"] == "done", seconds=60
        )


def test_a_job_that_takes_too_much_memory_fails_in_a_line_and_the_page_lives(settings) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from nakawari.queue.store import JobStore\n"
        "from nakawari.serve.processes.appetite import end_beyond\n"
        "end_beyond(int(sys.argv[2]))\n"
        f"store = JobStore(Path(sys.argv[1]) / {FILE_NAME!r})\n"
        "hoard = []\n"
        "while store.take() is not None:\n"
        "    while True: hoard.append(bytes(range(256)) * 4096)\n"
        "sys.stdin.read()"
    )
    service = Service(
        replace(settings, drawing_memory=300 * 2**20), [sys.executable, "-c", program]
    )
    number = queued(service.store, settings.folder / "clip.mp4", "slow.mp4")
    with TestClient(app_of(service), base_url=ADDRESS) as client:
        wait_for(lambda: service.store.job(number).state is State.FAILED)
        assert client.get("/").status_code == 200
        reason = service.store.job(number).reason
    assert reason.startswith("drawing it takes more than 315 MB of memory, and this machine has no")
    assert "\n" not in reason


def test_the_worker_ends_where_it_may_have_too_little_memory(tmp_path) -> None:
    words = [*WORKER, os.fspath(tmp_path), str(2**20)]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.wait(PATIENCE) == TOO_MUCH
