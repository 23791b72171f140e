"""The same command again goes on: nothing is done twice, and nothing is left out."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, lists, sampled_from

from nakawari.errors import UserError
from nakawari.queue.settings import SlowSettings
from nakawari.queue.store import JobStore, State
from nakawari.queue.submitting import SUPERSEDED, check_names, submit
from nakawari.slowmo.kept.source_mark import READ_WHOLE, SAMPLE_BYTES, SAMPLES, source_mark


@pytest.fixture
def store(tmp_path):
    with JobStore(tmp_path / "queue") as opened:
        yield opened


def clips(folder: Path, names: str = "ab", **how: object) -> list[SlowSettings]:
    """Return the settings for clips of one letter each, whose files are made if missing."""
    wanted = []
    for name in names:
        source = folder / f"{name}.mkv"
        if not source.exists():
            source.write_text(name)
        wanted.append(SlowSettings(source=source, output=folder / f"{name}.mp4", **how))
    return wanted


def end(store: JobStore, number: int, state: State) -> None:
    """Let a job end as a worker does."""
    job = store.take(among={number})
    assert job is not None
    store.finish(number, state)
    if state is State.DONE:
        Path(job.settings["output"]).write_text("done")


def numbers(store: JobStore, wanted: list[SlowSettings], **how: bool) -> list[int]:
    return [job.number for job in submit(store, wanted, **how)]


def test_clips_that_wait_run_or_are_done_keep_their_jobs(store, tmp_path) -> None:
    wanted = clips(tmp_path, "abc")
    first = numbers(store, wanted)
    end(store, first[0], State.DONE)
    store.take()
    again = submit(store, wanted)
    assert [job.number for job in again] == first
    assert [job.was_done for job in again] == [True, False, False]


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_what_failed_or_was_cancelled_is_tried_again(store, tmp_path, state) -> None:
    wanted = clips(tmp_path)
    first = numbers(store, wanted)
    end(store, first[0], state)
    assert numbers(store, wanted) == [3, first[1]]


def test_what_is_done_is_done_again_if_its_output_or_its_clip_is_another(store, tmp_path) -> None:
    wanted = clips(tmp_path)
    for number in numbers(store, wanted):
        end(store, number, State.DONE)
    wanted[0].output.unlink()
    assert numbers(store, wanted) == [3, 2]
    wanted[1].source.write_text("another clip")
    assert numbers(store, wanted) == [3, 4]


def test_a_large_file_that_was_edited_in_a_place_that_is_not_read_is_done_again(
    store, tmp_path
) -> None:
    size = 2**28
    (wanted,) = clips(tmp_path, "a")
    with wanted.source.open("wb") as file:
        file.truncate(size)
    os.utime(wanted.source, ns=(0, 1))
    (first,) = numbers(store, [wanted])
    end(store, first, State.DONE)
    assert numbers(store, [wanted]) == [first]
    before = source_mark(wanted.source)
    step = (size - SAMPLE_BYTES) // (SAMPLES - 1)
    with wanted.source.open("r+b") as file:
        file.seek(step * (SAMPLES - 1) - 1)
        file.write(b"x")
    os.utime(wanted.source, ns=(0, 2))
    assert source_mark(wanted.source) == before
    assert numbers(store, [wanted]) == [first + 1]


def test_a_file_that_is_read_whole_is_known_by_its_content_alone(store, tmp_path) -> None:
    (wanted,) = clips(tmp_path, "a")
    wanted.source.write_bytes(bytes(READ_WHOLE))
    (first,) = numbers(store, [wanted])
    end(store, first, State.DONE)
    os.utime(wanted.source, ns=(0, 1))
    assert numbers(store, [wanted]) == [first]
    wanted.source.write_bytes(bytes(READ_WHOLE // 2) + b"x" + bytes(READ_WHOLE // 2 - 1))
    os.utime(wanted.source, ns=(0, 1))
    assert numbers(store, [wanted]) == [first + 1]


def test_a_call_that_was_cut_off_does_nothing_twice_and_a_whole_one_anew(store, tmp_path) -> None:
    wanted = clips(tmp_path, overwrite=True)
    first = numbers(store, wanted, anew=True)
    end(store, first[0], State.DONE)
    assert numbers(store, wanted, anew=True) == first
    end(store, first[1], State.DONE)
    assert numbers(store, wanted, anew=True) == [3, 4]
    assert numbers(store, wanted, anew=True) == [3, 4]


def test_other_settings_for_the_same_output_take_the_place_of_a_job_that_waits(
    store, tmp_path
) -> None:
    one, _ = numbers(store, clips(tmp_path))
    assert numbers(store, clips(tmp_path, "a", seed=1)) == [3]
    assert store.job(one).state is State.CANCELLED
    assert store.job(one).reason == SUPERSEDED
    assert store.job(2).state is State.WAITING
    assert numbers(store, clips(tmp_path, "a")) == [4]
    assert store.job(3).state is State.CANCELLED


@given(lists(sampled_from([State.DONE, State.FAILED, State.WAITING]), max_size=6), booleans())
def test_a_call_always_ends_with_each_clip_done_or_waiting(tmp_path_factory, ends, anew) -> None:
    """Whatever became of the jobs of the calls before."""
    folder = tmp_path_factory.mktemp("queue")
    wanted = clips(folder, "abc", overwrite=anew)
    with JobStore(Path(":memory:")) as store:
        for state in ends:
            submit(store, wanted, anew=anew)
            job = store.take()
            if job is not None and state is not State.WAITING:
                store.requeue()
                end(store, job.number, state)
        found = submit(store, wanted, anew=anew)
        for settings, job in zip(wanted, found, strict=True):
            now = store.job(job.number)
            assert now.settings == settings.to_json()
            assert now.state is State.DONE if job.was_done else not now.state.is_final
        unfinished = {job.number for job in store.jobs() if not job.state.is_final}
        assert unfinished == {job.number for job in found if not job.was_done}


def test_a_clip_that_is_missing_or_a_pipe_gets_a_job_too(store, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nowhere"):
        settings = SlowSettings(source=tmp_path / name, output=tmp_path / f"{name}.mp4")
        (job,) = submit(store, [settings])
        assert store.job(job.number).source == ""


def test_outputs_with_one_name_fail(tmp_path) -> None:
    a, b = clips(tmp_path)
    check_names([a, b])
    with pytest.raises(UserError, match=r"a\.mkv is named twice; name it once"):
        check_names([a, b, a])
    same = SlowSettings(source=b.source, output=a.output)
    with pytest.raises(UserError, match=r"of .*a\.mkv and .*b\.mkv would both be .*a\.mp4; rename"):
        check_names([a, same])
    onto = SlowSettings(source=b.source, output=a.source)
    with pytest.raises(UserError, match="which is an input too; choose another folder"):
        check_names([a, onto])
