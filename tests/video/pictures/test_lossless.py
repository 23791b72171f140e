"""Pictures of every form are packed without any loss."""

import numpy as np
import pytest
from av import VideoFormat

from nakawari.video.codecs import CODECS
from nakawari.video.pictures.form import PictureForm
from nakawari.video.pictures.lossless import LosslessPacker, unpacked
from nakawari.video.pictures.picture import Picture, of_planes

FORMS = sorted({PictureForm.of(VideoFormat(name)) for name in CODECS["ffv1"].pixel_formats})


def noise(form: PictureForm, seed: int) -> Picture:
    generator = np.random.default_rng(seed)
    columns, rows = form.shared
    kind, most = (np.uint8, 255) if form.bits == 8 else (np.uint16, 2**form.bits - 1)
    shapes = [(16, 32), *[(16 // rows, 32 // columns)] * 2, (16, 32)]
    planes = [generator.integers(0, most, shape, kind, endpoint=True) for shape in shapes]
    return of_planes(planes if form.alpha else planes[:3], form)


@pytest.mark.parametrize("form", FORMS, ids=[form.pixel_format for form in FORMS])
def test_pictures_come_back_as_they_were(tmp_path, form) -> None:
    packer = LosslessPacker()
    for seed in range(3):
        packer.add(noise(form, seed))
    path = tmp_path / "a.mkv"
    path.write_bytes(packer.finish())
    back = list(unpacked(path))
    assert len(back) == 3
    for seed, picture in enumerate(back):
        assert picture.form == form
        for plane, expected in zip(picture.planes, noise(form, seed).planes, strict=True):
            np.testing.assert_array_equal(plane, expected)
