"""Connections that ask for nothing keep nobody out, and those that do are not cut off."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from contextlib import ExitStack

import pytest

from nakawari.serve.gate import connections
from tests.serve.served import ROOT, Served, free_port

FILES = 256
"""How many files the page may have open in these tests, as on macOS."""
MANY = 2 * FILES
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: "


def open_idle(stack: ExitStack, port: int, number: int) -> list[socket.socket]:
    """Open connections that send nothing, or the half of a request's head."""
    opened = []
    for index in range(number):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
        if index % 2:
            one.sendall(HALF_A_HEAD)
        opened.append(one)
    return opened


def end_of(one: socket.socket, seconds: float) -> bytes:
    """Return all that comes until the other side ends a connection; ``TimeoutError`` if late."""
    one.settimeout(seconds)
    said = b""
    while part := one.recv(65_536):
        said += part
    return said


def test_the_page_can_be_reached_amid_more_idle_connections_than_it_may_have_files(
    tmp_path,
) -> None:
    limits = tmp_path / "limits"
    limits.mkdir()
    (limits / "sitecustomize.py").write_text(
        "import resource\n"
        "_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, most))\n"
    )
    environment = {"PYTHONPATH": os.pathsep.join([str(limits), str(ROOT)])}
    port = free_port()
    with Served(tmp_path / "page", port, environment=environment) as served, ExitStack() as stack:
        open_idle(stack, port, MANY)
        began = time.monotonic()
        with urllib.request.urlopen(f"{served.address}/api/clips", timeout=60) as answer:
            assert answer.status == 200
        assert time.monotonic() - began < connections.SECONDS_TO_ASK


@pytest.mark.parametrize("said", [b"", HALF_A_HEAD])
def test_a_connection_without_a_request_ends(listening, monkeypatch, said) -> None:
    monkeypatch.setattr(connections, "SECONDS_TO_ASK", 0.5)
    with socket.create_connection(("127.0.0.1", listening.settings.port)) as one:
        one.sendall(said)
        assert end_of(one, 60) == b""


def test_an_upload_that_pauses_is_not_cut_off(listening, monkeypatch) -> None:
    monkeypatch.setattr(connections, "SECONDS_TO_ASK", 0.5)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 4)
    port, content = listening.settings.port, b"x" * 1000
    head = (
        f"PUT /api/clips?name=slow.mp4 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Origin: http://127.0.0.1:{port}\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\n\r\n"
    )
    with (
        ExitStack() as stack,
        socket.create_connection(("127.0.0.1", port)) as one,
    ):
        one.sendall(head.encode() + content[:10])
        time.sleep(0.2)
        open_idle(stack, port, 20)
        time.sleep(1)
        one.sendall(content[10:])
        assert end_of(one, 60).startswith(b"HTTP/1.1 201")
