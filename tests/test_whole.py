"""A file appears whole or not at all, and what a killed run left is never in the way."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import pytest

from nakawari import whole
from nakawari.errors import UserError
from nakawari.whole import (
    MARK,
    PREFIX,
    PartialFile,
    PartialFolder,
    check_free,
    check_name,
    check_writable,
    lock,
    write_shared,
    write_whole,
)

HOLD = """
import sys, time
from pathlib import Path
from nakawari.whole import PartialFile
partial = PartialFile(Path(sys.argv[1]))
print(partial.path, flush=True)
time.sleep(600)
"""


def test_a_file_gets_its_name_with_all_of_its_content(tmp_path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_discarded_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    partial = PartialFile(path)
    partial.path.write_text("half")
    partial.discard()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_gets_its_name_with_all_of_its_content(tmp_path) -> None:
    path = tmp_path / "a"
    for number in range(3):  # over nothing, and over what an earlier run made
        partial = PartialFolder(path)
        (partial.path / f"{number}.png").touch()
        partial.finish()
        assert [file.name for file in path.iterdir()] == [f"{number}.png"]
        assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_discarded_leaves_the_old_one(tmp_path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "1.png").touch()
    partial = PartialFolder(path)
    (partial.path / "2.png").touch()
    with pytest.raises(UserError, match="another run is writing"):
        PartialFolder(path)
    partial.discard()
    assert [file.name for file in path.iterdir()] == ["1.png"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_runs_folder_is_removed(tmp_path) -> None:
    partial = PartialFolder(tmp_path / "a")
    (partial.path / "1.png").touch()
    os.close(partial._descriptor)  # as its process is gone
    check_free(tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_a_name_can_be_is_written(tmp_path) -> None:
    path = tmp_path / ("あ" * 85)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_killed_runs_leftover_is_removed_and_a_living_runs_file_is_not(tmp_path) -> None:
    path = tmp_path / "a.mp4"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        with pytest.raises(UserError, match=r"another run is writing .*a\.mp4; wait for it"):
            check_free(path)
        check_free(tmp_path / "b.mp4")
        assert left.exists()
        other.kill()
        other.wait()
    check_free(path)
    assert list(tmp_path.iterdir()) == []
    write_whole(path, b"new")


@pytest.mark.parametrize("made", [PartialFile, PartialFolder])
@pytest.mark.parametrize("at", ["lock", "removal"])
def test_what_is_made_but_not_yet_locked_is_kept_or_made_anew(
    tmp_path, monkeypatch, made, at
) -> None:
    """Another run takes it for a leftover, and pauses when it has its lock or is to remove it."""
    reached, goes_on = Event(), Event()
    other = Thread(target=check_free, args=[tmp_path / "b"])

    def pausing(work: Callable[..., Any]) -> Callable[..., Any]:
        def pause(*words: Any, **how: Any) -> Any:
            if current_thread() is other:
                reached.set()
                assert goes_on.wait(60)
            return work(*words, **how)

        return pause

    def locking(descriptor: int, *how: int) -> bool | None:
        if current_thread() is not other and other.ident is None:
            other.start()  # between the making and the locking
            assert reached.wait(60)
        locked = lock(descriptor, *how)
        return pausing(lambda: locked)() if at == "lock" else locked

    monkeypatch.setattr(whole, "lock", locking)
    if at == "removal":
        monkeypatch.setattr(shutil, "rmtree", pausing(shutil.rmtree))
        monkeypatch.setattr(Path, "unlink", pausing(Path.unlink))
    partial = made(tmp_path / "a")
    goes_on.set()
    other.join()
    assert list(tmp_path.iterdir()) == [partial.path]
    partial.finish()
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize("made", [PartialFile, PartialFolder])
@pytest.mark.parametrize("at", ["lock", "removal"])
def test_two_runs_clear_one_leftover_at_once(tmp_path, monkeypatch, made, at) -> None:
    """The other one pauses when it has the leftover's lock, or when it is to remove it."""
    reached, goes_on = Event(), Event()
    left = made(tmp_path / "a")
    os.close(left._descriptor)  # as its process is gone
    other = Thread(target=check_free, args=[tmp_path / "a"])

    def pausing(work: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
        def pause(*words: Any, **how: Any) -> Any:
            done = None if before else work(*words, **how)
            if current_thread() is other:
                reached.set()
                assert goes_on.wait(60)
            return work(*words, **how) if before else done

        return pause

    if at == "lock":
        monkeypatch.setattr(whole, "lock", pausing(lock, before=False))
    else:
        monkeypatch.setattr(shutil, "rmtree", pausing(shutil.rmtree, before=True))
        monkeypatch.setattr(Path, "unlink", pausing(Path.unlink, before=True))
    other.start()
    assert reached.wait(60)
    partial = made(tmp_path / "a")
    goes_on.set()
    other.join()
    assert list(tmp_path.iterdir()) == [partial.path]
    partial.finish()


def test_many_runs_that_die_leave_nothing_for_the_next(tmp_path) -> None:
    for number in range(20):
        (tmp_path / f"{PREFIX}{number:08x}-{number:08x}{MARK}.mp4").write_bytes(b"half")
    write_whole(tmp_path / "a.mp4", b"new")
    assert [left.name for left in tmp_path.iterdir()] == ["a.mp4"]


def test_a_fifo_with_the_name_of_a_leftover_holds_nobody_up(tmp_path) -> None:
    os.mkfifo(tmp_path / f"{PREFIX}0{MARK}")
    began = time.monotonic()
    check_free(tmp_path / "a.mp4")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("name", ["b" * 256, "あ" * 86])
def test_a_name_too_long_for_a_file_system_fails(tmp_path, name) -> None:
    with pytest.raises(UserError, match=r"output: the name .* too long for a file system; choose"):
        check_name(tmp_path / name / "a.mp4", "output")


def test_a_folder_that_takes_no_files_fails() -> None:
    with pytest.raises(UserError, match=r"cannot write a\.mp4 .*; choose another folder"):
        check_writable(Path("/proc"), "a.mp4")


def test_several_runs_may_write_one_file_of_a_store(tmp_path: Path) -> None:
    path = tmp_path / "sample.zlib"
    writing = PartialFile(path)  # as another run would
    write_shared(path, b"the same")
    assert path.read_bytes() == b"the same"
    writing.discard()
    assert [file.name for file in tmp_path.iterdir()] == ["sample.zlib"]


def test_a_store_that_cannot_be_written_to_fails_and_keeps_what_it_had(tmp_path: Path) -> None:
    (tmp_path / "sample.zlib").mkdir()
    with pytest.raises(IsADirectoryError):
        write_shared(tmp_path / "sample.zlib", b"new")
    assert [file.name for file in tmp_path.iterdir()] == ["sample.zlib"]
