"""What an output can be: how pictures and sound are encoded, and in which containers.

The command line's help lists the codecs, so this loads nothing that is slow to load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nakawari.errors import UserError

_MP4 = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


@dataclass(frozen=True, kw_only=True)
class Codec:
    """One way to encode an output.

    Attributes:
        title: what people call it.
        encoder: FFmpeg's, for the pictures.
        pixel_format: that the encoder is given.
        containers: FFmpeg's name of each container, by the ending of the output's name; the usual
            one first.
        options: of the encoder.
        sound: FFmpeg's encoder for the sound.
        tag: by which players know the stream; None: FFmpeg's own choice.
        tells_range: whether the file says if its luma uses 0-255 or 16-235. Where it does not,
            everything is written in 16-235, which players assume.
        matrix: numbers of ITU-T H.273; the only one that the file can name, to which pictures in
            another are converted. None: it can name each.
        smallest: width and height [px] that the encoder takes at least.
        longest: side [px] that it takes at most.
    """

    title: str
    encoder: str
    pixel_format: str
    containers: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    sound: str = "aac"
    tag: str | None = None
    tells_range: bool = True
    matrix: int | None = None
    smallest: tuple[int, int] = (2, 2)
    longest: int = 16384

    @property
    def ending(self) -> str:
        """The usual ending of an output's name."""
        return next(iter(self.containers))


CODECS = {
    # Lines and flat colours show coding noise sooner than film does, and an editor codes the file
    # once more: well above x264's usual 23. A pan in anime at 48 frames a second has LPIPS 0.0099
    # at 12, 0.0082 at 10, 0.0069 at 8 and 0.0061 at 6, for 245, 345, 485 and 656 kB.
    # A short look-ahead costs next to nothing at constant quality and keeps 30 frames less in
    # memory.
    "h264": Codec(
        title="H.264",
        encoder="libx264",
        pixel_format="yuv420p",
        containers=_MP4,
        options={"crf": "8", "preset": "medium", "rc-lookahead": "10"},
    ),
    "h265": Codec(
        title="H.265, 10 bit",
        encoder="libx265",
        pixel_format="yuv420p10le",
        containers=_MP4,
        options={"crf": "10", "preset": "medium", "x265-params": "log-level=error"},
        tag="hvc1",  # the one of FFmpeg's two that Apple's players open
        smallest=(16, 16),
        longest=8192,
    ),
    "prores": Codec(
        title="ProRes 422 HQ",
        encoder="prores_ks",
        pixel_format="yuv422p10le",
        containers={".mov": "mov"},
        options={"profile": "hq", "vendor": "apl0"},
        sound="pcm_s16le",
        tells_range=False,
    ),
    "dnxhr": Codec(
        title="DNxHR HQX",
        encoder="dnxhd",
        pixel_format="yuv422p10le",
        containers={".mov": "mov"},
        options={"profile": "dnxhr_hqx"},
        sound="pcm_s16le",
        tells_range=False,
        matrix=1,  # BT.709
        smallest=(256, 120),
    ),
    "ffv1": Codec(
        title="FFV1, lossless",
        encoder="ffv1",
        pixel_format="yuv420p",
        containers={".mkv": "matroska"},
        options={"level": "3", "slicecrc": "1"},
        sound="flac",
    ),
    "vp9": Codec(
        title="VP9",
        encoder="libvpx-vp9",
        pixel_format="yuv420p",
        containers={".webm": "webm", ".mkv": "matroska"},
        options={"crf": "12", "b": "0", "row-mt": "1", "deadline": "good", "cpu-used": "3"},
        sound="libopus",
    ),
}
"""By the word of ``--codec``. A name's ending chooses the first that has it."""


def codec_for(output: Path, name: str | None) -> Codec:
    """Return the codec ``name``, or that of the output's ending.

    Raises ``UserError`` if the ending is none of the codec's, or of any.
    """
    ending = output.suffix.lower()
    if name is None:
        for codec in CODECS.values():
            if ending in codec.containers:
                return codec
        known = dict.fromkeys(ending for codec in CODECS.values() for ending in codec.containers)
        raise UserError(
            f"output {output} must end in one of {', '.join(known)}; choose such a name with -o"
        )
    codec = CODECS[name]
    if ending not in codec.containers:
        raise UserError(
            f"{codec.title} goes into a file that ends in {' or '.join(codec.containers)}, and the "
            f"output is {output}; choose such a name with -o, or another --codec"
        )
    return codec


def check_picture(codec: Codec, width: int, height: int) -> None:
    """Raise ``UserError`` if a codec has no room for pictures of this size [px]."""
    if max(width, height) > codec.longest:
        raise UserError(
            f"pictures of {width}x{height} do not fit into {codec.title}, which has "
            f"{codec.longest} pixels a side; scale the clip down first, or choose another --codec"
        )
    least_width, least_height = codec.smallest
    if width < least_width or height < least_height:
        raise UserError(
            f"{codec.title} takes pictures of {least_width}x{least_height} and more, and these are "
            f"{width}x{height}; choose another --codec"
        )
