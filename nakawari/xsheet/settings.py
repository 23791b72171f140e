"""Every number by which the detector measures and decides, with its unit and the reason for it.

There is a class for each part of the detector. ``DetectorSettings`` holds them all, and
``eval/drawings.py --set part.name=value`` tries another value on clips of known truth.

Only what the code is built around stays beside the code: the size of the blocks and grids that it
adds up over, and how far a blur or an interpolation reaches.

Pictures are some 500 px wide when they are measured, and all lengths [px] are of such pictures.
A code value is a step of an 8-bit plane. A share is between 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from nakawari.errors import UserError


@dataclass(frozen=True, kw_only=True)
class BarSettings:
    """What a black bar above, below or beside the picture is (``camera/bars.py``).

    Attributes:
        black: luma [code values] that a bar has at most. Black is 16 in video, or 0 where all
            values are used, and lossy coding adds some.
        brighter: by so many code values the picture is brighter than that where a bar ends.
        edge: px from the bar inwards, within which the picture must have become so bright. Coding
            blurs the edge over about so many.
        bright_share: share of the edge that must be brighter. A figure before black is bright too,
            but not along a straight edge.
        blur: px beside a bar that are left out with it, because its blurred edge shows in them.
        max_bar: largest height or width of one bar, as a share of the frame's. The bars of a
            4:3 picture in a 16:9 frame have an eighth each; those of an upright one, a third.
    """

    black: int = 28
    brighter: int = 6
    edge: int = 6
    bright_share: float = 0.6
    blur: int = 3
    max_bar: float = 0.35

    def __post_init__(self) -> None:
        _check_whole(self, "edge")


@dataclass(frozen=True, kw_only=True)
class ContourSettings:
    """How the contours near the picture's edge tell the camera's motion (``camera/alignment.py``).

    Attributes:
        rim: how deep the rim is at the left, right and upper edge, as a share of the picture's
            width and height. The background shows there beside most figures.
        max_points: most points of contours that are used. More take longer and tell no more.
        min_points: fewest that tell a motion; fewer may follow a wrong one by chance.
        min_gradient: code values a px; flatter places show no displacement.
        least_noise: lower limit of the noise's estimate [code values, standard deviation]. Without
            it a clip without any noise would allow no rounding.
        most_noise: upper limit of the same. A larger estimate measures a figure, not noise.
        rest_distance: px across its own contour, below which a point stands still.
        follow_distance: px by which a point may miss a motion that it follows.
        unexplained: share of a point's change that is left at most, if it follows a motion.
        noise_margin: standard deviations of noise that a place may change by without moving.
        coarse_limit: px by which a point may miss the motion and still count, in the first rounds
            of the fit. The motion at the start may be about a px off.
        coarse_rounds: number of these rounds.
        fine_limit: the same in the last rounds, in which the motion is nearly exact.
        fine_rounds: number of these rounds.
        converged: px; the fit ends once a round changes the motion by less.
        reach: px; shifts of up to so many are tried where no other motion is known.
        searched: points that are asked for each of these shifts. The time grows with them.
        backwards: cosine between two displacements of the picture's corners, from which on one
            leads back where the other came from.
    """

    rim: float = 0.18
    max_points: int = 1200
    min_points: int = 60
    min_gradient: float = 1.5
    least_noise: float = 0.6
    most_noise: float = 3.0
    rest_distance: float = 0.1
    follow_distance: float = 0.35
    unexplained: float = 0.7
    noise_margin: float = 2.5
    coarse_limit: float = 1.5
    coarse_rounds: int = 3
    fine_limit: float = 0.6
    fine_rounds: int = 4
    converged: float = 0.004
    reach: int = 12
    searched: int = 250
    backwards: float = -0.85

    def __post_init__(self) -> None:
        _check_whole(self, "max_points", "min_points", "reach", "searched")
        _check_positive(self, "coarse_limit", "fine_limit")
        _check_order(self, "least_noise", "most_noise")


@dataclass(frozen=True, kw_only=True)
class GroundSettings:
    """When the ground behind the figures goes with a motion (``camera/ground.py``).

    The motion predicts how each block of the picture's rim changes, if it is the camera's. What
    counts is the share of the predicted change that came.

    Attributes:
        min_predicted: how large the predicted change of a block must be for the block to tell
            anything: the root of its summed squares, in standard deviations of a pixel's noise.
        goes: share of the predicted change, above which a block goes with the motion,
        too_far: and below which it goes no farther than that.
        stands: share below which a block stands still.
        min_going: share of the blocks that go, of those that go or stand. Figures fixed to the
            screen stand, and may fill half of the rim.
        min_seen: share of the blocks that go, of all in the rim.
        min_seen_if: the same for a motion that explains all else that changes.
        min_going_if: share of the blocks that go firmly, of those that go or stand firmly, for such
            a motion.
        min_going_plain: share of the blocks that go, of those that go or stand firmly, where some
            go at every side. With 0.3, and whatever the sides, a close figure on ones that
            reached two sides was taken for a camera under even grain.
        firm: root mean square of the predicted change [code values], from which on a block tells
            firmly. Coarse coding shows so large a change too.
        min_side_going: blocks that go firmly, for a side to count.
    """

    min_predicted: float = 11.0
    goes: float = 0.7
    too_far: float = 1.3
    stands: float = 0.3
    min_going: float = 0.5
    min_seen: float = 0.2
    min_seen_if: float = 0.25
    min_going_if: float = 0.5
    min_going_plain: float = 0.35
    firm: float = 2.0
    min_side_going: int = 3

    def __post_init__(self) -> None:
        _check_order(self, "stands", "goes", "too_far")
        _check_whole(self, "min_side_going")


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """How the camera's motion between two frames is estimated (``camera/motion.py``).

    Attributes:
        rim_corners: most corners that are tracked near the edge, where the background shows.
        inner_corners: the same elsewhere, for the layers in the middle of the picture.
        min_contrast: OpenCV's least eigenvalue of a corner that can be tracked. Grain has 0.0003 to
            0.0005 and moves at random.
        min_tracks: fewest tracked corners from which a motion is fitted.
        min_inliers: fewest of them that must agree with it.
        min_layer_tracks: the same of a second layer, which has no contours to confirm it.
        max_depth: of a second layer, as a multiple of the background's motion. A foreground nearer
            than that passes too fast to be tracked.
        inlier_distance: px by which a corner may miss a motion that it agrees with.
        rest_distance: px; a corner that moved less stands still.
        min_spread: share of the width over which the points that follow must lie. A camera moves
            the whole picture, not one place in it.
        min_support: share of the points that must follow a motion that is trusted.
        min_sides: of the left, right and upper side, near which some points must follow.
        min_side_share: share of the points that follow, for a side to count.
        max_resting: share of the contours at the rim that may stand still, if a camera moves.
            Figures fixed to the screen may fill nearly all of it.
    """

    rim_corners: int = 130
    inner_corners: int = 80
    min_contrast: float = 7e-4
    min_tracks: int = 6
    min_inliers: int = 5
    min_layer_tracks: int = 8
    max_depth: float = 2.5
    inlier_distance: float = 0.25
    rest_distance: float = 0.1
    min_spread: float = 0.5
    min_support: float = 0.72
    min_sides: int = 2
    min_side_share: float = 0.02
    max_resting: float = 0.97

    def __post_init__(self) -> None:
        _check_whole(self, "rim_corners", "inner_corners", "min_tracks", "min_layer_tracks")
        _check_positive(self, "inlier_distance")


@dataclass(frozen=True, kw_only=True)
class MoveSettings:
    """Which frames make a camera move on the sheet (``camera/moves.py``).

    Attributes:
        min_speed: px a frame; a frame that moves less is not counted as seen to move.
        min_easing_speed: px a frame; a move goes on down to this speed, as it begins and ends
            slowly.
        min_support: share of the contours at the rim that must follow. Less than a motion needs to
            be trusted alone, since the frames beside it move too.
        min_length: frames that are seen to move. A figure that fills the picture moves by single
            frames, a camera by runs.
        min_seen_share: share of a run's frames that are seen to move.
        max_gap: frames in a row without a motion inside a run.
        shake_ratio: a shake ends near where it began: its displacement is at most this share of
            the way that it went.
    """

    min_speed: float = 0.25
    min_easing_speed: float = 0.06
    min_support: float = 0.55
    min_length: int = 4
    min_seen_share: float = 0.6
    max_gap: int = 1
    shake_ratio: float = 0.35

    def __post_init__(self) -> None:
        _check_whole(self, "min_length")
        _check_order(self, "min_easing_speed", "min_speed")


@dataclass(frozen=True, kw_only=True)
class DifferenceSettings:
    """How much two frames differ, as an animator would see it (``change/change.py``).

    The blocks of the picture are ordered by how much they changed.

    Attributes:
        blur: standard deviation [px] of the blur against grain and the ringing of lossy coding.
        rank: the change is that of the block at this place. Blocks overlap by half, so a mouth of
            8 px fills four of them, and one alone is noise.
        wide_rank: it is also tried at this place. A figure fills many more than four blocks.
        wide_weight: factor for the change at that place. A figure's sixteenth block stands out of
            the noise of coding twice as far as its fourth.
        pixel_weight: factor for the change of the most changed pixel. A mouth of a few pixels is
            lost in the noise of a block. Over 1000 clips without a camera move, this value ranked
            the fewest repeats above drawings.
        max_grain: code values; the change that all blocks have in common is grain up to this.
        mismatch: px. A picture moved by a fraction of a pixel is never found again exactly:
            it may differ by its gradient over so many px.
        visible: mean change of a block [code values] that can be seen.
        same: code values; a pixel that differs less, apart from the mismatch, is the same.
        clean: code values; a change of a whole frame that is no larger need not be explained.
        faint: code values; a camera too slow to be followed changes no block by more.
        min_changed_side: share of a side's blocks that change if a camera moves. Figures may hide
            nearly all of them.
        min_changed_two_sides: the same of two sides, if a figure hides the third. In none of ten
            drawings did a figure that left one side alone change so many blocks of both others.
        min_seen_side: share of a side's blocks with contours, below which the side is empty.
        max_logo: share of a side's length. Contours within so short a stretch are a logo, and no
            ground.
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
        _check_whole(self, "rank", "wide_rank", "same")
        _check_positive(self, "blur")


@dataclass(frozen=True, kw_only=True)
class ContentSettings:
    """How what one picture shows is looked for in another (``change/content.py``).

    Attributes:
        reduced: how often the picture is halved first. The contours that are left are those of
            shapes, not of grain.
        least_reduced: px; a picture is not reduced to less.
        least_side: px; in a smaller picture anything is found by moving pieces.
        clear_negative: correlation, below which the other picture may be a negative that moved.
        least_overlap: share of the picture that a shift must leave.
        least_steepness: of a gradient, in units of the Sobel filter, which gives 8 times the code
            values a px. Grain has so much, and is no contour.
        full_light: standard deviation [code values] to which a picture is lit for the optical flow;
            pictures by day have about so much.
        max_gain: largest factor of that. Darker pictures have nothing but rounding to enlarge.
        finest: halvings of the picture at which the optical flow ends.
    """

    reduced: int = 2
    least_reduced: int = 48
    least_side: int = 16
    clear_negative: float = -0.25
    least_overlap: float = 0.4
    least_steepness: float = 16.0
    full_light: float = 40.0
    max_gain: float = 16.0
    finest: int = 1

    def __post_init__(self) -> None:
        _check_positive(self, "least_steepness", "full_light", "max_gain")


@dataclass(frozen=True, kw_only=True)
class ColorSettings:
    """How the colours of two pictures are compared (``change/look.py``).

    Attributes:
        luma_weight: factor for the change of luma, where those of both colour differences count in
            full. A light that changes is no cut, and changes luma most.
        bins: of each plane's histogram over its 256 code values.
        full_span: code values that the luma of a picture in full light spans. Colours are compared
            as if both pictures were lit so.
        least_span: code values. In less light than that, noise would count as colour.
    """

    luma_weight: float = 0.5
    bins: int = 16
    full_span: float = 160.0
    least_span: float = 12.0

    def __post_init__(self) -> None:
        _check_whole(self, "bins")
        _check_positive(self, "full_span", "least_span")


@dataclass(frozen=True, kw_only=True)
class CutSettings:
    """What a cut is (``change/cuts.py``); changes are means over the thumbnail [code values].

    Attributes:
        window: frames that are looked at on either side of a cut; also the longest flash.
        min_change: a frame that changes less is no cut, because nobody would see it.
        min_luma_change: the same for luma alone. It spares most frames all further tests.
        faint_change: a larger change is no grain.
        min_noise_ratio: a faint change must be so many times that of the stillest frame near by.
        still_change: a frame that changes less is held, even under grain, and does not count as a
            neighbour that moves.
        min_change_ratio: a change is sudden if it is so many times the median change of the
            neighbours that move.
        min_resemblance: share of what one picture shows that is found in the other; with less, the
            frame is a cut. Of 340 cuts of montages without a surround, 4 had 0.42 to 0.48 and the
            others less.
        max_resemblance: with more, the frame is no cut. In between, the change must also be
            sudden. Of 1900 other changes of drawings and cameras, 10 had 0.46 to 0.56 and the
            others more.
        no_resemblance: with less, a frame of the same colours is a cut too, unless a camera move
            leads from one picture to the other.
        min_changed_share: share of the blocks with contours that must change.
        min_following: share of the contours at the rim that follow a camera move, if one leads
            from one picture to the other. No two shots had any motion in common.
        other_colors: share of the pixels that must have other colours. A large figure that is
            drawn anew under a shaking camera changes half of that.
        empty: standard deviation of a picture without content [code values].
        shadow: the same, as a share of that of the picture before or after. Coding leaves a shadow
            of it.
    """

    window: int = 6
    min_change: float = 0.8
    min_luma_change: float = 0.5
    faint_change: float = 4.0
    min_noise_ratio: float = 1.6
    still_change: float = 1.2
    min_change_ratio: float = 2.5
    min_resemblance: float = 0.42
    max_resemblance: float = 0.52
    no_resemblance: float = 0.3
    min_changed_share: float = 0.75
    min_following: float = 0.4
    other_colors: float = 0.1
    empty: float = 1.0
    shadow: float = 0.05

    def __post_init__(self) -> None:
        _check_whole(self, "window")
        _check_order(self, "no_resemblance", "min_resemblance", "max_resemblance")


@dataclass(frozen=True, kw_only=True)
class SurroundSettings:
    """What a surround is, within which a cut changes the picture (``change/surround.py``).

    A figure that is drawn anew changes a rectangle too, but leaves a corner of it, or soon goes
    beyond it: 28 of 29 in montages did, and the other kept its colours.

    Attributes:
        min_share: least share of the frame that the picture within has.
        min_changed: least share of the picture within that changes.
        min_corner_changed: the same of each of its corners, a quarter high and wide.
        max_outer_changed: largest share of the surround that may change.
        all_changed: share of the surround from which on the surround itself ends in that frame.
        min_change: code values from which on a pixel has changed, above the noise.
        noise_margin: the noise, in median changes of the stillest frame near by.
        coded_share: share of the mean change that coding spreads to pixels beside it.
    """

    min_share: float = 0.12
    min_changed: float = 0.75
    min_corner_changed: float = 0.55
    max_outer_changed: float = 0.08
    all_changed: float = 0.5
    min_change: float = 1.5
    noise_margin: float = 4.0
    coded_share: float = 0.12


@dataclass(frozen=True, kw_only=True)
class ChangeSettings:
    """What counts as a frame's change (``detect.py``, ``change/measure.py``).

    Attributes:
        light_weight: a change of the whole picture's brightness by one code value counts as much
            as a block's change by so many.
        creep_ratio: a change too slow to be seen from frame to frame shows against the last frame
            that differed clearly. The noise of coding shows there too, a little. The change counts
            if it is more than so many times that from the frame before,
        creep_margin: and by so many code values more than that.
        noise_memory: frames of the shot whose changes tell how much repeats change.
        noise_rank: the noise is the change at this place among theirs, where 0 is the least and 1
            the largest. It is low, because new drawings are among these frames.
        max_noise: upper limit of the noise [code values]. On ones no frame is a repeat, and even a
            small change among theirs is no noise.
        clear_ratio: a frame differs clearly if it changed by more than so many times the noise,
        clear_margin: and by so many code values more than that.
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
        _check_whole(self, "noise_memory")
        if not 0 <= self.noise_rank < 1:
            raise ValueError(f"noise_rank must be in [0, 1), got {self.noise_rank}")


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """How a camera is followed through a shot (``change/tracker.py``, ``change/remainders.py``).

    Attributes:
        min_speed: px a frame; a slower camera counts as standing still.
        explained: largest share of a change that may be left, if the motion of the frame before
            goes on although it was not found in this one.
        stands: a frame that changes by less than this share of the last change under the camera
            stands still; a camera that goes on changes a frame by more.
        inertia: share of its support that a motion keeps with each frame that it does not explain.
        look_back: frames before the one in which a motion was first found, in which it is tried.
        confirmed: frames in which a camera must be seen; from then on the ground need not tell it.
        look_far_back: frames before, in which a confirmed motion is tried.
        clear_support: share of the points that must follow a motion, for a pixel that stands still
            under it to be drawn anew.
        most_held: code values; a frame with a larger change left may not be held.
        kept: share of what the ground has told that is kept from frame to frame.
        near: px by which a steady move may change from frame to frame,
        near_share: or the same as a share of its speed.
        depths: frames over which a layer's depth is remembered.
        min_depths: frames that must tell a depth.
        min_depth_share: share of the remembered frames in which the layer must be seen. It is seen
            in all repeats, which on twos are half of the frames.
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
        _check_whole(self, "look_back", "confirmed", "look_far_back", "depths", "min_depths")
        _check_positive(self, "min_speed", "inertia", "kept", "near")


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """When a motion is the camera's because it explains all that changes (``change/trial.py``).

    Attributes:
        left_share: a motion explains a frame if it leaves at most this share of its change,
        most_left: and at most so many code values. Of 444 drawings under a camera, 1 in 50 leaves
            less; of 461 held frames whose ground did not tell, 24 in 25 do.
        enough: frames that it must explain, without one that stands between them.
        min_support_if: share of the contours that must follow a motion of which the ground tells
            something.
        min_support_plain: the same where the ground hardly tells anything.
    """

    left_share: float = 0.25
    most_left: float = 12.0
    enough: int = 4
    min_support_if: float = 0.55
    min_support_plain: float = 0.65

    def __post_init__(self) -> None:
        _check_whole(self, "enough")


@dataclass(frozen=True, kw_only=True)
class UncoveredSettings:
    """Where a background that a figure hid is looked for (``change/uncovered.py``).

    Attributes:
        frames_before: in which it is looked for: half a second at 24 frames a second.
        frames_after: likewise. The frames that wait for them are kept in memory.
        drawn: code values; a larger change where nothing was hidden is a new drawing for certain.
    """

    frames_before: int = 12
    frames_after: int = 6
    drawn: float = 20.0

    def __post_init__(self) -> None:
        _check_whole(self, "frames_before", "frames_after")


@dataclass(frozen=True, kw_only=True)
class LevelSettings:
    """How large changes are, between frames of one drawing and of two (``holds/holds.py``).

    A level is a normal distribution of the logarithm of ``change + floor``. Four numbers say what
    is known of it before the shot was seen. They are its mean, given here as ``change + floor``
    [code values], and the deviation about it; the spread of the mean from shot to shot; and the
    weight of the deviation, in frames. Random search on the clips to tune on found them.

    Attributes:
        floor: code values that are added, so that no change at all has a logarithm.
        same: mean of repeats under a camera that stands.
        same_deviation: their deviation.
        same_spread: the spread of their mean.
        same_weight: the weight of their deviation.
        moved: mean of repeats under a camera that moves, whose pictures never fit exactly. With
            more, drawings of close figures that were taken for a camera move were dropped.
        moved_deviation: their deviation.
        moved_spread: the spread of their mean.
        moved_weight: the weight of their deviation.
        new: mean of new drawings.
        new_deviation: their deviation.
        new_spread: the spread of their mean.
        new_weight: the weight of their deviation.
        max_same: upper limit of the mean of repeats; no coding that can be watched changes a
            drawing by more.
        min_new: lower limit of the mean of new drawings; a smaller change cannot be seen.
        apart: least distance of the two means, in logarithms.
        min_deviation: lower limit of any level's deviation.
        max_deviation: upper limit for repeats under a camera that stands. Without it, the end of a
            flash of one frame and half of a dissolve were repeats with a wide spread.
    """

    floor: float = 2.5
    same: float = 4.8
    same_deviation: float = 0.25
    same_spread: float = 0.5
    same_weight: float = 3.0
    moved: float = 6.5
    moved_deviation: float = 0.35
    moved_spread: float = 0.4
    moved_weight: float = 8.0
    new: float = 30.0
    new_deviation: float = 1.2
    new_spread: float = 0.7
    new_weight: float = 4.5
    max_same: float = 9.0
    min_new: float = 5.0
    apart: float = 0.4
    min_deviation: float = 0.1
    max_deviation: float = 0.6

    def __post_init__(self) -> None:
        _check_positive(self, *(setting.name for setting in fields(self)))


@dataclass(frozen=True, kw_only=True)
class HoldSettings:
    """What decides between a new drawing and a held one (``holds/holds.py``, ``holds/timing.py``).

    Attributes:
        starts: places between the least and the largest change at which the two levels are first
            parted.
        rounds: of expectation-maximisation, from each of these places.
        other_opinion: two results are different opinions if their means differ by more than this
            in sum, in logarithms.
        min_held_probability: a frame is held only if that is at least so probable. A drawing that
            is dropped is lost; a repeat that is taken for a drawing costs little.
        max_evidence: upper limit of one frame's evidence [log odds].
        min_growth: logarithm of the change over two frames, by that over one, from which on it
            speaks for two movements. Noise reaches it in one frame of fifty.
        growth_weight: log odds for each unit above that.
        long_hold: share of the drawings that are a pause, whatever the cadence.
        pause_hazard: probability that a pause ends with a given frame.
        off_beat: share of the drawings that come a frame early or late.
        switch: probability that the cadence changes with a drawing.
    """

    starts: int = 10
    rounds: int = 5
    other_opinion: float = 0.25
    min_held_probability: float = 0.72
    max_evidence: float = 8.0
    min_growth: float = 0.25
    growth_weight: float = 13.0
    long_hold: float = 0.12
    pause_hazard: float = 0.05
    off_beat: float = 0.05
    switch: float = 0.03

    def __post_init__(self) -> None:
        _check_whole(self, "starts", "rounds")
        for name in ("min_held_probability", "long_hold", "pause_hazard", "off_beat", "switch"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be in (0, 1), got {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """All settings of the detector, by its parts.

    Attributes:
        cuts: what a cut is.
        surrounds: what a surround that stands is.
        changes: what counts as a frame's change.
        camera: how a camera is followed through a shot.
        levels: how large changes are, of repeats and of new drawings.
        holds: what decides between a repeat and a new drawing.
        bars: what a black bar is.
        contours: how contours tell the camera's motion.
        ground: when the ground goes with a motion.
        motion: how the camera's motion between two frames is estimated.
        moves: which frames make a camera move.
        differences: how much two frames differ.
        content: how what a picture shows is looked for in another.
        colors: how the colours of two pictures are compared.
        trials: when a motion is the camera's because it explains all that changes.
        uncovered: where a background that was hidden is looked for.
    """

    cuts: CutSettings = field(default_factory=CutSettings)
    surrounds: SurroundSettings = field(default_factory=SurroundSettings)
    changes: ChangeSettings = field(default_factory=ChangeSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    levels: LevelSettings = field(default_factory=LevelSettings)
    holds: HoldSettings = field(default_factory=HoldSettings)
    bars: BarSettings = field(default_factory=BarSettings)
    contours: ContourSettings = field(default_factory=ContourSettings)
    ground: GroundSettings = field(default_factory=GroundSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    moves: MoveSettings = field(default_factory=MoveSettings)
    differences: DifferenceSettings = field(default_factory=DifferenceSettings)
    content: ContentSettings = field(default_factory=ContentSettings)
    colors: ColorSettings = field(default_factory=ColorSettings)
    trials: TrialSettings = field(default_factory=TrialSettings)
    uncovered: UncoveredSettings = field(default_factory=UncoveredSettings)


def with_changes(settings: DetectorSettings, changes: Iterable[str]) -> DetectorSettings:
    """Return settings in which some have another value, each given as ``part.name=value``.

    Raises ``UserError`` for a setting that there is not, or a value that it cannot have.
    """
    for change in changes:
        place, _, text = change.partition("=")
        part, _, name = place.partition(".")
        own = getattr(settings, _known(part, settings, f"--set {change}"))
        before = getattr(own, _known(name, own, f"--set {change}"))
        try:
            changed = replace(own, **{name: _value(text, before)})
        except ValueError as error:
            raise UserError(f"--set {change}: {error}") from None
        settings = replace(settings, **{part: changed})
    return settings


def _known(name: str, owner: Any, told: str) -> str:
    names = [field.name for field in fields(owner)]
    if name not in names:
        raise UserError(f"{told}: there is no {name!r}; known: {', '.join(names)}")
    return name


def _value(text: str, before: float) -> float:
    """Read a value of the kind that the setting has: a whole number, or any that is finite."""
    kind = type(before)
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"the value must be {wanted}, got {text!r}")
    return value


def _check_whole(settings: Any, *names: str) -> None:
    """Check that counts are 1 or more."""
    for name in names:
        if getattr(settings, name) < 1:
            raise ValueError(f"{name} must be 1 or more, got {getattr(settings, name)}")


def _check_positive(settings: Any, *names: str) -> None:
    """Check that measures are above zero."""
    for name in names:
        if getattr(settings, name) <= 0:
            raise ValueError(f"{name} must be above 0, got {getattr(settings, name)}")


def _check_order(settings: Any, *names: str) -> None:
    """Check that limits are in order, the least first."""
    values = [getattr(settings, name) for name in names]
    if values != sorted(values):
        told = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        raise ValueError(f"{' <= '.join(names)} must hold, got {told}")


DEFAULT = DetectorSettings()
