"""Episodes spread over processes, or over the machines of a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from nakawari.dataset.episode import build_episode, episode_folder
from nakawari.dataset.settings import BuildSettings
from nakawari.dataset.videos import Episode
from nakawari.errors import UserError

_PARENT_CHECK = 1.0  # s between two checks that the parent process is alive
_ANSWER_TIME = 10.0  # s in which a cluster's head must answer


class Outcome(NamedTuple):
    """An episode that is done (``error`` is None), or the reason why it cannot be built."""

    episode: Episode
    error: str | None


Runner = Callable[[Sequence[Episode], BuildSettings, Path], Iterator[Outcome]]


def on_processes(workers: int) -> Runner:
    """Return a runner with so many processes on this machine; 1 means this process itself."""
    return partial(_on_processes, workers)


def on_ray(address: str) -> Runner:
    """Return a runner on a Ray cluster, which builds one episode on each core at a time.

    ``address`` is as for ``ray.init``: HOST:PORT of the head, ``auto`` for the cluster this machine
    belongs to, ``local`` for one of this machine only. Every machine must find videos and output
    under the same path. The runner raises ``UserError`` if Ray is not installed, the cluster does
    not answer, or this machine does not see what another one wrote.
    """
    return partial(_on_ray, address)


def attempt(episode: Episode, settings: BuildSettings, output: Path) -> str | None:
    """Build an episode; return what is wrong with its video, or ``None`` if it was built."""
    try:
        build_episode(episode, settings, output)
    except UserError as error:
        return str(error)
    return None


def _on_processes(
    workers: int, episodes: Sequence[Episode], settings: BuildSettings, output: Path
) -> Iterator[Outcome]:
    if min(workers, len(episodes)) == 1:
        for episode in episodes:
            yield Outcome(episode, attempt(episode, settings, output))
        return
    # Spawned, not forked: FFmpeg's and torch's threads do not survive a fork.
    with ProcessPoolExecutor(
        min(workers, len(episodes)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_leave_with_parent,
        initargs=(os.getpid(),),
    ) as pool:
        futures = {pool.submit(attempt, one, settings, output): one for one in episodes}
        try:
            for future in as_completed(futures):
                yield Outcome(futures[future], future.result())
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was killed, for want of memory perhaps; what is finished stays: "
                "run the same command again, with fewer --workers"
            ) from error
        finally:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)


def _leave_with_parent(parent: int) -> None:
    """End this worker when the build is killed; otherwise it would wait for work for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_ray(
    address: str, episodes: Sequence[Episode], settings: BuildSettings, output: Path
) -> Iterator[Outcome]:
    ray = _connect(address)
    try:
        task = ray.remote(num_cpus=1, max_retries=3)(attempt)
        where = output.resolve()
        waiting = {task.remote(_at_home(episode), settings, where): episode for episode in episodes}
        while waiting:
            (done, *_), _rest = ray.wait(list(waiting), num_returns=1)
            episode = waiting.pop(done)
            error = ray.get(done)
            if error is None and not episode_folder(output, episode).is_dir():
                raise UserError(
                    f"a machine of the cluster finished {episode.path.name}, but it is not in "
                    f"{where} here; give an --output that all machines share"
                )
            yield Outcome(episode, error)
    finally:
        ray.shutdown()


def _connect(address: str) -> Any:
    try:
        import ray
    except ImportError as error:
        raise UserError(
            "--ray needs Ray, which is not installed; pip install 'nakawari[ray]'"
        ) from error
    try:
        host, colon, port = address.removeprefix("ray://").rpartition(":")
        if colon:  # ray.init() would wait minutes for a head that is not there
            socket.create_connection((host, int(port)), _ANSWER_TIME).close()
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"--ray: no cluster answers at {address} ({reason}); start one with ray start --head"
        ) from error
    return ray


def _at_home(episode: Episode) -> Episode:
    """Return the episode with a path that does not depend on the working folder."""
    return Episode(path=episode.path.resolve(), title=episode.title, key=episode.key)
