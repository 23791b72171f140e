"""What an output can be: how pictures and sound are encoded, and in which containers.

The command line's help lists the codecs, so this loads nothing that is slow to load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path

from nakawari.errors import UserError
from nakawari.video.files.names import NamePattern
from nakawari.video.pictures.form import BITS, CHROMAS, PictureForm

_MP4 = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}


@dataclass(frozen=True, kw_only=True)
class Codec:
    """One way to encode an output.

    Attributes:
        title: what people call it.
        encoder: FFmpeg's encoder for the pictures.
        pixel_formats: those that the encoder may be given, the least first. It gets the first one
            that holds all of a picture.
        containers: FFmpeg's name of each container, by the ending of the output's name; the usual
            one first.
        options: of the encoder.
        sound: FFmpeg's encoder for the sound; None: there is no room for any.
        tag: the tag by which players know the stream; None: FFmpeg's own choice.
        tells_range: whether the file says if its luma uses 0-255 or 16-235. Where it does not,
            everything is written in 16-235, which players assume.
        matrix: the only matrix that the file can state, as a number of ITU-T H.273. Pictures in
            another matrix are converted to it. None: the file can state any.
        smallest: least width and height [px] that the encoder takes.
        longest: longest side [px] that it takes.
        fastest: most frames a second that it takes; None: any number.
    """

    title: str
    encoder: str
    pixel_formats: tuple[str, ...]
    containers: dict[str, str]
    options: dict[str, str] = field(default_factory=dict)
    sound: str | None = "aac"
    tag: str | None = None
    tells_range: bool = True
    matrix: int | None = None
    smallest: tuple[int, int] = (2, 2)
    longest: int = 16384
    fastest: Fraction | None = None

    @property
    def ending(self) -> str:
        """The usual ending of an output's name."""
        return next(iter(self.containers))

    def container_of(self, output: Path) -> str:
        """Return FFmpeg's name of an output's container."""
        return SEQUENCE if self.is_sequence else self.containers[output.suffix.lower()]

    @property
    def is_sequence(self) -> bool:
        """Whether the output is a folder of pictures, and not a file."""
        return SEQUENCE in self.containers.values()

    @property
    def has_palette(self) -> bool:
        """Whether the pictures have only few colours, which are chosen beforehand."""
        return "pal8" in self.pixel_formats

    @property
    def richest(self) -> PictureForm:
        """The richest form of pictures of which nothing is lost."""
        forms = [_form(name) for name in self.pixel_formats]
        return PictureForm(
            max((form.chroma for form in forms), key=CHROMAS.index),
            max(form.bits for form in forms),
            any(form.alpha for form in forms),
        )

    def pixel_format_for(self, form: PictureForm) -> str:
        """Return the pixel format that the encoder is given for pictures of a form."""
        fitting = [name for name in self.pixel_formats if _form(name).holds(form)]
        assert fitting, f"{self.title} has no room for {form}"
        return fitting[0]


def _form(pixel_format: str) -> PictureForm:
    from av import VideoFormat

    return PictureForm.of(VideoFormat(pixel_format))


def _lossless_formats() -> tuple[str, ...]:
    """Return FFV1's name of every form, the least first."""
    forms = [
        PictureForm(chroma, bits, alpha)
        for alpha, chroma, bits in product((False, True), CHROMAS, BITS)
        if (chroma, bits, alpha) != ("420", 12, True)  # which FFmpeg does not know
    ]
    own = {"gbrp": "bgr0", "gbrap": "bgra"}
    return tuple(own.get(form.pixel_format, form.pixel_format) for form in forms)


SEQUENCE = "image2"
"""FFmpeg's name of the muxer that writes each picture to a file of its own."""


CODECS = {
    # Lines and flat colours show coding noise sooner than film does, and an editor encodes the file
    # once more. The quality is therefore well above that of x264's usual factor of 23. A pan in
    # anime at 48 frames a second has LPIPS 0.0099 at 12, 0.0082 at 10, 0.0069 at 8 and 0.0061 at 6,
    # for 245, 345, 485 and 656 kB. A short look-ahead costs next to nothing at constant quality,
    # and keeps 30 frames less in memory.
    "h264": Codec(
        title="H.264",
        encoder="libx264",
        pixel_formats=("yuv420p",),
        containers=_MP4,
        options={"crf": "8", "preset": "medium", "rc-lookahead": "10"},
    ),
    "h265": Codec(
        title="H.265, 10 bit",
        encoder="libx265",
        pixel_formats=("yuv420p10le",),
        containers=_MP4,
        options={"crf": "10", "preset": "medium", "x265-params": "log-level=error"},
        tag="hvc1",  # the one of FFmpeg's two that Apple's players open
        smallest=(16, 16),
        longest=8192,
    ),
    "prores": Codec(
        title="ProRes 422 HQ",
        encoder="prores_ks",
        pixel_formats=("yuv422p10le",),
        containers={".mov": "mov"},
        options={"profile": "hq", "vendor": "apl0"},
        sound="pcm_s16le",
        tells_range=False,
    ),
    "prores4444": Codec(
        title="ProRes 4444",
        encoder="prores_ks",
        pixel_formats=("yuv444p10le", "yuva444p10le"),
        containers={".mov": "mov"},
        options={"profile": "4444", "vendor": "apl0", "alpha_bits": "16"},
        sound="pcm_s16le",
        tells_range=False,
    ),
    "dnxhr": Codec(
        title="DNxHR HQX",
        encoder="dnxhd",
        pixel_formats=("yuv422p10le",),
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
        pixel_formats=_lossless_formats(),
        containers={".mkv": "matroska"},
        options={"level": "3", "slicecrc": "1"},
        sound="flac",
    ),
    "vp9": Codec(
        title="VP9",
        encoder="libvpx-vp9",
        pixel_formats=("yuv420p", "yuva420p"),
        containers={".webm": "webm", ".mkv": "matroska"},
        options={"crf": "12", "b": "0", "row-mt": "1", "deadline": "good", "cpu-used": "3"},
        sound="libopus",
    ),
    "av1": Codec(
        title="AV1, 10 bit",
        encoder="libsvtav1",
        pixel_formats=("yuv420p10le",),
        containers={".mp4": "mp4", ".mkv": "matroska", ".webm": "webm"},
        # samples/dance.mp4 has a PSNR of 52.8 dB at 5.2 kB a frame; in H.265, 51.8 dB at 4.5 kB.
        options={"crf": "10", "preset": "7"},
        sound="libopus",
        smallest=(64, 64),
    ),
    "png": Codec(
        title="PNG sequence",
        encoder="png",
        pixel_formats=("rgb24", "rgba", "rgb48be", "rgba64be"),
        containers={".png": SEQUENCE},
        options={"pred": "mixed"},
        sound=None,
        smallest=(1, 1),
        longest=65535,
    ),
    "gif": Codec(
        title="GIF",
        encoder="gif",
        pixel_formats=("pal8",),
        containers={".gif": "gif"},
        sound=None,
        smallest=(1, 1),
        longest=65535,
        fastest=Fraction(50),
    ),
}
"""The codecs by their names in ``--codec``. An output's ending chooses the first that has it."""


def codec_for(output: Path, name: str | None) -> Codec:
    """Return the codec ``name``, or the first one that has the output's ending.

    Raises ``UserError`` if the ending is not one of the codec's, or not one of any codec.
    """
    ending = output.suffix.lower()
    if name is None:
        fitting = [codec for codec in CODECS.values() if ending in codec.containers]
        if not fitting:
            known = dict.fromkeys(end for codec in CODECS.values() for end in codec.containers)
            raise UserError(
                f"output {output} must end in one of {', '.join(known)}; choose such a name with -o"
            )
        codec = fitting[0]
    else:
        codec = CODECS[name]
    is_file = ending in codec.containers
    if codec.is_sequence and is_file and NamePattern.of(output.name) is None:
        raise UserError(
            f"output {output} is the name of one picture; write a place for the number into it, "
            "such as slow/frame_%04d.png"
        )
    if codec.is_sequence and ending not in _ENDINGS:
        return codec  # the output is a folder, which may have any name but that of a file
    if not is_file:
        raise UserError(
            f"{codec.title} goes into a file that ends in {' or '.join(codec.containers)}, and the "
            f"output is {output}; choose such a name with -o, or another --codec"
        )
    return codec


_ENDINGS = frozenset(ending for codec in CODECS.values() for ending in codec.containers)


def check_rate(codec: Codec, rate: Fraction) -> None:
    """Raise ``UserError`` if a codec cannot show so many frames a second."""
    if codec.fastest is not None and rate > codec.fastest:
        raise UserError(
            f"{codec.title} shows at most {codec.fastest} frames/s, and the output has "
            f"{float(rate):.3f}; set fewer with --fps, or choose another --codec"
        )


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
