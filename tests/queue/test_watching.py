"""A file in a watched folder is told once it is at rest, and once for each content."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis.strategies import integers, lists

from nakawari.queue.watching import FolderWatch


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def names(found: list[Path]) -> list[str]:
    return [path.name for path in found]


@given(lists(integers(0, 4), max_size=20))
def test_a_file_is_told_exactly_when_it_has_rested_long_enough(growth: list[int]) -> None:
    """In each second the file grows by so many bytes; it rests where that is none."""
    clock = Clock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.mkv"
        path.write_bytes(b"x")
        watch = FolderWatch(Path(folder), 3.0, clock)
        rested, told = 0, False
        assert watch.look() == []
        for more in growth:
            clock.now += 1.0
            if more:
                with path.open("ab") as file:
                    file.write(b"x" * more)
                rested, told = 0, False
            else:
                rested += 1
            expected = rested >= 3 and not told
            assert watch.look() == [path] * expected
            told = told or expected


def test_a_change_without_growth_counts_and_so_does_another_file_of_that_name(tmp_path) -> None:
    clock, path = Clock(), tmp_path / "a.mkv"
    path.write_bytes(b"one")
    watch = FolderWatch(tmp_path, 0.0, clock)
    assert watch.look() == [path]
    assert watch.look() == []
    os.utime(path, ns=(1, 1))
    assert watch.look() == [path]
    other = tmp_path / ".new"
    other.write_bytes(b"two")
    os.utime(other, ns=(1, 1))
    other.replace(path)
    assert watch.look() == [path]
    path.unlink()
    assert watch.look() == []


def test_what_is_hidden_half_fetched_or_no_file_is_passed_over(tmp_path) -> None:
    for name in (".hidden.mkv", "a.mkv.part", "b.CRDOWNLOAD", "c.mkv", "b.mkv"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.mkv").mkdir()
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "gone.mkv").symlink_to(tmp_path / "nowhere")
    watch = FolderWatch(tmp_path, 0.0, Clock())
    assert names(watch.look()) == ["b.mkv", "c.mkv"]
