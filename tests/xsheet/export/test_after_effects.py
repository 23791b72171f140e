"""Pasted into After Effects, the keys show every drawing as its first frame, and for its hold."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given

from nakawari.xsheet.export.after_effects import after_effects, is_keyframes
from nakawari.xsheet.export.even import even_sheet
from nakawari.xsheet.sheet.sheet import ExposureSheet
from tests.builders.sheets import sheet_of
from tests.xsheet.export.readers import Keys, read_keyframes, remapped, source_frame
from tests.xsheet.export.shown import sheets


def sources(keys: Keys, sheet: ExposureSheet) -> list[int]:
    """Return the frame of the clip that each frame shows."""
    return [source_frame(remapped(keys, frame), sheet.fps) for frame in range(sheet.frames)]


@given(sheets())
def test_the_sheet_can_be_recovered(sheet: ExposureSheet) -> None:
    keys = read_keyframes(after_effects(sheet))
    wanted = [drawing.start for drawing in sheet.drawings for _ in range(drawing.hold)]
    assert sources(keys, sheet) == wanted
    assert abs(keys.rate - float(sheet.fps)) < 1e-6


@given(sheets(varying=True))
def test_where_the_rate_varies_a_drawings_time_is_within_its_first_frame(
    sheet: ExposureSheet,
) -> None:
    keys = read_keyframes(after_effects(sheet))
    for drawing, (start, end) in zip(sheet.drawings, even_sheet(sheet).spans, strict=True):
        for frame in (start, end - 1):
            begins, over = (sheet.times[drawing.start + later] for later in (0, 1))
            assert begins < remapped(keys, frame) < over


@given(sheets())
def test_a_reader_that_rounds_finds_the_same_frames(sheet: ExposureSheet) -> None:
    keys = read_keyframes(after_effects(sheet))
    frames = [round(seconds * float(sheet.fps)) for seconds in keys.values.values()]
    assert frames == [source_frame(seconds, sheet.fps) for seconds in keys.values.values()]


def test_the_whole_text_is_as_after_effects_copies_it() -> None:
    assert after_effects(sheet_of([3, 1, 2], fps=Fraction(24000, 1001))).split("\r\n") == [
        "Adobe After Effects 8.0 Keyframe Data",
        "",
        "\tUnits Per Second\t23.976024",
        "\tSource Width\t1920",
        "\tSource Height\t1080",
        "\tSource Pixel Aspect Ratio\t1",
        "\tComp Pixel Aspect Ratio\t1",
        "",
        "Time Remap",
        "\tFrame\tseconds\t",
        "\t0\t0.0104271\t",
        "\t2\t0.0104271\t",
        "\t3\t0.1355521\t",
        "\t4\t0.1772604\t",
        "\t5\t0.1772604\t",
        "",
        "End of Keyframe Data",
        "",
    ]


def test_it_is_known_again() -> None:
    assert is_keyframes(after_effects(sheet_of([1])))
    assert not is_keyframes("Adobe After Effects 8.0 Keyframe Data\r\n\r\nTransform\tPosition")


def test_the_reader_reads_what_after_effects_copied() -> None:
    copied = (
        "Adobe After Effects 9.0 Keyframe Data\n\n\tUnits Per Second\t24\n\tSource Width\t1920\n"
        "\tSource Height\t1280\n\tSource Pixel Aspect Ratio\t1\n\tComp Pixel Aspect Ratio\t1\n\n"
        "Layer\nTime Remap\n\tFrame\tseconds\t\n\t0\t0\t\n\t14\t24.6667\t\n\nEnd of Keyframe Data\n"
    )
    assert read_keyframes(copied) == Keys(24.0, {0: 0.0, 14: 24.6667})
