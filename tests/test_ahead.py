"""Items made in a thread come as if they were made by who takes them."""

import threading
from collections.abc import Iterator

import pytest

from nakawari.ahead import ahead


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_all_items_come_in_order() -> None:
    with ahead(range(100), 3) as items:
        assert list(items) == list(range(100))
    assert not threads()


def test_items_are_made_in_another_thread() -> None:
    with ahead((threading.get_ident() for _ in range(3)), 2) as makers:
        assert threading.get_ident() not in set(makers)


def test_an_error_comes_behind_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third")

    with ahead(failing(), 5) as items:
        assert [next(items), next(items)] == [1, 2]
        with pytest.raises(ValueError, match="no third"):
            next(items)
    assert not threads()


@pytest.mark.parametrize("taken", [0, 1, 20])
def test_the_thread_ends_with_the_block_though_more_could_be_taken(taken: int) -> None:
    made = []
    endless = (made.append(None) for _ in iter(int, 1))
    with ahead(endless, 4) as items:
        for _ in range(taken):
            next(items)
    assert not threads()
    assert len(made) <= taken + 4 + 1


def test_an_error_of_who_takes_ends_the_thread() -> None:
    def interrupted() -> None:
        with ahead(iter(int, 1), 4) as items:
            next(items)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not threads()
