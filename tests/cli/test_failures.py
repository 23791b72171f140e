"""Whatever ends a command is told in one line, and 1 is only for faults of our own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import av
import pytest

from nakawari import cli
from nakawari.cli.failures import failure_of
from nakawari.errors import UserError


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (UserError("a\nb; c"), 2, r"a b; c"),
        (UserError("a\x1b[31m\udcff; c"), 2, r"a\\x1b\[31m\\udcff; c"),
        (MemoryError(), 2, "not enough memory; use smaller pictures"),
        (OSError(28, "", "a.mp4"), 2, r"cannot use a\.mp4 \(No space left on device\); check"),
        (OSError("odd"), 2, "odd; check the file"),
        (av.error.InvalidDataError(1, "broken"), 2, r"FFmpeg cannot go on \(.*broken.*\); check"),
        (KeyError("a\nb"), 1, r"internal error \(KeyError: .*\); please report it with /"),
    ],
)
def test_every_error_is_one_line(error, status, words) -> None:
    failure = failure_of(error)
    assert failure.status == status
    assert re.match(words, failure.line)
    assert failure.line.isprintable()


def test_a_fault_of_our_own_names_a_file_with_its_details(
    make_clip, capsys, monkeypatch, tmp_path
) -> None:
    def faulty(*_: object, **__: object) -> None:
        raise IndexError("out of range")

    monkeypatch.setattr("nakawari.xsheet.detect.detect", faulty)
    assert cli.main(["xsheet", str(make_clip())]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    details = Path(line.split()[-1])
    assert "IndexError: out of range" in details.read_text()
    details.unlink()


def test_a_name_that_looks_like_an_option_is_explained(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-clip.mp4").touch()
    with pytest.raises(SystemExit, match="2"):
        cli.main(["xsheet", "-clip.mp4"])
    assert "write ./-clip.mp4 to name the file" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--html"])
def test_a_name_no_file_can_have_is_refused_in_any_option(capsys, option) -> None:
    for words in (["xsheet", "b" * 300], ["xsheet", "a.mp4", option, "b" * 300]):
        with pytest.raises(SystemExit, match="2"):
            cli.main(words)
        assert "is 45 bytes too long" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        cli.main(["xsheet", "b/" * 3000])
    assert "6000 characters long; give a shorter path" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "pipe"],
        ["dataset", "build", "a.mp4", "--output", "out", "--titles", "pipe"],
    ],
)
def test_a_pipe_that_nobody_writes_to_is_refused_at_once(
    tmp_path, capsys, monkeypatch, words
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)
    assert "pipe is not a file; name one" in capsys.readouterr().err


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">&- 2>&-", "<&- >&-"])
def test_a_full_or_closed_output_is_no_traceback(make_clip, redirection) -> None:
    clip = make_clip()
    code = f"{sys.executable} -c 'import sys; from nakawari.cli import main; sys.exit(main())'"
    done = subprocess.run(
        ["bash", "-c", f"{code} xsheet {clip} {redirection}"],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    lines = [line for line in re.split("[\r\n]", done.stderr) if line.startswith("nakawari")]
    assert "Traceback" not in done.stderr
    if redirection == ">/dev/full":
        assert done.returncode == 2
        assert lines == ["nakawari: No space left on device; check the file, or free space"]
    else:
        assert done.returncode == 0
        assert lines == []
    assert sorted(left.name for left in clip.parent.iterdir()) == ["clip.mp4"]
