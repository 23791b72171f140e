"""A run that was cut off while it compared takes goes on with them, and leaves nothing behind."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.slowmo.kept.compared import ComparedBefore
from nakawari.slowmo.kept.segments import UnwantedError, compared_folder, remove_kept
from nakawari.slowmo.takes import LIST
from nakawari.whole import PREFIX
from tests.builders.takes import Counting, drawer, lumas, run, unsure_clip


@pytest.fixture
def clip(make_clip):
    return unsure_clip(make_clip)


def test_a_run_that_was_cut_off_goes_on_with_its_takes(clip) -> None:
    whole = run(clip, "whole.mkv", takes=4)
    calls = 0

    def breaking(*frames, seed=0):
        nonlocal calls
        calls += 1
        if calls > 20:
            raise OSError("the power is gone")
        return drawer(*frames, seed=seed)

    with pytest.raises(OSError, match="power"):
        run(clip, "cut.mkv", breaking, takes=4)
    left = {path.name for path in clip.parent.iterdir() if path.name.startswith("cut")}
    assert not left
    result = run(clip, "cut.mkv", takes=4, resume=True)
    assert whole.takes is not None
    assert result.takes is not None
    texts = [(takes.folder / LIST).read_text() for takes in (whole.takes, result.takes)]
    assert texts[0] == texts[1].replace("cut.mkv", "whole.mkv")
    for seed in range(4):
        name = f"frames_4-6.seed_{seed}.mp4"
        clips = [(takes.folder / name).read_bytes() for takes in (whole.takes, result.takes)]
        assert clips[0] == clips[1]
    assert not [path for path in clip.parent.iterdir() if path.name.startswith(PREFIX)]


def hidden(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(PREFIX))


class Breaking(Counting):
    """Draws until so many in-betweens are drawn, and breaks then."""

    def __init__(self, most: int, error: BaseException) -> None:
        super().__init__()
        self._most, self._error = most, error

    def __call__(self, *frames, seed: int = 0):
        if len(self.drawn) >= self._most:
            raise self._error
        return super().__call__(*frames, seed=seed)


def test_what_was_compared_before_the_run_was_cut_off_is_not_drawn_again(clip) -> None:
    whole = Counting()
    run(clip, "whole.mkv", whole, takes=4, codec="ffv1")
    first, second = Breaking(50, OSError("the power is gone")), Counting()
    with pytest.raises(OSError, match="power"):
        run(clip, "cut.mkv", first, takes=4, codec="ffv1", resume=True)
    assert len(hidden(clip.parent)) == 2  # frames, and what was compared
    run(clip, "cut.mkv", second, takes=4, codec="ffv1", resume=True)
    drawn, wanted = Counter(first.drawn + second.drawn), Counter(whole.drawn)
    assert not wanted - drawn
    again = drawn - wanted
    assert set(again) <= {0}  # the output's own, of which the last interval was not written yet
    assert again.total() <= 7
    assert hidden(clip.parent) == []
    assert all(map(np.array_equal, lumas(clip.with_name("cut.mkv")),
                   lumas(clip.with_name("whole.mkv"))))  # fmt: skip


@pytest.mark.parametrize(
    ("error", "resume", "stays"),
    [(OSError("gone"), True, True), (OSError("gone"), False, False),
     (KeyboardInterrupt(), False, False), (KeyboardInterrupt(), True, True),
     (UnwantedError(), True, False)],
)  # fmt: skip
def test_what_was_compared_stays_for_who_goes_on(clip, error, resume, stays) -> None:
    with pytest.raises(type(error)):
        run(clip, "cut.mkv", Breaking(20, error), takes=4, resume=resume)
    assert compared_folder(clip.with_name("cut.mkv")).exists() == stays
    remove_kept(clip.with_name("cut.mkv"))
    assert hidden(clip.parent) == []


def test_what_was_compared_goes_when_the_output_is_made_without_takes(clip) -> None:
    with pytest.raises(OSError, match="gone"):
        run(clip, "cut.mkv", Breaking(20, OSError("gone")), takes=4, resume=True)
    run(clip, "cut.mkv", resume=True)
    assert hidden(clip.parent) == []


def test_two_runs_that_compare_for_one_output_fail(tmp_path) -> None:
    output = tmp_path / "slow.mp4"
    with ComparedBefore(output, "drawer", resume=True):
        with pytest.raises(UserError, match="another run is writing"):
            ComparedBefore(output, "drawer", resume=True)
        remove_kept(output)
        assert compared_folder(output).exists()
    assert hidden(tmp_path) == []
