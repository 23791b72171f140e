"""From a file's packets to decoded frames: damaged packets are passed over, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer

from nakawari.errors import UserError
from nakawari.video.files.streams import video_decoder
from nakawari.video.pictures.linear_light import as_displayed
from nakawari.video.times.lost import A_PICTURE_A_PACKET, LostPictures
from nakawari.wording import count

HEAD = 32  # packets that are looked at before the first is decoded
MAX_LOST_SHARE = 0.05  # largest share of a clip's packets without a picture: one in twenty
STRICT_REMEDY = "copy or download it again, or leave out --strict to go on without them"


class _Stored(NamedTuple):
    """A packet that was read."""

    stamp: int | None  # when its picture is shown [ticks of the track]; None: not stored
    digest: bytes


class FrameDecoder:
    """Decodes one video track.

    Args:
        container: the file.
        stream: its track.
        path: its name, for messages.
        strict: refuse a damaged packet, instead of going on after it.
    """

    def __init__(
        self, container: InputContainer, stream: av.VideoStream, path: Path, strict: bool
    ) -> None:
        self.reached = Fraction(0)  # s, on the container's clock: the end of the longest stream
        self.damaged = 0  # packets that could not be decoded
        self.decoded = 0  # frames
        self.spoilt = 0  # decoded frames in which damage shows
        self._container = container
        self._stream = stream
        self._path = path
        self._strict = strict
        self._decoder = video_decoder(stream)
        self._stored: list[_Stored] = []
        self.lost = LostPictures(
            stream.time_base or Fraction(1, av.time_base),
            can_tell=self._decoder.codec.canonical_name in A_PICTURE_A_PACKET,
        )
        packets = self._packets()
        self.head = list(islice(packets, HEAD))
        self._frames = self._decode(chain(self.head, packets))

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next frame in the order of display; ``None`` at the end.

        Raises ``UserError`` if reading fails, and at the end if too much was damaged.
        """
        frame = next(self._frames, None)
        if frame is not None:
            self.decoded += 1
            self.spoilt += frame.is_corrupt
        return frame

    @property
    def missing(self) -> int:
        """How many packets gave no picture, as they or the pictures they refer to are damaged."""
        return max(self.damaged, self.lost.between)

    def seek(self, stamp: int) -> None:
        """Go to the last keyframe before ``stamp`` [ticks of the track]; it is the next frame."""
        self._container.seek(stamp, stream=self._stream)
        self._decoder.flush_buffers()
        self._stored.clear()
        self._frames = self._decode(self._packets())

    def forget(self) -> None:
        """Set all counts to zero: those of decoded, of spoilt and of missing pictures."""
        self.damaged = self.decoded = self.spoilt = 0
        self.lost.forget()

    def content(self, last: int | None) -> str:
        """Return a text that identifies the packets that were read since the last seek.

        Packets whose pictures are shown after ``last`` [ticks of the track] do not count, unless it
        is ``None``: how many of them are read depends on the number of cores.
        """
        told = sha256(f"{self._decoder.name}\n".encode())
        told.update(self._stream.codec_context.extradata or b"")
        for packet in self._stored:
            if last is None or packet.stamp is None or packet.stamp <= last:
                told.update(packet.digest)
        return told.hexdigest()[:32]

    @property
    def reorders(self) -> bool:
        """Whether frames may be stored in another order than they are shown in."""
        return bool(self._stream.codec_context.has_b_frames)

    def _packets(self) -> Iterator[av.Packet]:
        """Yield the track's packets, and note how far the packets of all streams reach."""
        try:
            # All streams count: the declared duration is the longest one's, subtitles included.
            for packet in self._container.demux():
                if packet.pts is not None and packet.time_base is not None:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
                    self.reached = max(self.reached, end)
                if packet.stream is self._stream:
                    yield packet
        except av.error.FFmpegError as error:
            raise UserError(
                f"{self._path} is damaged or truncated at about {float(self.reached):.2f} s "
                f"({error.strerror}); copy or download it again"
            ) from error

    def _decode(self, packets: Iterator[av.Packet]) -> Iterator[av.VideoFrame]:
        for packet in packets:
            self._stored.append(_Stored(packet.pts, _digest(packet)))
            if packet.size == 0 and packet.dts is not None:
                continue  # AVI's way to say that a frame stays; a decoder would take it for the end
            self.lost.store(packet)
            try:
                for frame in self._decoder.decode(packet):
                    if frame.is_corrupt and self._strict:
                        raise UserError(
                            f"{self._path} is damaged at about {self._second(packet):.2f} s (a "
                            f"picture decodes with errors); {STRICT_REMEDY}"
                        )
                    yield as_displayed(frame) if self._decoder.name == "exr" else frame
            except (MemoryError, av.error.MemoryError) as error:
                raise UserError(
                    f"not enough memory to decode {self._path}; free some, or scale it down first"
                ) from error
            except av.error.FFmpegError as error:
                self.damaged += 1
                if self._strict:
                    raise UserError(
                        f"{self._path} is damaged at about {self._second(packet):.2f} s "
                        f"({error.strerror}); {STRICT_REMEDY}"
                    ) from error
        self.check_loss()

    def _second(self, packet: av.Packet) -> float:
        if packet.pts is None or packet.time_base is None:
            return float(self.reached)
        return float(packet.pts * packet.time_base)

    def check_loss(self) -> None:
        """Raise ``UserError`` if too many packets gave no picture."""
        total = self.missing + self.decoded
        if self.missing > MAX_LOST_SHARE * total:
            raise UserError(
                f"{self._path} is damaged: {count(self.missing, 'packet')} of {total} cannot be "
                "decoded, which is too much to go on without; copy or download it again"
            )


def _digest(packet: av.Packet) -> bytes:
    told = sha256(f"{packet.pts} {packet.dts} {packet.duration} {packet.size}\n".encode())
    told.update(packet)
    for beside in packet.iter_sidedata():  # such as WebM's transparency
        told.update(bytes(beside))
    return told.digest()
