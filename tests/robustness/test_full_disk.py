"""A disk that is full at any moment is told in one line, and nothing half is left."""

import resource

import pytest

from nakawari import cli
from nakawari.video.reader import VideoReader


@pytest.mark.parametrize("size", [0, 1, 300, 2000, 6000, 20_000])
@pytest.mark.parametrize("command", ["slow", "xsheet"])
def test_a_full_disk_leaves_the_old_files_or_the_whole_new_ones(
    make_clip, tmp_path, capsys, size, command
) -> None:
    clip, folder = make_clip(frames=24, tone=440.0), tmp_path / "out"
    folder.mkdir()
    words = {
        "slow": [str(clip), "--model", "blend", "--slow", "2", "-o", str(folder / "out.mp4")],
        "xsheet": [str(clip), "--json", str(folder / "a.json"), "--html", str(folder / "a.html")],
    }[command]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        status = cli.main([command, *words])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    errors = capsys.readouterr().err.replace("\r", "\n")
    lines = [line for line in errors.splitlines() if line.startswith("nakawari: ")]
    assert status in (0, 2)
    assert len(lines) == (status == 2)
    for path in folder.iterdir():
        assert path.name in ("out.mp4", "out.xsheet.json", "a.json", "a.html")
        if path.suffix == ".mp4":
            with VideoReader(path) as reader:
                assert len(list(reader.frames())) == 48
        else:
            assert path.read_text().rstrip().endswith(("}", "</html>"))
