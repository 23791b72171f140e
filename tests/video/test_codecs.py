"""Every codec keeps frames, clock, colours and sound, and says what it cannot take."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from nakawari.errors import UserError
from nakawari.pace import Pace
from nakawari.video.codecs import CODECS, Codec, check_picture, check_rate, codec_for
from nakawari.video.pictures.color import BT709, FULL, LIMITED, ColorTags, from_rgb, to_rgb
from nakawari.video.pictures.form import PLAIN, PictureForm
from nakawari.video.pictures.palette import palette_of
from nakawari.video.pictures.picture import Picture, of_planes, picture_from_frame
from nakawari.video.reader import VideoReader
from nakawari.video.sound.stretched_audio import StretchedAudio
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


def chart_picture(tags: ColorTags, form: PictureForm = PLAIN) -> Picture:
    import torch

    opacity = torch.ones(HEIGHT, WIDTH) * 0.5 if form.alpha else None
    return from_rgb(torch.from_numpy(chart()), tags, form, opacity)


def target(folder: Path, codec: Codec, name: str = "a") -> Path:
    return folder / (name if codec.is_sequence else f"{name}{codec.ending}")


def write(
    path: Path,
    codec: Codec,
    tags: ColorTags,
    sound: Path | None = None,
    form: PictureForm = PLAIN,
    rate: Fraction = RATE,
) -> None:
    audio = (
        () if sound is None else [StretchedAudio(sound, Fraction(0), Pace.constant(Fraction(1)))]
    )
    picture = chart_picture(tags, form)
    with VideoWriter(
        path,
        codec=codec,
        width=WIDTH,
        height=HEIGHT,
        rate=rate,
        tags=tags,
        form=form,
        audio=audio,
        palette=palette_of([picture], tags) if codec.has_palette else None,
    ) as writer:
        for _ in range(FRAMES):
            writer.write(picture)


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
@pytest.mark.parametrize("is_deep", [False, True])
@pytest.mark.parametrize("name", CODECS)
def test_colours_come_back(
    tmp_path: Path, name: str, is_deep: bool, matrix: int, value_range: int
) -> None:
    codec = CODECS[name]
    form = codec.richest._replace(alpha=False) if is_deep else PLAIN
    tags = ColorTags(matrix=matrix, value_range=value_range, primaries=1, transfer=1)
    path = target(tmp_path, codec)
    write(path, codec, tags, form=form)
    with VideoReader(path, richest=codec.richest) as reader:
        read = [frame.picture for frame in reader.frames()]
        found = reader.info.tags
    assert len(read) == FRAMES
    if not read[0].form.is_rgb:
        assert found.matrix == (codec.matrix or matrix)
        assert found.is_full == (tags.is_full and codec.tells_range)
    if not codec.has_palette:
        assert (found.primaries, found.transfer) == (1, 1)
    # As the picture to be written has it: eight bits of luma and chroma are a code or two coarser.
    wanted = middles(to_rgb(chart_picture(tags, form), tags)[0].numpy())
    most = 1.0 if form.bits == 8 else 255 / 1023
    if codec.has_palette:
        most = 2.5  # its colours are chosen in another space
    for picture in read:
        error = middles(to_rgb(picture, found)[0].numpy()) - wanted
        assert np.abs(error).max() <= most


@pytest.mark.parametrize(
    ("name", "matrix", "most"),
    [("prores", BT709, 1), ("prores", 6, 1), ("prores4444", BT709, 1), ("dnxhr", BT709, 1),
     ("h265", BT709, 1.3), ("av1", BT709, 1.6)],
)  # fmt: skip
def test_pictures_in_rgb_of_sixteen_bits_come_back_in_ten(
    tmp_path: Path, name: str, matrix: int, most: float
) -> None:
    codec = CODECS[name]
    tags = ColorTags(matrix=matrix, value_range=LIMITED)
    shape = (HEIGHT // PATCH, WIDTH // PATCH, 3)
    # Some of these no code of ten bits is within one step of: rows of two codes are.
    patches = np.random.default_rng(matrix).integers(5_000, 60_000, shape, np.uint16)
    rgb = patches.repeat(PATCH, 0).repeat(PATCH, 1)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb48le")
    form = PictureForm("rgb", 16, False).at_most(codec.richest)
    picture = picture_from_frame(frame, matrix, LIMITED, form=form)
    path = target(tmp_path, codec)
    with VideoWriter(
        path, codec=codec, width=WIDTH, height=HEIGHT, rate=RATE, tags=tags, form=form
    ) as writer:
        for _ in range(FRAMES):
            writer.write(picture)
    with VideoReader(path, richest=codec.richest) as reader:
        read = [frame.picture for frame in reader.frames()]
        found = reader.info.tags
    wanted = middles(rgb.transpose(2, 0, 1) / 32767.5 - 1)
    for picture in read:
        error = middles(to_rgb(picture, found)[0].numpy()) - wanted
        assert np.abs(error).max() <= most * 255 / 1023


@pytest.mark.parametrize(
    "name", [name for name, codec in CODECS.items() if codec.richest.alpha and name != "gif"]
)
def test_transparency_comes_back(tmp_path: Path, name: str) -> None:
    codec = CODECS[name]
    form, tags = codec.richest, ColorTags(matrix=BT709, value_range=LIMITED)
    path = target(tmp_path, codec)
    write(path, codec, tags, form=form)
    with VideoReader(path, richest=codec.richest) as reader:
        pictures = [frame.picture for frame in reader.frames()]
    wanted = middles(to_rgb(chart_picture(tags, form), tags)[0].numpy())
    for picture in pictures:
        opacity = picture.alpha / (2.0**picture.form.bits - 1)
        assert np.abs(opacity - 0.5).max() <= 1 / 255
        error = middles(to_rgb(picture, tags)[0].numpy()) - wanted
        assert np.abs(error).max() <= 1.0


def test_what_is_opaque_stays_so_in_a_codec_of_more_bits(tmp_path: Path) -> None:
    codec, form = CODECS["prores4444"], PictureForm("420", 8, True)
    picture = noise(form)
    picture.alpha[:] = 255
    path = tmp_path / "a.mov"
    with VideoWriter(
        path, codec=codec, width=WIDTH, height=HEIGHT, rate=RATE, tags=ColorTags(), form=form
    ) as writer:
        writer.write(picture)
        writer.write(picture)
    with VideoReader(path, richest=codec.richest) as reader:
        for frame in reader.frames():
            assert (frame.picture.alpha == 2**frame.picture.form.bits - 1).all()


@pytest.mark.parametrize("name", CODECS)
def test_frames_lie_on_the_exact_clock_as_far_as_the_container_knows(
    tmp_path: Path, name: str
) -> None:
    codec = CODECS[name]
    if codec.is_sequence:
        pytest.skip("pictures have no clock")
    path = target(tmp_path, codec)
    write(path, codec, ColorTags())
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        read = PictureForm.of(stream.codec_context.format)
        assert codec.has_palette or read.holds(codec.richest._replace(alpha=False).at_most(PLAIN))
        times = [frame.time for frame in container.decode(stream)]
    exact = [float(number / RATE) for number in range(FRAMES)]
    # Matroska and WebM count whole milliseconds, GIF hundredths of a second.
    slack = {"mp4": 1e-9, "mov": 1e-9, "gif": 0.006}.get(codec.containers[codec.ending], 0.0006)
    assert times == pytest.approx(exact, abs=slack)


@pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if codec.sound])
def test_the_sound_comes_along(tmp_path: Path, name: str) -> None:
    codec = CODECS[name]
    sound = write_sound(tmp_path / "sound.wav", seconds=1.0, rate=44_100)
    path = target(tmp_path, codec)
    write(path, codec, ColorTags(), sound)
    with av.open(str(path)) as container:
        seconds = sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    assert seconds == pytest.approx(float(FRAMES / RATE), abs=0.06)


def noise(form: PictureForm) -> Picture:
    """Return a picture whose every code is any that the form has."""
    generator = np.random.default_rng(0)
    columns, rows = form.shared
    kind, most = (np.uint8, 255) if form.bits == 8 else (np.uint16, 2**form.bits - 1)
    shapes = [(HEIGHT, WIDTH), *[(HEIGHT // rows, WIDTH // columns)] * 2, (HEIGHT, WIDTH)]
    planes = [generator.integers(0, most, shape, kind, endpoint=True) for shape in shapes]
    return of_planes(planes if form.alpha else planes[:3], form)


FORMS = sorted({PictureForm.of(av.VideoFormat(name)) for name in CODECS["ffv1"].pixel_formats})


@pytest.mark.parametrize("form", FORMS, ids=[form.pixel_format for form in FORMS])
def test_ffv1_loses_nothing_of_any_form(tmp_path: Path, form: PictureForm) -> None:
    path, picture, lines = tmp_path / "a.mkv", noise(form), []
    with VideoWriter(
        path,
        codec=CODECS["ffv1"],
        width=WIDTH,
        height=HEIGHT,
        rate=RATE,
        tags=ColorTags(),
        form=form,
    ) as writer:
        for _ in range(2):
            writer.write(picture)
    with VideoReader(path, lines.append, richest=CODECS["ffv1"].richest) as reader:
        assert reader.info.form == form
        for frame in reader.frames():
            for read, written in zip(frame.picture.planes, picture.planes, strict=True):
                np.testing.assert_array_equal(read, written)
    assert lines == []


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
def test_png_loses_nothing_of_rgb(tmp_path: Path, bits: int, alpha: bool) -> None:
    form, codec = PictureForm("rgb", bits, alpha), CODECS["png"]
    path, picture = tmp_path / "100%d", noise(form)
    with VideoWriter(
        path,
        codec=codec,
        width=WIDTH,
        height=HEIGHT,
        rate=RATE,
        tags=ColorTags(),
        form=form,
        picture_names="f_%03d.png",
    ) as writer:
        for _ in range(2):
            writer.write(picture)
    assert sorted(file.name for file in path.iterdir()) == ["f_001.png", "f_002.png"]
    with VideoReader(path, richest=codec.richest) as reader:
        assert reader.info.form == form
        for frame in reader.frames():
            for read, written in zip(frame.picture.planes, picture.planes, strict=True):
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
        ("a.gif", None, "gif"),
        ("a.mp4", "av1", "libsvtav1"),
        ("slow/f_%04d.png", None, "png"),
        ("slow", "png", "png"),
    ],
)
def test_the_name_and_the_word_choose_the_codec(
    output: str, name: str | None, encoder: str
) -> None:
    assert codec_for(Path(output), name).encoder == encoder


def test_a_name_that_fits_no_codec_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"must end in one of \.mp4, \.m4v, \.mov, \.mkv, \.webm, \.png, \.gif"
    ):
        codec_for(Path("out.avi"), None)
    with pytest.raises(UserError, match=r"ProRes 422 HQ goes into a file that ends in \.mov"):
        codec_for(Path("out.mp4"), "prores")
    with pytest.raises(UserError, match=r"PNG sequence goes into a file that ends in \.png"):
        codec_for(Path("out.mp4"), "png")
    with pytest.raises(UserError, match=r"out.png is the name of one picture; write a place for"):
        codec_for(Path("out.png"), None)


def test_pictures_without_room_in_the_codec_are_refused() -> None:
    check_picture(CODECS["h264"], 16384, 16)
    with pytest.raises(UserError, match=r"pictures of 16x16386 do not fit into H\.264, .*scale"):
        check_picture(CODECS["h264"], 16, 16386)
    with pytest.raises(UserError, match=r"DNxHR HQX takes pictures of 256x120 and more, .*64x48"):
        check_picture(CODECS["dnxhr"], 64, 48)


def test_more_frames_a_second_than_a_codec_shows_are_refused() -> None:
    check_rate(CODECS["gif"], Fraction(50))
    check_rate(CODECS["h264"], Fraction(1000))
    with pytest.raises(UserError, match=r"GIF shows at most 50 frames/s, and .* 59\.940; set"):
        check_rate(CODECS["gif"], Fraction(60000, 1001))


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
