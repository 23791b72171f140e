"""``nakawari serve`` says in one line why it cannot begin."""

from __future__ import annotations

import os
import socket

import pytest

from nakawari import cli
from nakawari.cli import serve
from nakawari.whole import lock


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def refusal(capsys, *words: object) -> str:
    assert cli.main(["serve", *map(str, words)]) == 2
    return capsys.readouterr().err


def test_without_its_packages_the_command_names_what_installs_them(
    monkeypatch, capsys, tmp_path
) -> None:
    monkeypatch.setattr(serve, "NEEDED", ("starlette", "no_such_package"))
    said = refusal(capsys, "--folder", tmp_path)
    assert "needs no_such_package" in said
    assert "pip install 'nakawari[web]'" in said


def test_a_port_that_is_taken_is_told(capsys, tmp_path, taken) -> None:
    said = refusal(capsys, "--folder", tmp_path, "--port", taken)
    assert f"cannot listen on 127.0.0.1:{taken}" in said


def test_a_folder_has_one_page_at_a_time(capsys, tmp_path, taken) -> None:
    descriptor = os.open(tmp_path / ".nakawari-serve", os.O_RDWR | os.O_CREAT)
    try:
        assert lock(descriptor)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        said = refusal(capsys, "--folder", tmp_path, "--port", port)
    finally:
        os.close(descriptor)
    assert "another page has the folder" in said


def test_a_folder_that_cannot_be_is_told(capsys, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot make the folder" in refusal(capsys, "--folder", tmp_path / "file" / "page")


def test_a_user_by_an_odd_name_is_told(capsys, tmp_path) -> None:
    assert "is no name" in refusal(capsys, "--folder", tmp_path, "--user", "../anna")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "9" * 5000])
def test_what_is_no_port_fails(capsys, port) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["serve", f"--port={port}"])
    assert ended.value.code == 2
    assert "is no port; give one from 1 to 65535" in capsys.readouterr().err
