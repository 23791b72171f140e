"""``nakawari queue`` shows where each job of a folder is, and cancels one."""

import subprocess
import sys
from pathlib import Path

import pytest

from nakawari import cli
from nakawari.queue.store import FILE_NAME, JobStore, NewJob, Progress, State
from tests.builders.refusals import refused


def queue(folder: Path, *names: str) -> None:
    """Queue jobs for clips of these names."""
    with JobStore(folder / FILE_NAME) as store:
        settings = [{"source": f"/in/{name}", "output": f"{folder}/{name}.mp4"} for name in names]
        store.add([NewJob(one, "") for one in settings])


def test_each_job_has_a_line(tmp_path, capsys) -> None:
    queue(tmp_path, "a.mkv", "b.mkv", "c\x1b.mkv", "d.mkv")
    with JobStore(tmp_path / FILE_NAME) as store:
        store.take()
        store.finish(1, State.FAILED, "it is truncated; copy it again")
        store.take()
        store.report(2, Progress("drawing", 1204, 5760, 2471.6))
    assert cli.main(["queue", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  1 failed    a.mkv: it is truncated; copy it again",
        "  2 running   b.mkv: drawing, 1,204 frames of 5,760, 41:12 left",
        r"  3 waiting   c\x1b.mkv",
        "  4 waiting   d.mkv",
    ]


def test_a_job_is_cancelled_and_the_others_stay(tmp_path, capsys) -> None:
    queue(tmp_path, "a.mkv", "b.mkv", "c.mkv")
    assert cli.main(["queue", str(tmp_path), "--cancel", "1", "--cancel", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["cancelled", "waiting", "cancelled"]
    assert "is cancelled already; cancel one" in refused(capsys, "queue", tmp_path, "--cancel", 1)
    assert "no job 9 in the queue; see" in refused(capsys, "queue", tmp_path, "--cancel", 9)


@pytest.mark.parametrize("folder", ["", "none"])
def test_a_folder_without_a_queue_is_refused_and_gets_none(tmp_path, capsys, folder) -> None:
    assert "there is no queue in" in refused(capsys, "queue", tmp_path / folder)
    assert list(tmp_path.iterdir()) == []


def test_showing_a_queue_loads_neither_torch_nor_ffmpeg(tmp_path) -> None:
    queue(tmp_path, "a.mkv")
    code = (
        "import sys; from nakawari.cli import main; main(sys.argv[1:]);"
        "sys.exit(bool({'torch', 'av'} & set(sys.modules)))"
    )
    words = [sys.executable, "-c", code, "queue", str(tmp_path)]
    assert subprocess.run(words, check=False, capture_output=True).returncode == 0
