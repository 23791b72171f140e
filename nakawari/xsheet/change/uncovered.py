"""Background that a figure hid until now, looked for in the frames around.

Under a camera that moves, it comes to light beside figures that do not go along. It cannot be found
in the frame before. In another frame, in which nothing hides it, it is where the camera has carried
it. A pan shows it in the next frame. A shake may hide it again at once. It is therefore looked for
in the frames before, too, and in those after the next as long as something is left to be found.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from nakawari.xsheet.camera.alignment import Matrix, after, goes_back, inverse
from nakawari.xsheet.camera.motion import STILL
from nakawari.xsheet.change.change import Plate, Remainder
from nakawari.xsheet.settings import DEFAULT, DetectorSettings

Seen = tuple[Plate, Matrix]  # a frame, and the camera's motion to it


class Found(NamedTuple):
    """What is left of a frame's change after another look."""

    place: int  # in the shot
    change: float  # code values


class _Waiting(NamedTuple):
    """A frame in which something may have been uncovered."""

    place: int
    now: Plate
    left: Remainder
    change: float  # of what is left [code values]
    certain: float  # the same where nothing was hidden
    way: Matrix  # the camera's motion from this frame to the last one


class Uncovered:
    """The frames of a camera move that wait for others to tell what was uncovered in them."""

    def __init__(self, settings: DetectorSettings = DEFAULT) -> None:
        self._settings = settings
        self._waiting: deque[_Waiting] = deque(maxlen=settings.uncovered.frames_after)
        self._place: int | None = None  # of the last frame
        self._camera: Matrix = STILL  # its motion from the frame before
        self._earlier: list[Seen] = []  # frames before it

    @property
    def place(self) -> int | None:
        """The place in the shot of the last frame that was added."""
        return self._place

    def add(
        self,
        place: int,
        before: Plate,
        now: Plate,
        camera: Matrix,
        left: Remainder,
        certain: float,
    ) -> list[Found]:
        """Add the frame at a place in the shot; return what it tells about those that wait.

        ``camera`` leads from the frame before to it. ``left`` is what remains of their difference,
        and ``certain`` is its certain change. If a frame was left out since the last one, those
        that wait are given up.
        """
        back = inverse(camera)
        found: list[Found] = []
        earlier: list[Seen] = []
        if self._place == place - 1:
            found = list(self._look(now, camera))
            earlier = [(plate, after(way, back)) for plate, way in self._earlier]
        else:
            self._waiting.clear()
        self._place, self._camera = place, camera
        self._earlier = [(before, back), *earlier][: self._settings.uncovered.frames_before]
        self._waiting.append(_Waiting(place, now, left, left.change(), certain, STILL))
        return found

    def forget(self, place: int) -> None:
        """Let the frames before a place wait no longer."""
        kept = (frame for frame in self._waiting if frame.place >= place)
        self._waiting = deque(kept, maxlen=self._waiting.maxlen)

    def _look(self, now: Plate, camera: Matrix) -> Iterator[Found]:
        for frame in list(self._waiting):
            self._waiting.popleft()
            if self._is_settled(frame):  # it only waited for the next frame
                yield Found(frame.place, frame.change)
                continue
            way = after(camera, frame.way)
            others = [(now, way)]
            if frame.place == self._place:
                # If the camera goes back to a frame, a figure hides there what it now uncovers.
                others += [
                    (plate, back)
                    for plate, back in self._earlier
                    if not goes_back(
                        back, self._camera, now.smooth.luma.shape, self._settings.contours
                    )
                ]
            left = frame.left.beside(frame.now, others)
            frame = frame._replace(left=left, change=left.change(), way=way)
            yield Found(frame.place, frame.change)
            if not self._is_settled(frame):
                self._waiting.append(frame)

    def _is_settled(self, frame: _Waiting) -> bool:
        """Return whether it no longer matters what other frames tell."""
        slight = min(frame.change, frame.change - frame.certain)
        if slight <= self._settings.differences.clean:
            return True
        return frame.certain > self._settings.uncovered.drawn
