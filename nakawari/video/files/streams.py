"""Which of a file's tracks are used, and which are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from nakawari.errors import UserError
from nakawari.video.files.opening import check_dimensions, max_pixels
from nakawari.wording import count

# FFmpeg's own decoders of these codecs leave out the alpha channel that WebM keeps beside the
# picture.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
LABELS = ("language", "title")
TRACK_NAMES = {
    "audio": "sound track",
    "subtitle": "subtitle track",
    "attachment": "attached file",
    "data": "data track",
    "video": "further video track",
}


def video_stream(
    container: InputContainer, path: Path, tell: Callable[[str], None]
) -> av.VideoStream:
    """Return the first video track that can be decoded; cover pictures are not video tracks.

    Raises ``UserError`` if there is none, or if its header announces pictures that are too large.
    """
    streams = video_streams(container)
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


def video_streams(container: InputContainer) -> list[av.VideoStream]:
    """Return the video tracks, without cover pictures."""
    return [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]


def video_decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    """Return the decoder of a track, one that decodes its alpha channel too."""
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


def sound_streams(container: InputContainer) -> list[av.AudioStream]:
    """Return the sound tracks that can be decoded, the one that a player would choose first.

    That is the default one, or else the first.
    """
    playable = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return sorted(playable, key=lambda stream: not stream.disposition & Disposition.default)


def labels(stream: Stream) -> dict[str, str]:
    """Return a track's labels: its language and its title, as far as it has them."""
    return {name: stream.metadata[name] for name in LABELS if name in stream.metadata}


def left_out(container: InputContainer, kept: Collection[Stream], has_chapters: bool) -> str | None:
    """Return a line that says what of the input the output leaves out; ``None`` for nothing.

    Args:
        container: the input.
        kept: the input's tracks that the output has.
        has_chapters: whether the output has the input's chapters.
    """
    indices = {stream.index for stream in kept}
    kinds = Counter(_kind(stream) for stream in container.streams if stream.index not in indices)
    chapters = len(container.chapters())
    if chapters and has_chapters:
        chapters = 0
        kinds["data"] -= "mov" in container.format.name  # MOV keeps them in a track of their own
    words = [count(kinds[kind], name) for kind, name in TRACK_NAMES.items() if kinds[kind] > 0]
    words += [count(chapters, "chapter")] if chapters else []
    return f"left out: {', '.join(words)}" if words else None


def _kind(stream: Stream) -> str:
    return "attachment" if stream.disposition & Disposition.attached_pic else stream.type
