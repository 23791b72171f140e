"""Pictures that are stored in a file but do not come out of the decoder, told by their stamps.

A decoder passes over pictures whose references are missing, and says nothing. One lost keyframe
costs all pictures that refer to it. A recording that begins amid such pictures loses its first
ones.
"""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush

import av

from nakawari.video.times.track_times import MAX_JUMP

# Codecs in which every packet is a picture or a field. Others store hidden pictures, or pictures
# that only say that nothing changes.
A_PICTURE_A_PACKET = {"h264", "hevc", "mpeg2video"}
# Stamps within this share of a frame's duration belong to one picture: a second field has a stamp
# half a frame later than the picture that it belongs to.
OWN_SHARE = Fraction(3, 4)


class LostPictures:
    """Compares the stamps of packets with those of the frames that are shown.

    Args:
        tick: of the stamps [s].
        can_tell: whether each packet is a picture; if not, no picture is ever taken for lost.
    """

    def __init__(self, tick: Fraction, can_tell: bool) -> None:
        self._can_tell = can_tell
        self._longest = MAX_JUMP / tick
        self._tick = tick
        self._stored: list[int] = []  # stamps of packets, as a heap
        self._last: int | None = None  # stamp of the last frame that was shown
        self.leading = 0  # pictures before the first frame
        self.between = 0  # pictures between two frames, or after the last

    def store(self, packet: av.Packet) -> None:
        """Take a packet that goes to the decoder."""
        if self._can_tell and packet.pts is not None and packet.size and not packet.is_discard:
            heappush(self._stored, packet.pts)

    def show(self, stamp: int | None, rate: Fraction) -> int:
        """Take the stamp of the next frame; return how many pictures were lost just before it.

        ``rate`` is the clip's [frames a second].
        """
        if stamp is None:
            return 0
        own = OWN_SHARE / rate / self._tick
        passed = self._taken(stamp)
        last, self._last = self._last, stamp
        if last is None:
            self.leading = len({one for one in passed if one < stamp - own})
            return 0
        if not 0 < stamp - last <= self._longest:
            return 0
        return self._count(passed, last + own, stamp - own)

    def end(self, rate: Fraction) -> int:
        """Return how many pictures were lost after the last frame."""
        if self._last is None:
            return 0
        own = OWN_SHARE / rate / self._tick
        return self._count(self._stored, self._last + own, self._last + self._longest)

    def forget(self) -> None:
        """Count from here on, as after a seek."""
        self._stored.clear()
        self._last = None
        self.leading = self.between = 0

    def give_up(self) -> None:
        """Take no picture for lost from here on: the stamps are not those of pictures."""
        self._can_tell = False
        self.forget()

    def _taken(self, stamp: int) -> list[int]:
        taken: list[int] = []
        while self._stored and self._stored[0] <= stamp:
            taken.append(heappop(self._stored))
        return taken

    def _count(self, stamps: list[int], low: Fraction, high: Fraction) -> int:
        lost = len({stamp for stamp in stamps if low < stamp < high})
        self.between += lost
        return lost
