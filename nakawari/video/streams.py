"""Which of a file's tracks are used, and which are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from nakawari.errors import UserError
from nakawari.video.opening import check_dimensions, max_pixels
from nakawari.wording import count

# FFmpeg's own decoders of these leave out the alpha channel that WebM keeps beside the picture.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
TRACK_NAMES = {
    "subtitle": "subtitle track",
    "attachment": "attached file",
    "data": "data track",
    "video": "further video track",
}


def video_stream(
    container: InputContainer, path: Path, tell: Callable[[str], None]
) -> av.VideoStream:
    """Return the first video track that can be decoded; covers are none.

    Raises ``UserError`` if there is none, or if its header announces pictures that are too large.
    """
    streams = _videos(container)
    if not streams:
        raise UserError(f"{path} has no video stream; give a video file")
    for number, stream in enumerate(streams, 1):
        if stream.codec_context is None:
            continue
        check_dimensions(path, stream.codec_context.width, stream.codec_context.height)
        if number > 1:
            tell(f"video track {number} is used, as there is no decoder for those before it")
        return stream
    raise UserError(
        f"{path} has no video that can be decoded, as there is no decoder for it; convert it to "
        "H.264 first"
    )


def _videos(container: InputContainer) -> list[av.VideoStream]:
    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]


def video_decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    """Return what decodes a track, its alpha channel included."""
    decoder = stream.codec_context
    name = ALPHA_DECODERS.get(decoder.name)
    if stream.metadata.get("alpha_mode") == "1" and name in av.codecs_available:
        own = av.CodecContext.create(name, "r")
        assert isinstance(own, av.VideoCodecContext)
        own.extradata = decoder.extradata
        decoder = own
    decoder.options = {"max_pixels": str(max_pixels())}
    decoder.thread_type = "AUTO"
    return decoder


def sound_stream(container: InputContainer, tell: Callable[[str], None]) -> av.AudioStream | None:
    """Return the sound track that a player would choose: the default one, or else the first.

    One without a decoder is passed over; ``None`` if that leaves none. Which one is kept is told
    where there is a choice.
    """
    streams = container.streams.audio
    playable = [stream for stream in streams if stream.codec_context is not None]
    if not playable:
        return None
    chosen = next((s for s in playable if s.disposition & Disposition.default), playable[0])
    if len(streams) > 1:
        language = chosen.metadata.get("language", "und")
        words = [f"sound track {streams.index(chosen) + 1} of {len(streams)}"]
        words += [f"({language})"] if language != "und" else []
        words += ["is kept"]
        unplayable = len(streams) - len(playable)
        words += [f"; there is no decoder for {unplayable} of them"] if unplayable else []
        tell(" ".join(words).replace(" ;", ";"))
    return chosen


def tell_left_out(
    container: InputContainer, video: av.VideoStream, tell: Callable[[str], None]
) -> None:
    """Tell, in a line, of everything beside picture and sound that an output will not have."""
    kinds = Counter(_kind(stream) for stream in container.streams if stream is not video)
    words = [count(kinds[kind], name) for kind, name in TRACK_NAMES.items() if kinds[kind]]
    chapters = len(container.chapters())
    words += [count(chapters, "chapter")] if chapters else []
    if words:
        tell(f"left out: {', '.join(words)}")


def _kind(stream: Stream) -> str:
    return "attachment" if stream.disposition & Disposition.attached_pic else stream.type
