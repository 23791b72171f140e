"""What a figure hid is found in the frames around, however a shake goes on."""

from collections.abc import Sequence

from nakawari.xsheet.change.change import plate, remainder
from nakawari.xsheet.change.uncovered import Uncovered
from tests.builders.stage import shifted, shot_at


def change_of_first(path: Sequence[float], places: Sequence[int] | None = None) -> list[float]:
    """Return what is left of the first step of a camera along a path [px], look by look."""
    plates = [plate(shot_at(x=-x)) for x in path]
    uncovered = Uncovered()
    changes = []
    for number in range(1, len(path)):
        before, now = plates[number - 1 : number + 1]
        way = shifted(path[number] - path[number - 1])
        left = remainder(before, now, way, None)
        place = places[number - 1] if places else number
        found = uncovered.add(place, before, now, way, left, left.certain_change())
        changes += [change for at, change in found if at == 1]
    return changes


def test_the_next_frame_of_a_pan_shows_what_came_to_light() -> None:
    (left,) = change_of_first([0, -6, -12])
    assert left < 3


def test_what_the_next_frame_hides_again_a_later_one_shows() -> None:
    hidden, *_, seen = change_of_first([0, -6, 0, -7, -14])
    assert hidden > 8
    assert seen < 3


def test_what_no_frame_shows_is_left() -> None:
    assert change_of_first([0, -6, 0, 1, 0, 1])[-1] > 8


def test_frames_that_do_not_follow_each_other_tell_nothing_of_each_other() -> None:
    assert not change_of_first([0, 6, 12], places=[1, 3])


def test_a_forgotten_frame_waits_no_longer() -> None:
    before, now, following = (plate(shot_at(x=6.0 * step)) for step in range(3))
    uncovered, way = Uncovered(), shifted(-6)
    left = remainder(before, now, way, None)
    uncovered.add(1, before, now, way, left, left.certain_change())
    uncovered.forget(2)
    assert not uncovered.add(2, now, following, way, left, left.certain_change())
