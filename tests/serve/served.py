"""The page as its users have it: a process that listens, and that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

PATIENCE = 900  # s; a busy machine takes its time
ROOT = Path(__file__).parents[2]
NOTHING: Mapping[str, str] = MappingProxyType({})
RUN = "import sys; from nakawari.cli import main; sys.exit(main(sys.argv[1:]))"


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_weights(weights: Path, folder: Path) -> dict[str, str]:
    """Return an environment in which ``weights`` are those that come with the program.

    Python imports a module called ``sitecustomize`` whenever it starts, so this holds for the
    processes that the page starts as well. One is written to ``folder``.
    """
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "from pathlib import Path\nfrom nakawari import shipped\n"
        f"shipped.IN_REPOSITORY = Path({str(weights)!r})\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


class Served:
    """``nakawari serve`` on a folder; use it as a context manager."""

    def __init__(
        self, folder: Path, port: int, *words: str, environment: Mapping[str, str] = NOTHING
    ) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.said = ""  # all that was printed, once it has ended
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, "serve", "--folder", str(folder), "--port", str(port),
             *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip

    def __enter__(self) -> Served:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                assert self.process.stdout is not None
                raise AssertionError(self.process.stdout.read())
            try:
                with urllib.request.urlopen(f"{self.address}/static/icon.svg"):
                    return self
            except OSError:
                time.sleep(0.2)
        raise TimeoutError("the page does not answer")

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.said, _ = self.process.communicate(timeout=PATIENCE)

    def kill(self) -> None:
        """Kill the page, as a power cut would."""
        self.process.kill()
        self.process.wait()
