"""Run an iterator in a thread of its own, a few items ahead of the caller that takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class _End(NamedTuple):
    """Marks the end of the items in the queue: the error that ended them, or ``None``."""

    error: BaseException | None


@contextmanager
def ahead(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """Yield the items in their order, while the next ones are made in a thread.

    At most ``depth`` items wait while one more is made, so memory use stays constant. If making an
    item raises, the caller gets that exception after the last item that was made. When the ``with``
    block is left, the thread has ended, even if some items were not taken. So whatever the items
    are made from may then be closed.
    """
    made: SimpleQueue[Item | _End] = SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()

    def make() -> None:
        try:
            for item in items:
                room.acquire()
                if stopped.is_set():
                    return
                made.put(item)
        except BaseException as error:  # of any kind: it is raised where the item is waited for
            made.put(_End(error))
        else:
            made.put(_End(None))

    def take() -> Iterator[Item]:
        while not isinstance(item := made.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error

    thread = threading.Thread(target=make, name="ahead", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        room.release()
        thread.join()
