"""Pieces that move as one, however far: a drawing that is slid, a limb of a cut-out figure.

Optical flow loses what goes farther than it is wide, or looks like its own neighbour, as stripes
do. But a few points of a drawing that are found again, anywhere in the other frame, tell the motion
of all of it. Where such a motion makes both frames agree clearly better than the flow does, it is
taken, and the decoder is told that it is certain.

Points are described by ORB (Rublee et al., ICCV 2011) and matched wherever they are; similarities
are found in the matches one after the other by RANSAC.

Legend: B batch, P candidates, H/W frame size. A piece is a similarity (2, 3), from ``frame_0``
to ``frame_1`` in pixels of the frame; a sample with fewer has NaN for the rest. Motion is
(B, 4, h, w): the flow to frame_0 (x, y), then the flow to frame_1, in pixels of its own map.
"""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from autoencoder.layers import box_mean, halve
from autoencoder.matching import flow_length, pixel_grid, resize_flow, warp
from nakawari.flow import luma

CANDIDATES = 6
"""Looked for: the one with the most points need not be right where a drawing is like itself."""
MOST_PIECES = 2
"""Of those, that are moved."""

_CHANGE = 8
"""Code values of luma: points are looked for where as much changes, and 3 px round it."""
_POINTS = 1000
_FAINTEST = 7
"""Code values by which a corner stands out; ORB's own 20 leaves few on flat colours."""
_LEAST_MATCHES = 8
_TOLERANCE = 1.5
"""px, by which a match may miss the similarity."""
_ZOOM = 1.4
"""A similarity that zooms by more, or less than its inverse, is chance."""

_GAIN = 0.02
"""Of likeness, frames being in [-1, 1], that a piece's motion must bring."""
_TIE = 0.003
"""Of likeness, that it may cost where the piece would else be lost: what stands behind a figure
that goes farther than it is wide is seen in both frames, and yet the figure passes before it."""
_AROUND = 13
"""px at 1/2, over which likeness is averaged; over 9 to 17 the in-betweens are as good."""
_SMOOTHED = 15
"""px at 1/2: a point is a piece's if most round it are."""
_ELSEWHERE = 1.0
"""px at 1/2, less than which a motion is the same, and the flow more exact."""


class PieceMotion(NamedTuple):
    """Motion at a time between two frames, some of it that of pieces."""

    motion: Tensor  # (B, 4, h, w)
    certainty: Tensor  # (B, 1, h, w) in [0, 1]: how far it is a piece's


def find_pieces(frame_0: Tensor, frame_1: Tensor) -> Tensor:
    """Find what moves as one between two frames (B, 3, H, W) in [-1, 1]: (B, P, 2, 3) float64."""
    found = [_pieces(*pictures) for pictures in zip(luma(frame_0), luma(frame_1), strict=True)]
    return torch.from_numpy(np.stack(found)).to(frame_0.device)


def _pieces(picture_0: np.ndarray, picture_1: np.ndarray) -> np.ndarray:
    """Return the similarities between two pictures (H, W) uint8: (P, 2, 3), NaN where none is."""
    pieces = np.full((CANDIDATES, 2, 3), np.nan)
    changed = (cv2.absdiff(picture_0, picture_1) > _CHANGE).astype(np.uint8)
    if not changed.any():
        return pieces
    changed = cv2.dilate(changed, np.ones((7, 7), np.uint8))
    detector = cv2.ORB.create(nfeatures=_POINTS, fastThreshold=_FAINTEST)
    points_0, described_0 = detector.detectAndCompute(picture_0, changed)
    points_1, described_1 = detector.detectAndCompute(picture_1, changed)
    if min(len(points_0), len(points_1)) < _LEAST_MATCHES:
        return pieces
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(described_0, described_1)
    here = np.array([points_0[match.queryIdx].pt for match in matches])
    there = np.array([points_1[match.trainIdx].pt for match in matches])
    for number in range(CANDIDATES):
        if len(here) < _LEAST_MATCHES:
            break
        piece, inliers = cv2.estimateAffinePartial2D(
            here, there, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE, maxIters=1000
        )
        if piece is None or inliers.sum() < _LEAST_MATCHES:
            break
        if 1 / _ZOOM < np.hypot(piece[0, 0], piece[1, 0]) < _ZOOM:
            pieces[number] = piece
        rest = inliers[:, 0] == 0
        here, there = here[rest], there[rest]
    return pieces


def move_pieces(
    motion: Tensor, pieces: Tensor, frames: tuple[Tensor, Tensor], frame_time: Tensor
) -> PieceMotion:
    """Return motion with that of pieces where it explains both frames clearly better.

    What a point shows at ``frame_time`` is explained if both frames show the same where its motion
    leads. A point is judged by all those round it, so that where lines end or are torn between
    motions a piece stays whole. The piece that explains most comes first.

    Args:
        motion: (B, 4, H/4, W/4), from ``frame_time`` to both frames.
        pieces: (B, P, 2, 3), as ``find_pieces`` has them.
        frames: both, (B, 3, H, W) in [-1, 1].
        frame_time: (B,) in (0, 1).
    """
    size_4, size_2 = motion.shape[-2:], [length // 2 for length in frames[0].shape[-2:]]
    if bool(pieces.isnan().all()):
        return PieceMotion(motion, motion.new_zeros(len(motion), 1, *size_4))
    halves = [halve(frame.float()) for frame in frames]
    best = resize_flow(motion.float(), (size_2[0], size_2[1]))
    change = _disagreement(halves, torch.zeros_like(best))
    claims = [
        _claim(_motion_of(piece, frame_time, best), halves, change)
        for piece in pieces.unbind(1)
        if not bool(piece.isnan().all())
    ]
    error = _disagreement(halves, best)
    certain = torch.zeros_like(error, dtype=torch.bool)
    for _ in range(MOST_PIECES):
        first, taken = _largest(claims, best, error, certain)
        best = torch.where(taken, first.motion, best)
        error = torch.where(taken, first.error, error)
        certain |= taken
    taken_4 = halve(certain.to(motion.dtype))
    best_4 = resize_flow(best, (size_4[0], size_4[1])).to(motion.dtype)
    return PieceMotion(torch.where(taken_4 > 0, best_4, motion), taken_4)


class _Claim(NamedTuple):
    """All points moved as one piece; NaN in samples that lack it, never less than anything."""

    motion: Tensor  # (B, 4, H/2, W/2)
    error: Tensor  # (B, 1, H/2, W/2), how far both frames differ where it leads
    fills: Tensor  # (B, 1, H/2, W/2) bool: it leads to places in both that nothing else fills


def _claim(motion: Tensor, halves: list[Tensor], change: Tensor) -> _Claim:
    error = _disagreement(halves, motion)
    # Where it leads to what changes in both frames, those are places that nothing else fills.
    ends = [warp(change, flow) for flow in motion.chunk(2, dim=1)]
    return _Claim(motion, error, error <= torch.minimum(*ends) - 2 * _GAIN)


def _largest(
    claims: list[_Claim], best: Tensor, error: Tensor, certain: Tensor
) -> tuple[_Claim, Tensor]:
    """Return the claim that explains most beyond ``best``, and where, (B, 1, H/2, W/2) bool."""
    most = error.new_full((len(error), 1, 1, 1), -torch.inf)
    largest, where = claims[0], torch.zeros_like(certain)
    for claim in claims:
        apart = sum(flow_length(flow) for flow in (claim.motion - best).chunk(2, dim=1))
        # What a piece has, another takes from it only by explaining it better.
        ties = claim.fills & ~certain & (claim.error <= error + _TIE)
        better = ((claim.error <= error - _GAIN) | ties) & (apart > _ELSEWHERE)
        taken = box_mean(better.to(error.dtype), _SMOOTHED) > 0.5
        gain = torch.where(taken, error - claim.error, 0).sum((1, 2, 3), keepdim=True)
        more = (gain > most) & taken.any(3, keepdim=True).any(2, keepdim=True)
        most = torch.where(more, gain, most)
        largest = _Claim(*(torch.where(more, *pair) for pair in zip(claim, largest, strict=True)))
        where = torch.where(more, taken, where)
    return largest, where


def _motion_of(piece: Tensor, frame_time: Tensor, like: Tensor) -> Tensor:
    """Return the motion (B, 4, h, w) at 1/2 of all points, moved evenly by pieces (B, 2, 3)."""
    time = frame_time.to(piece).view(-1, 1, 1)
    still = torch.eye(2, 3, dtype=piece.dtype, device=piece.device)
    between = torch.lerp(still, piece, time)  # from frame_0 to frame_time
    back = torch.linalg.inv(between[:, :, :2])
    height, width = like.shape[-2:]
    places = 2 * pixel_grid(height, width, like).to(piece) + 0.5  # in pixels of the frame
    flat = places.flatten(1)[None]  # (1, 2, N)
    begun = back @ (flat - between[:, :, 2:])  # where the points were in frame_0
    arrived = piece[:, :, :2] @ begun + piece[:, :, 2:]
    ways = torch.cat([begun - flat, arrived - flat], dim=1) / 2
    return ways.unflatten(2, (height, width)).to(like)


def _disagreement(frames: list[Tensor], motion: Tensor) -> Tensor:
    """Return how far both frames differ where motion leads from each point, (B, 1, h, w)."""
    fetched = [
        warp(frame, flow) for frame, flow in zip(frames, motion.chunk(2, dim=1), strict=True)
    ]
    difference = (fetched[0] - fetched[1]).abs().mean(1, keepdim=True)
    return box_mean(difference, _AROUND)
