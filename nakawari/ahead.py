"""An iterator's work done in a thread of its own, a few items ahead of who takes them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class _End(NamedTuple):
    """What stands behind the last item."""

    error: BaseException | None


@contextmanager
def ahead(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """Give the items in their order, while the next ones are made in a thread.

    At most ``depth`` items wait, and one more is made, so memory stays flat. What making them
    raises is raised to who takes them, behind the last item. At the end of the ``with`` block the
    thread has ended, whether all was taken or not: what the items are made from may then be closed.
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
        except BaseException as error:  # whatever it is, it belongs to who waits for the item
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
