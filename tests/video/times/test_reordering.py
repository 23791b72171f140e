"""Frames that damage brought out of order come in order; wrong stamps move no frame."""

from fractions import Fraction
from types import SimpleNamespace

import pytest

from nakawari.video.times.reordering import InOrder


def ordered(stamps: list[int | None]) -> list[int | None]:
    frames = iter([SimpleNamespace(stamp=stamp) for stamp in stamps])

    def stamp(frame) -> Fraction | None:
        return None if frame.stamp is None else Fraction(frame.stamp)

    source = InOrder(lambda: next(frames, None), stamp, Fraction(1))  # type: ignore[arg-type]
    return [frame.stamp for frame in iter(source.next_frame, None)]


def test_late_frames_come_where_they_belong() -> None:
    assert ordered([0, 1, 17, 2, 18, 19]) == [0, 1, 2, 17, 18, 19]
    assert ordered([0, 1, 3, 4, 2, 6, 7]) == [0, 1, 2, 3, 4, 6, 7]


@pytest.mark.parametrize(
    "stamps",
    [
        list(range(9)),
        [0, 1, 4, 9, 30],  # a variable rate
        [5, 6, 7, 0, 1, 2],  # recordings that were joined
        [5, 6, 7, 9000, 9001, 9002, 8, 9],
        [0, 1, 2, 9000, 4, 5, 6],  # one stamp is wrong by itself
        [0, None, None, 3, 3, 3],
        [],
    ],
)
def test_all_others_stay_as_they_came(stamps) -> None:
    assert ordered(stamps) == stamps


def test_where_nothing_is_held_back_a_frame_is_given_out_before_the_next_is_decoded() -> None:
    decoded: list[int] = []

    def following() -> SimpleNamespace:
        decoded.append(len(decoded))
        return SimpleNamespace(stamp=decoded[-1])

    source = InOrder(
        following,  # type: ignore[arg-type]
        lambda frame: Fraction(frame.stamp),  # type: ignore[attr-defined]
        Fraction(1),
        ahead=0,
    )
    source.next_frame()
    assert len(decoded) == 1
