"""Settings of the camera: bars, contours, the ground, its motion, and its moves."""

from __future__ import annotations

from dataclasses import dataclass

from nakawari.xsheet.settings.checks import check_order, check_positive, check_whole


@dataclass(frozen=True, kw_only=True)
class BarSettings:
    """What a black bar above, below or beside the picture is (``camera/bars.py``).

    Attributes:
        black: largest luma of a bar [code values]. Black is 16 in video, or 0 where all values are
            used, and lossy coding adds some.
        brighter: code values by which the picture must be brighter than ``black`` where a bar ends.
        edge: px from the bar inwards, within which the picture must become that bright. Coding
            blurs the edge over about as many.
        bright_share: least share of the edge that must be brighter. A figure before black is bright
            too, but not along a straight edge.
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
        check_whole(self, "edge")


@dataclass(frozen=True, kw_only=True)
class ContourSettings:
    """How the contours near the picture's edge tell the camera's motion (``camera/alignment.py``).

    Attributes:
        rim: how deep the rim is at the left, right and upper edge, as a share of the picture's
            width and height. The background shows there beside most figures.
        max_points: most points of contours that are used. More take longer and tell no more.
        min_points: fewest points that tell a motion; fewer may follow a wrong one by chance.
        min_gradient: code values a px; flatter places show no displacement.
        least_noise: lower limit of the noise's estimate [code values, standard deviation]. Without
            it, a clip without any noise would leave no room for rounding.
        most_noise: upper limit of the same. A larger estimate measures a figure, not noise.
        rest_distance: px across its own contour; a point that moved less stands still.
        follow_distance: px by which a point may miss a motion that it follows.
        unexplained: largest share of a point's change that a motion may leave if the point
            follows it.
        noise_margin: standard deviations of noise by which a place may change without moving.
        coarse_limit: px by which a point may miss the motion and still count, in the first rounds
            of the fit. The motion at the start may be about a px off.
        coarse_rounds: number of these rounds.
        fine_limit: the same in the last rounds, in which the motion is nearly exact.
        fine_rounds: number of these rounds.
        converged: px; the fit ends once a round changes the motion by less.
        reach: px; shifts of up to this many are tried where too few contours follow the motion
            that was fitted.
        searched: number of points that are compared for each of these shifts. The time grows
            with it.
        backwards: cosine between two displacements of the picture's corners. At or below it, one
            of the two leads back to where the other came from.
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
        check_whole(self, "max_points", "min_points", "reach", "searched")
        check_positive(self, "coarse_limit", "fine_limit")
        check_order(self, "least_noise", "most_noise")


@dataclass(frozen=True, kw_only=True)
class GroundSettings:
    """When the ground behind the figures goes with a motion (``camera/ground.py``).

    If a motion is the camera's, it predicts how each block of the picture's rim changes. What
    counts is the share of the predicted change that is observed.

    Attributes:
        min_predicted: least predicted change of a block that tells anything: the root of its
            summed squares, in standard deviations of a pixel's noise.
        goes: a block whose share is above this, and below ``too_far``, goes with the motion.
        too_far: a block whose share is this or more went farther than the motion.
        stands: a block whose share is below this stands still.
        min_going: least share of blocks that go, among those that go or stand. Figures fixed to
            the screen stand, and may fill half of the rim.
        min_seen: least share of blocks that go, among all in the rim.
        min_seen_if: the same for a motion that explains all else that changes.
        min_going_if: least share of blocks that go firmly, among those that go or stand firmly,
            for such a motion.
        min_going_plain: least share of blocks that go, among those that go and those that stand
            firmly, where some go firmly at every side. With 0.3 and no condition on the sides, a
            close figure on ones that reached two sides was taken for a camera under even grain.
        firm: root mean square of the predicted change [code values], above which a block tells
            firmly. Even coarse coding shows so large a change.
        min_side_going: fewest blocks that must go firmly at a side for it to count.
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
        check_order(self, "stands", "goes", "too_far")
        check_whole(self, "min_side_going")


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
        min_layer_tracks: fewest tracked corners of a second layer, which no contours confirm.
        max_depth: largest depth of a second layer, as a multiple of the background's motion. A
            nearer foreground passes too fast to be tracked.
        inlier_distance: px by which a corner may miss a motion that it agrees with.
        rest_distance: px; a corner that moved less stands still.
        min_spread: least share of the width over which the points that follow must be spread. A
            camera moves the whole picture, not one place in it.
        min_support: least share of the points that must follow a motion that is trusted.
        min_sides: fewest of the left, right and upper sides near which some points must follow.
        min_side_share: least share of the points that follow which must be near a side for it to
            count.
        max_resting: largest share of the contours at the rim that may stand still if a camera
            moves. Figures fixed to the screen may fill nearly all of the rim.
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
        check_whole(self, "rim_corners", "inner_corners", "min_tracks", "min_layer_tracks")
        check_positive(self, "inlier_distance")


@dataclass(frozen=True, kw_only=True)
class MoveSettings:
    """Which frames make a camera move on the sheet (``camera/moves.py``).

    Attributes:
        min_speed: px a frame; a slower frame does not count as seen to move.
        min_easing_speed: px a frame; a move includes frames down to this speed, because it begins
            and ends slowly.
        min_support: least share of the contours at the rim that must follow. It is less than a
            motion needs to be trusted alone, since the frames beside it move too.
        min_length: fewest frames that must be seen to move. A figure that fills the picture moves
            in single frames, a camera in runs.
        min_seen_share: least share of a run's frames that must be seen to move.
        max_gap: most frames in a row without a motion inside a run.
        shake_ratio: a shake ends near where it began. Its displacement is less than this share of
            the distance that it travelled.
    """

    min_speed: float = 0.25
    min_easing_speed: float = 0.06
    min_support: float = 0.55
    min_length: int = 4
    min_seen_share: float = 0.6
    max_gap: int = 1
    shake_ratio: float = 0.35

    def __post_init__(self) -> None:
        check_whole(self, "min_length")
        check_order(self, "min_easing_speed", "min_speed")
