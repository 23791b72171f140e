"""``nakawari doctor`` says what is wrong and what to do; completion is made of the parser."""

from importlib.metadata import PackageNotFoundError

import pytest

from nakawari import cli
from nakawari.cli import doctor


def test_what_is_wrong_is_counted_and_named(monkeypatch, capsys) -> None:
    def version(package: str) -> str:
        if package in ("av", "lpips"):
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr("importlib.metadata.version", version)
    monkeypatch.setattr(doctor, "machine_mib", lambda: 1024.0)
    monkeypatch.setattr(doctor, "_draw_with_weights", lambda: "draws")
    assert cli.main(["doctor"]) == 2
    printed = capsys.readouterr()
    assert "WRONG  av: not installed; install nakawari anew with pip\n" in printed.out
    assert "ok     for eval: without lpips: pip install 'nakawari[eval]'\n" in printed.out
    assert "WRONG  machine:" in printed.out
    assert "ok     torch: 1.0\n" in printed.out
    assert printed.err == "nakawari: 2 things wrong; the lines above say what to do\n"


def test_weights_that_cannot_be_used_are_told_in_a_line(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(
        "nakawari.cli.slowing.chosen_model.shipped_model", lambda: tmp_path / "nowhere"
    )
    assert cli.main(["doctor"]) == 2
    assert "WRONG  weights: model folder" in capsys.readouterr().out


def test_a_codec_that_is_missing_is_named(monkeypatch, capsys) -> None:
    monkeypatch.setattr(doctor, "ENCODERS", ("libx264", "no_such_codec"))
    monkeypatch.setattr(doctor, "_draw_with_weights", lambda: "draws")
    assert cli.main(["doctor"]) == 2
    assert "WRONG  codecs: PyAV has none to write no_such_codec" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_can_complete_every_command(shell: str, capsys) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--print-completion", shell])
    assert stop.value.code == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("slow", "xsheet", "dataset", "sweep", "--longest-hold"))
