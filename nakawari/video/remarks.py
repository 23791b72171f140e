"""What is told about a clip as it is read and written: one line each, and none twice."""

from __future__ import annotations

from collections.abc import Callable

import av

from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.picture import is_see_through
from nakawari.wording import count

SEE_THROUGH = "transparency is laid on black"
INTERLACED = {2, 3, 4, 5}  # of AVFieldOrder, which says which field is shown and coded first


class Remarks:
    """Tells each line only once, although every frame of a clip may give cause for it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def say(self, line: str) -> None:
        """Tell a line."""
        if line not in self._told:
            self._told.add(line)
            self._tell(line)

    def tell_interlaced(self, frame: av.VideoFrame, stream: av.VideoStream) -> None:
        """Tell if a frame is made of two fields."""
        # Not every codec marks its frames as interlaced; the stream may be marked instead.
        if frame.interlaced_frame or stream.codec_context.field_order in INTERLACED:
            self.say("the clip is interlaced; deinterlace it first for clean in-betweens")

    def tell_losses(self, frame: av.VideoFrame, richest: PictureForm) -> None:
        """Tell which parts of a frame do not fit into the richest form that pictures may have."""
        if PictureForm.of(frame.format).bits > richest.bits:
            self.say(f"{frame.format.name} is converted to {richest.bits} bits a channel")
        needs_even = PictureForm.of(frame.format).at_most(richest).shared != (1, 1)
        if needs_even and (frame.width % 2 or frame.height % 2):
            self.say(
                f"4:2:0 needs an even size: {frame.width}x{frame.height} grows to "
                f"{frame.width + frame.width % 2}x{frame.height + frame.height % 2} by repeating "
                "the last column or row"
            )
        if not richest.alpha and SEE_THROUGH not in self._told and is_see_through(frame):
            self.say(SEE_THROUGH)


def timeless(number: int, total: int) -> str:
    """Return a line that says that so many of all pictures do not say how long they are shown."""
    return (
        f"{number:,} of {count(total, 'picture')} do not say how long they are shown; each is "
        "taken to last 0.1 s, as in browsers"
    )
