"""A motion that explains all that changes is a camera's, if some of the ground goes with it."""

from collections.abc import Sequence

import cv2
import numpy as np

from nakawari.video.pictures.picture import Picture
from nakawari.xsheet.camera.motion import camera_motion
from nakawari.xsheet.change.change import plate
from nakawari.xsheet.change.frame_pair import FramePair
from nakawari.xsheet.change.motion_trial import MotionTrial
from nakawari.xsheet.settings import DEFAULT
from tests.builders.stage import HEIGHT, WIDTH, shot_at

SHAKE = [(0.0, 0.0), (3.0, 1.0), (-1.0, 3.0), (2.0, -2.0), (-2.0, -1.0), (1.0, 2.0), (-2.0, 2.0)]
BOARDS = ((4, 20), (70, 2), (210, 4), (292, 30), (6, 120), (290, 110))  # of a stage set, x and y


def picture(luma: np.ndarray) -> Picture:
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return Picture(luma, chroma, chroma)


def boards(x: float, y: float, limb: float | None = None) -> Picture:
    """Return a plain ground with a few boards that has gone (x, y) px behind a figure that stands.

    ``limb`` is where one of the figure's limbs is [px].
    """
    luma = np.full((HEIGHT, WIDTH), 110, np.uint8)
    for number, (left, top) in enumerate(BOARDS):
        cv2.rectangle(luma, (left, top), (left + 26, top + 34), 40 + 30 * number, -1)
        cv2.line(luma, (left, top + 12), (left + 26, top + 16), 10, 1)
    luma = cv2.warpAffine(
        luma, np.array([[1, 0, x], [0, 1, y]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE
    )
    cv2.ellipse(luma, (160, 130), (62, 58), 0, 0, 360, 20, -1)
    cv2.ellipse(luma, (160, 130), (58, 54), 0, 0, 360, 220, -1)
    if limb is not None:
        cv2.rectangle(luma, (round(120 + limb), 100), (round(150 + limb), 150), 60, -1)
    return picture(luma)


def before_texture(x: float, y: float) -> Picture:
    """Return a close figure, with contours all over, that has gone (x, y) px; its ground stands."""
    figure = shot_at(x=-x, y=-y, figure=None, seed=1).luma
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, (WIDTH // 2, HEIGHT // 2 + 10), (135, 75), 0, 0, 360, 1.0, -1)
    mask = cv2.warpAffine(mask, np.array([[1, 0, x], [0, 1, y]]), (WIDTH, HEIGHT))
    ground = shot_at(figure=None).luma
    return picture(np.rint(mask * figure + (1 - mask) * ground).astype(np.uint8))


def passed(pictures: Sequence[Picture]) -> bool:
    """Return whether the motion between pictures passes as a camera's."""
    trial = MotionTrial()
    plates = [plate(one) for one in pictures]
    for place in range(1, len(plates)):
        pair = FramePair(*plates[place - 1 : place + 1])
        motion = camera_motion(pair.luma)
        if motion is not None:
            trial.hear(place, pair, motion)
    return trial.passed


def test_a_shake_over_a_plain_ground_with_a_few_things_on_it_passes() -> None:
    assert passed([boards(*at) for at in SHAKE])


def test_too_few_frames_do_not_pass() -> None:
    assert not passed([boards(*at) for at in SHAKE[: DEFAULT.trials.enough]])


def test_a_motion_beside_which_a_limb_is_drawn_anew_does_not_pass() -> None:
    assert not passed([boards(*at, limb=7.0 * pair) for pair, at in enumerate(SHAKE)])


def test_a_close_figure_that_moves_as_one_does_not_pass() -> None:
    assert not passed([before_texture(*at) for at in SHAKE])
