"""Every codec keeps frames, clock, colours and sound, and says what it cannot take."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.video.audio import StretchedAudio
from nakawari.video.codecs import CODECS, Codec, check_picture, codec_for
from nakawari.video.color import BT709, FULL, LIMITED, ColorTags, from_rgb, to_rgb
from nakawari.video.picture import Picture
from nakawari.video.reader import VideoReader
from nakawari.video.writer import VideoWriter

RATE = Fraction(24000, 1001)
WIDTH, HEIGHT, PATCH = 384, 256, 64  # px; patches so large that coding leaves their middles alone
FRAMES = 4


def chart() -> np.ndarray:
    """Return 24 patches of grey, of strong and of pale colours, RGB in [-1, 1], (3, H, W)."""
    levels = np.array([-0.8, 0.0, 0.8])
    strong = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)[:24]
    patches = strong.reshape(HEIGHT // PATCH, WIDTH // PATCH, 3)
    return patches.repeat(PATCH, 0).repeat(PATCH, 1).transpose(2, 0, 1).astype(np.float32)


def chart_picture(tags: ColorTags) -> Picture:
    import torch

    return from_rgb(torch.from_numpy(chart()), tags)


def write(path: Path, codec: Codec, tags: ColorTags, sound: Path | None = None) -> None:
    audio = (
        None if sound is None else StretchedAudio(sound, Fraction(0), Pace.constant(Fraction(1)))
    )
    with VideoWriter(
        path, codec=codec, width=WIDTH, height=HEIGHT, rate=RATE, tags=tags, audio=audio
    ) as writer:
        for _ in range(FRAMES):
            writer.write(chart_picture(tags))


def write_sound(path: Path, seconds: float, rate: int) -> Path:
    """Write a tone in two channels as a WAV file."""
    tone = np.sin(np.arange(int(seconds * rate)) * 0.05) * 8000
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat(tone.astype("<i2"), 2).tobytes())
    return path


def middles(rgb: np.ndarray) -> np.ndarray:
    """Return the mean colour of each patch's middle in codes 0 to 255, (patches, 3)."""
    codes = (rgb + 1) * 127.5
    patches = codes.reshape(3, HEIGHT // PATCH, PATCH, WIDTH // PATCH, PATCH)
    return patches[:, :, 16:-16, :, 16:-16].mean(axis=(2, 4)).reshape(3, -1).T


@pytest.mark.parametrize("value_range", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [BT709, 6])
@pytest.mark.parametrize("name", CODECS)
def test_colours_come_back(tmp_path: Path, name: str, matrix: int, value_range: int) -> None:
    codec = CODECS[name]
    tags = ColorTags(matrix=matrix, value_range=value_range, primaries=1, transfer=1)
    path = tmp_path / f"chart{codec.ending}"
    write(path, codec, tags)
    with VideoReader(path) as reader:
        read = [frame.picture for frame in reader.frames()]
        found = reader.info.tags
    assert len(read) == FRAMES
    assert found.matrix == (codec.matrix or matrix)
    assert found.is_full == (tags.is_full and codec.tells_range)
    assert (found.primaries, found.transfer) == (1, 1)
    # As the picture to be written has it: eight bits of luma and chroma are a code or two coarser.
    wanted = middles(to_rgb(chart_picture(tags), tags)[0].numpy())
    for picture in read:
        error = middles(to_rgb(picture, found)[0].numpy()) - wanted
        assert np.abs(error).max() <= 1.0


@pytest.mark.parametrize("name", CODECS)
def test_frames_lie_on_the_exact_clock_as_far_as_the_container_knows(
    tmp_path: Path, name: str
) -> None:
    codec = CODECS[name]
    path = tmp_path / f"a{codec.ending}"
    write(path, codec, ColorTags())
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == codec.pixel_format
        times = [frame.time for frame in container.decode(stream)]
    exact = [float(number / RATE) for number in range(FRAMES)]
    # Matroska and WebM count whole milliseconds.
    slack = 1e-9 if codec.containers[codec.ending] in ("mp4", "mov") else 0.0006
    assert times == pytest.approx(exact, abs=slack)


@pytest.mark.parametrize("name", CODECS)
def test_the_sound_comes_along(tmp_path: Path, name: str) -> None:
    codec = CODECS[name]
    sound = write_sound(tmp_path / "sound.wav", seconds=1.0, rate=44_100)
    path = tmp_path / f"a{codec.ending}"
    write(path, codec, ColorTags(), sound)
    with av.open(str(path)) as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(float(FRAMES / RATE), abs=0.06)


def test_ffv1_loses_nothing(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    planes = [
        generator.integers(0, 256, (HEIGHT // part, WIDTH // part), np.uint8) for part in (1, 2, 2)
    ]
    path = tmp_path / "a.mkv"
    with VideoWriter(
        path, codec=CODECS["ffv1"], width=WIDTH, height=HEIGHT, rate=RATE, tags=ColorTags()
    ) as writer:
        for _ in range(FRAMES):
            writer.write(Picture(*planes))
    with VideoReader(path) as reader:
        for frame in reader.frames():
            for read, written in zip(frame.picture, planes, strict=True):
                np.testing.assert_array_equal(read, written)


def test_h265_in_mp4_has_the_tag_that_apples_players_open(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", CODECS["h265"], ColorTags())
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


@pytest.mark.parametrize(
    ("output", "name", "encoder"),
    [
        ("a.mp4", None, "libx264"),
        ("a.MOV", None, "libx264"),
        ("a.webm", None, "libvpx-vp9"),
        ("a.mov", "prores", "prores_ks"),
        ("a.mkv", "ffv1", "ffv1"),
    ],
)
def test_the_name_and_the_word_choose_the_codec(
    output: str, name: str | None, encoder: str
) -> None:
    assert codec_for(Path(output), name).encoder == encoder


def test_a_name_that_fits_no_codec_is_refused() -> None:
    with pytest.raises(UserError, match=r"must end in one of \.mp4, \.m4v, \.mov, \.mkv, \.webm"):
        codec_for(Path("out.avi"), None)
    with pytest.raises(UserError, match=r"ProRes 422 HQ goes into a file that ends in \.mov"):
        codec_for(Path("out.mp4"), "prores")


def test_pictures_without_room_in_the_codec_are_refused() -> None:
    check_picture(CODECS["h264"], 16384, 16)
    with pytest.raises(UserError, match=r"pictures of 16x16386 do not fit into H\.264, .*scale"):
        check_picture(CODECS["h264"], 16, 16386)
    with pytest.raises(UserError, match=r"DNxHR HQX takes pictures of 256x120 and more, .*64x48"):
        check_picture(CODECS["dnxhr"], 64, 48)


def test_the_docs_tell_what_each_codec_is() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in Path("docs/outputs.md").read_text().splitlines()
        if line.startswith("| `") and not line.startswith("| `--codec`")
    ]
    told = {name.strip("`"): (what, endings) for name, what, endings, *_ in rows}
    assert told.keys() == CODECS.keys()
    for name, (what, endings) in told.items():
        assert what.startswith(CODECS[name].title.split(",")[0])
        assert endings == ", ".join(f"`{ending}`" for ending in CODECS[name].containers)
