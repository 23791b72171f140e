"""Settings of how frames are measured: their size, their change, and the camera taken out."""

from __future__ import annotations

from dataclasses import dataclass

from nakawari.xsheet.settings.checks import check_positive, check_whole


@dataclass(frozen=True, kw_only=True)
class PictureSettings:
    """How large the pictures are when they are measured (``detect.py``).

    Attributes:
        width: px; a wider picture is halved until it is about this wide. All other lengths are of
            such pictures.
    """

    width: int = 512

    def __post_init__(self) -> None:
        check_whole(self, "width")


@dataclass(frozen=True, kw_only=True)
class DifferenceSettings:
    """How much two frames differ, as an animator would see it (``change/change.py``).

    The blocks of the picture are ordered by how much they changed.

    Attributes:
        blur: standard deviation [px] of the blur against grain and the ringing of lossy coding.
        rank: the frame's change is that of the block at this place in the order. Blocks overlap by
            half, so a mouth of 8 px fills four of them, and one alone is noise.
        wide_rank: the block at this place is tried too. A figure fills many more than four blocks.
        wide_weight: factor for the change of that block. A figure's sixteenth block stands out of
            the noise of coding twice as far as its fourth.
        pixel_weight: factor for the change of the most changed pixel. A mouth of a few pixels is
            lost in the noise of a block. Over 1000 clips without a camera move, this value ranked
            the fewest repeats above drawings.
        max_grain: code values; up to this, a change that all blocks have in common is grain.
        mismatch: px. A picture that moved by a fraction of a pixel is never found again exactly.
            It may therefore differ by its gradient over this many px.
        visible: mean change of a block [code values] that can be seen.
        same: code values; a pixel that differs less, apart from the mismatch, is the same.
        clean: code values; a change of a whole frame that is no larger need not be explained.
        faint: code values; a camera too slow to be followed changes no block by more.
        min_changed_side: least share of a side's blocks that change if a camera moves. Figures may
            hide nearly all of them.
        min_changed_two_sides: the same for two sides if a figure hides the third. In none of ten
            drawings did a figure that left one side alone change so many blocks of both others.
        min_seen_side: least share of a side's blocks with contours; with fewer, the side is empty.
        max_logo: share of a side's length. Contours within so short a stretch are a logo, and not
            the ground.
    """

    blur: float = 1.0
    rank: int = 4
    wide_rank: int = 16
    wide_weight: float = 2.2
    pixel_weight: float = 0.4
    max_grain: float = 2.5
    mismatch: float = 0.2
    visible: float = 6.0
    same: int = 6
    clean: float = 3.0
    faint: float = 2.5
    min_changed_side: float = 0.004
    min_changed_two_sides: float = 0.2
    min_seen_side: float = 0.02
    max_logo: float = 0.25

    def __post_init__(self) -> None:
        check_whole(self, "rank", "wide_rank", "same")
        check_positive(self, "blur")


@dataclass(frozen=True, kw_only=True)
class ChangeSettings:
    """What counts as a frame's change (``detect.py``, ``change/change_meter.py``).

    Attributes:
        light_weight: a change of the whole picture's brightness by one code value counts as much
            as a block's change by so many.
        creep_ratio: a change too slow to be seen from frame to frame shows against the last frame
            that differed clearly. The noise of coding shows there too, a little. The change counts
            if it exceeds ``creep_margin`` plus this many times the change from the frame before.
        creep_margin: code values in that limit.
        noise_memory: number of the shot's last frames whose changes tell how much repeats change.
        noise_rank: the noise is the change at this place among theirs, where 0 is the least and 1
            the largest. It is low, because new drawings are among these frames.
        max_noise: upper limit of a change that may be noise [code values]. On ones no frame is a
            repeat, and even the smaller changes are not noise.
        clear_ratio: a frame differs clearly if its change exceeds ``clear_margin`` plus this many
            times the noise, or if it exceeds ``max_noise``.
        clear_margin: code values in that limit.
    """

    light_weight: float = 12.0
    creep_ratio: float = 2.0
    creep_margin: float = 4.0
    noise_memory: int = 48
    noise_rank: float = 0.3
    max_noise: float = 8.0
    clear_ratio: float = 1.6
    clear_margin: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self, "noise_memory")
        if not 0 <= self.noise_rank < 1:
            raise ValueError(f"noise_rank must be in [0, 1), got {self.noise_rank}")


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """How a camera is followed through a shot (``change/tracker.py``, ``change/remainders.py``).

    Attributes:
        min_speed: px a frame; a slower camera counts as standing still.
        explained: largest share of a change that a motion may leave unexplained if it goes on from
            the frame before, although it was not found in this one.
        stands: a frame that changes by less than this share of the last change under the camera
            stands still. If the camera went on, it would change the frame by more.
        inertia: share of its support that a motion keeps with each frame that it does not explain.
        look_back: number of frames, before the one in which a motion was first found, in which it
            is tried.
        confirmed: number of frames in which a camera must be seen to be confirmed. From then on the
            ground need not confirm it.
        look_far_back: number of earlier frames in which a confirmed motion is tried.
        clear_support: least share of the points that must follow a motion. Only then does a pixel
            that went with it before, and stands still now, count as drawn anew.
        most_held: code values; a frame in which a larger change is left cannot be a held one.
        kept: share of the ground's evidence that is kept from frame to frame.
        near: px by which a steady move may change from frame to frame. The larger of this and
            ``near_share`` counts.
        near_share: the same as a share of its speed.
        depths: number of frames over which a layer's depth is remembered.
        min_depths: fewest remembered frames from which a depth is told.
        min_depth_share: least share of the remembered frames in which the layer must be seen. It is
            seen in all repeats, which on twos are half of the frames.
        depth_misfit: px a frame by which a layer's motion may differ from what its depth predicts.
        min_depth_speed: px a frame; under a slower camera a depth cannot be told.
    """

    min_speed: float = 0.06
    explained: float = 0.4
    stands: float = 0.3
    inertia: float = 0.85
    look_back: int = 6
    confirmed: int = 4
    look_far_back: int = 24
    clear_support: float = 0.85
    most_held: float = 12.0
    kept: float = 0.9
    near: float = 0.5
    near_share: float = 0.2
    depths: int = 15
    min_depths: int = 3
    min_depth_share: float = 0.4
    depth_misfit: float = 0.15
    min_depth_speed: float = 0.5

    def __post_init__(self) -> None:
        check_whole(self, "look_back", "confirmed", "look_far_back", "depths", "min_depths")
        check_positive(self, "min_speed", "inertia", "kept", "near")


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """When a motion is the camera's because it explains all that changes.

    It is tried in ``change/motion_trial.py``.

    Attributes:
        left_share: a motion explains a frame if it leaves at most this share of its change, and
            not more than ``most_left``.
        most_left: most code values that may be left. Of 444 drawings under a camera, 1 in 50 leaves
            less; of 461 held frames whose ground did not tell, 24 in 25 do.
        enough: number of frames that a motion must explain. No frame between them may stand still.
        min_support_if: least share of the contours that must follow a motion about which the ground
            tells something.
        min_support_plain: the same where the ground hardly tells anything.
    """

    left_share: float = 0.25
    most_left: float = 12.0
    enough: int = 4
    min_support_if: float = 0.55
    min_support_plain: float = 0.65

    def __post_init__(self) -> None:
        check_whole(self, "enough")


@dataclass(frozen=True, kw_only=True)
class UncoveredSettings:
    """Where a background that a figure hid is looked for (``change/uncovered.py``).

    Attributes:
        frames_before: number of earlier frames in which it is looked for: half a second at 24
            frames a second.
        frames_after: number of later frames. The frames that wait for them are kept in memory.
        drawn: code values; a larger change where nothing was hidden is a new drawing for certain.
    """

    frames_before: int = 12
    frames_after: int = 6
    drawn: float = 20.0

    def __post_init__(self) -> None:
        check_whole(self, "frames_before", "frames_after")
