"""The preview command writes the docs' pictures and measures speed."""

from pathlib import Path

import pytest

from nakawari.data.preview import main


def test_speed_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--speed", "--samples", "2", "--height", "48", "--width", "48"])
    assert "samples/s" in capsys.readouterr().out


def test_pictures_are_written(tmp_path: Path) -> None:
    main(["--output", str(tmp_path / "images"), "--height", "32", "--width", "32"])
    assert {path.name for path in (tmp_path / "images").iterdir()} == {
        "cels.jpg",
        "cels_motion.jpg",
    }


def test_nothing_to_do_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "nothing to do" in capsys.readouterr().err
