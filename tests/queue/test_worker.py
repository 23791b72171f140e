"""The worker does one job after another, alone, and leaves each in the state that is true."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nakawari.errors import UserError
from nakawari.queue import worker as worker_module
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import Job, JobStore, NewJob, State
from nakawari.queue.worker import OnFrame, Worker, cancel
from nakawari.slowmo.baselines import blend
from nakawari.slowmo.job import SlowResult, run_job
from nakawari.slowmo.kept import segments
from nakawari.slowmo.kept.segments import kept_frames
from nakawari.whole import PREFIX


@pytest.fixture
def store(tmp_path):
    (tmp_path / "out").mkdir()
    with JobStore(tmp_path / "out" / "queue") as opened:
        yield opened


@pytest.fixture(autouse=True)
def without_delay(monkeypatch) -> None:
    """Finish a segment, and report, with every frame."""
    monkeypatch.setattr(segments, "SEGMENT_SECONDS", 0.0)
    monkeypatch.setattr(worker_module, "REPORT_SECONDS", 0.0)


def perform(job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame) -> SlowResult:
    return run_job(settings.job(), lambda: blend, "cpu", on_read=on_read, on_frame=on_frame)


def stopping(error: BaseException | Callable[[], None], after: int):
    """Return what does a job as ``perform``, and does something else behind so many frames."""

    def stop(job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame) -> SlowResult:
        def count(done: int, expected: int | None) -> None:
            if done == after:
                if isinstance(error, BaseException):
                    raise error
                error()
            on_frame(done, expected)

        return perform(job, settings, on_read, count)

    return stop


def add(store: JobStore, source: Path, *, output: str | None = None, **how: object) -> SlowSettings:
    path = store.path.with_name(output or f"{source.stem}.mp4")
    settings = SlowSettings(source=source, output=path, **how)
    store.add([NewJob(settings.to_json(), "")])
    return settings


def left(store: JobStore) -> list[str]:
    """Return what a worker left beside the outputs, the queue's own files apart."""
    return [path.name for path in store.path.parent.iterdir() if path.name.startswith(PREFIX)]


def test_jobs_are_done_in_order_and_one_that_fails_stops_no_other(
    store, make_clip, tmp_path
) -> None:
    one = add(store, make_clip("a.mp4"))
    add(store, tmp_path / "nowhere.mp4")
    three = add(store, make_clip("c.mp4"))
    with Worker(store, perform) as worker:
        outcomes = [worker.run_next() for _ in range(3)]
        assert worker.run_next() is None
    assert [outcome.job.number for outcome in outcomes] == [1, 2, 3]
    states = [outcome.job.state for outcome in outcomes]
    assert states == [State.DONE, State.FAILED, State.DONE]
    assert "nowhere.mp4 does not exist; check the name" in outcomes[1].job.reason
    assert outcomes[0].result.tally.drawn == 35
    assert one.output.exists()
    assert three.output.exists()
    assert outcomes[0].job.progress == ("drawing", 48, 48, 0.0)


def test_settings_that_cannot_be_read_are_a_job_that_failed(store) -> None:
    store.add([NewJob({"speed": 4}, "")])
    with Worker(store, perform) as worker:
        assert "unknown settings: speed" in worker.run_next().job.reason


def test_a_second_worker_fails_while_the_first_lives(store) -> None:
    with Worker(store, perform):
        second = Worker(store, perform)
        with pytest.raises(UserError, match=r"another run is at work on the queue in .*; wait"):
            second.__enter__()
    with Worker(store, perform):
        pass


def test_ctrl_c_lets_the_job_wait_and_the_next_worker_goes_on(store, make_clip) -> None:
    settings = add(store, make_clip())
    with Worker(store, stopping(KeyboardInterrupt(), 20)) as worker:
        with pytest.raises(KeyboardInterrupt):
            worker.run_next()
        assert store.job(1).state is State.WAITING
    kept = kept_frames(settings.output)
    assert kept >= 19
    lines: list[str] = []

    def go_on(job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame) -> SlowResult:
        return run_job(settings.job(), lambda: blend, "cpu", tell=lines.append)

    with Worker(store, go_on) as worker:
        assert worker.run_next().job.state is State.DONE
    assert lines == [f"{kept} frames of an earlier run are used"]
    assert left(store) == []


@pytest.mark.parametrize("after", [1, 20])
def test_a_running_job_that_is_cancelled_leaves_nothing(store, make_clip, after) -> None:
    settings = add(store, make_clip())
    with Worker(store, stopping(lambda: cancel(store, 1), after)) as worker:
        outcome = worker.run_next()
    assert (outcome.job.state, outcome.result) == (State.CANCELLED, None)
    assert not settings.output.exists()
    assert left(store) == []


def cancelled_at_the_end(store: JobStore):
    """Return what does a job as ``perform``, and has it cancelled after its last frame."""

    def perform_and_cancel(
        job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        result = perform(job, settings, on_read, on_frame)
        assert settings.output.exists()
        assert cancel(store, job.number) is State.RUNNING
        return result

    return perform_and_cancel


@pytest.mark.parametrize("codec", ["h264", "png"])
def test_a_job_that_is_cancelled_after_its_last_frame_leaves_nothing(
    store, make_clip, codec
) -> None:
    settings = add(store, make_clip(), codec=codec, output="slow" if codec == "png" else None)
    with Worker(store, cancelled_at_the_end(store)) as worker:
        outcome = worker.run_next()
    assert (outcome.job.state, outcome.result) == (State.CANCELLED, None)
    assert not settings.output.exists()
    assert not settings.job().sheet_output.exists()
    assert left(store) == []
    add(store, settings.source, codec=codec, output=settings.output.name)  # nothing is in the way
    with Worker(store, perform) as worker:
        assert worker.run_next().job.state is State.DONE


def test_a_job_that_is_cancelled_after_its_last_frame_leaves_the_users_own_sheet(
    store, make_clip
) -> None:
    first = add(store, make_clip())
    with Worker(store, perform) as worker:
        assert worker.run_next().job.state is State.DONE
    sheet = first.job().sheet_output
    add(store, first.source, xsheet=sheet, overwrite=True)

    def correct_and_cancel(
        job: Job, settings: SlowSettings, on_read: OnFrame, on_frame: OnFrame
    ) -> SlowResult:
        sheet.touch()  # as a user does who corrects it meanwhile
        return cancelled_at_the_end(store)(job, settings, on_read, on_frame)

    with Worker(store, correct_and_cancel) as worker:
        assert worker.run_next().job.state is State.CANCELLED
    assert sheet.exists()
    assert not first.output.exists()


def test_a_job_that_is_cancelled_and_then_fails_leaves_nothing(store, make_clip) -> None:
    settings = add(store, make_clip())

    def fail() -> None:
        cancel(store, 1)
        raise OSError("the clip is gone")

    with Worker(store, stopping(fail, 20)) as worker:
        assert worker.run_next().job.state is State.CANCELLED
    assert kept_frames(settings.output) == 0
    assert left(store) == []


def test_what_waits_amid_its_frames_is_cancelled_with_them(store, make_clip) -> None:
    settings = add(store, make_clip())
    with (
        Worker(store, stopping(KeyboardInterrupt(), 20)) as worker,
        pytest.raises(KeyboardInterrupt),
    ):
        worker.run_next()
    assert cancel(store, 1) is State.WAITING
    assert kept_frames(settings.output) == 0
    assert left(store) == []


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("has_sheet", [True, False])
def test_an_output_whose_run_was_killed_before_it_said_so_is_done(
    store, make_clip, has_sheet, overwrite
) -> None:
    settings = add(store, make_clip(), overwrite=overwrite)
    if overwrite:
        settings.output.write_bytes(b"an older one")
    job = store.take()
    perform(job, settings, lambda *_: None, lambda *_: None)
    sheet = settings.job().sheet_output
    whole = settings.output.read_bytes()
    if not has_sheet:
        sheet.unlink()
    with Worker(store, perform) as worker:
        outcome = worker.run_next()
    assert outcome.job.state is State.DONE
    assert (outcome.result is None) == has_sheet  # without it, all is drawn again
    assert sheet.exists()
    assert len(settings.output.read_bytes()) == pytest.approx(len(whole), rel=0.1)


def test_an_output_of_somebody_else_is_not_taken_for_the_jobs(store, make_clip) -> None:
    settings = add(store, make_clip())
    settings.output.write_bytes(b"a film")
    store.take()
    with Worker(store, perform) as worker:
        outcome = worker.run_next()
    assert outcome.job.state is State.FAILED
    assert "exists; use --overwrite" in outcome.job.reason
    assert settings.output.read_bytes() == b"a film"
