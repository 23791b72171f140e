"""What is told of the damage that was bridged in reading a clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nakawari.errors import UserError
from nakawari.video.decoding import FrameDecoder
from nakawari.wording import count


def tell_repairs(
    path: Path, decoder: FrameDecoder, rebuilt: int, say: Callable[[str], None], strict: bool
) -> None:
    """Tell what was damaged in a clip that has been read, in a line each.

    Args:
        path: the clip.
        decoder: the one that has decoded it.
        rebuilt: the number of places at which time stamps were rebuilt.
        say: is given the lines.
        strict: raise ``UserError`` where time stamps were rebuilt.
    """
    if decoder.lost.leading:
        say(
            f"what the first {count(decoder.lost.leading, 'picture')} refer to is not in the "
            "file; they cannot be decoded, and the clip begins after them"
        )
    if decoder.spoilt:
        say(f"damage shows in {count(decoder.spoilt, 'picture')} of the video, used as decoded")
    if decoder.missing:
        say(
            f"{count(decoder.missing, 'packet')} of the video cannot be decoded; where a "
            "picture is missing, the one before it is repeated"
        )
    if rebuilt and strict:
        raise UserError(
            f"{path} has time stamps that go back or jump, at {count(rebuilt, 'place')}; "
            "leave out --strict to have them rebuilt"
        )
    if rebuilt:
        say(
            f"the time stamps go back or jump at {count(rebuilt, 'place')}; every frame is "
            "kept, and these times are rebuilt from the frame rate"
        )
