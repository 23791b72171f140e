"""What goes into the output beside the drawn pictures: sound, companions, a palette."""

from __future__ import annotations

from collections.abc import Callable

from av import VideoFrame

from nakawari.errors import UserError
from nakawari.slowmo.slow_job import SlowJob
from nakawari.video.codecs import Codec
from nakawari.video.companions import Companions
from nakawari.video.files.sequence import is_sequence
from nakawari.video.pictures.palette import palette_of
from nakawari.video.reader import ClipInfo
from nakawari.video.sound.stretched_audio import StretchedAudio


def palette_for(job: SlowJob, codec: Codec) -> VideoFrame | None:
    """Return the palette of an output whose codec needs one, else ``None``.

    For this the whole clip is read once more.
    """
    if not codec.has_palette:
        return None
    with job.open(richest=codec.richest) as reader:
        return palette_of((frame.picture for frame in reader.frames()), reader.info.tags)


def audio_for(
    job: SlowJob, info: ClipInfo, codec: Codec, tell: Callable[[str], None]
) -> list[StretchedAudio]:
    """Return the sound tracks of the output; the first is the one that a player would choose.

    Raises ``UserError`` if the first cannot be read. If another one cannot be read, it is left out,
    and ``tell`` is given a line that says so.
    """
    if job.audio == "drop" or not info.has_audio:
        return []
    if codec.sound is None:
        tell(f"left out: the sound, for which {codec.title} has no room")
        return []
    tracks = [StretchedAudio(job.source, info.start, job.pace, tell)]
    for number in range(1, info.sound_tracks):
        try:
            tracks.append(StretchedAudio(job.source, info.start, job.pace, number=number))
        except UserError:
            tell(f"left out: sound track {number + 1}, which cannot be read")
    return tracks


def companions_for(
    job: SlowJob, info: ClipInfo, codec: Codec, tell: Callable[[str], None]
) -> Companions | None:
    """Return what goes with picture and sound, such as subtitles.

    ``None`` if the source is a sequence of pictures, which has nothing of the kind.
    """
    if is_sequence(job.source):
        return None
    return Companions(
        job.source,
        start=info.start,
        duration=info.duration,
        pace=job.pace,
        container=codec.container_of(job.output),
        has_sound=job.audio != "drop" and codec.sound is not None,
        tell=tell,
    )
