"""The forward-backward algorithm: how probable it is that each frame shows a new drawing.

The equations are those of Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77 (1989),
sections III-A and V-A.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nakawari.xsheet.holds.timing import Timing

SPAN = 1000
"""Frames whose states are in memory at once, some 5 kB each. Shots are hardly ever longer."""


class Posterior(NamedTuple):
    """What is known of a shot's frames once all of them are seen, in each of K opinions."""

    new: np.ndarray  # (K, N), the probability that each frame is a new drawing
    log_likelihood: np.ndarray  # (K,), relative to that of all frames being the same


class ForwardBackward:
    """Goes through a shot's frames forward and backward, by the timing of its drawings."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._onward = np.hstack([timing.to_new, timing.to_same])
        self._back = np.hstack([timing.to_new.T, timing.to_same.T])

    def posterior(self, evidence: np.ndarray, adding: np.ndarray) -> Posterior:
        """Return how probable it is that each frame is a new drawing.

        In a long shot, the forward half is worked out twice, so that no more than ``SPAN`` frames
        of it are in memory.

        Args:
            evidence: (K, N), p(change | new) / p(change | same) of each frame, in K opinions of the
                shot. They take hardly longer than one.
            adding: (N,), a further such ratio, for this frame and the one before both being new.
        """
        (opinions, count), states = evidence.shape, len(self._timing.begin)
        ratios = evidence.T[:, :, None]  # (N, K, 1)
        totals = np.ones((count, opinions, 1))
        spans = [slice(first, min(first + SPAN, count - 1)) for first in range(0, count - 1, SPAN)]
        forward = np.empty((min(SPAN, count - 1) + 1, opinions, states))
        forward[0] = self._timing.begin
        firsts: list[np.ndarray] = []
        for span in spans:
            firsts.append(forward[0].copy())
            self._go_forward(forward, ratios, adding, totals, span)
            if span is not spans[-1]:
                forward[0] = forward[-1]
        probability = np.ones((opinions, count))
        backward = np.ones((opinions, states))
        for span, first in zip(reversed(spans), reversed(firsts), strict=True):
            if span is not spans[-1]:  # the last span's forward half is still in memory
                forward[0] = first
                self._go_forward(forward, ratios, adding, totals, span)
            for frame in range(span.stop, span.start, -1):
                before = forward[frame - 1 - span.start]
                came = backward @ self._back
                to_new = ratios[frame] * came[:, :states]
                to_new[:, self._timing.just_begun] *= adding[frame]
                backward = to_new + came[:, states:]
                new_share = np.vecdot(before, to_new)
                share = np.vecdot(before, backward)
                probability[:, frame] = new_share / share
                backward /= share[:, None]
        return Posterior(probability, np.log(totals, out=totals).sum(axis=(0, 2)))

    def _go_forward(
        self,
        forward: np.ndarray,
        ratios: np.ndarray,
        adding: np.ndarray,
        totals: np.ndarray,
        span: slice,
    ) -> None:
        """Work out the probability of each state, given the frames up to and including its own.

        Args:
            forward: (frames + 1, K, S), the probabilities. The first entry is given and is that of
                the frame ``span.start``. Those of the frames up to ``span.stop`` are written after
                it.
            ratios: (N, K, 1), the evidence of all frames.
            adding: (N,), as ``posterior`` is given it.
            totals: (N, K, 1), written too: by how much each frame's probabilities were divided.
            span: from the frame that is given to the last one that is written, included.
        """
        states = forward.shape[-1]
        just_begun, anew = self._timing.just_begun, self._timing.to_new
        for place, frame in enumerate(range(span.start + 1, span.stop + 1), 1):
            before, ahead = forward[place - 1], forward[place]
            came = before @ self._onward
            to_new = came[:, :states]
            if adding[frame] != 1.0:  # it weights the transition from one new drawing to the next
                to_new += (adding[frame] - 1.0) * (before[:, just_begun] @ anew[just_begun])
            np.multiply(ratios[frame], to_new, out=ahead)
            ahead += came[:, states:]
            totals[frame] = ahead.sum(axis=1, keepdims=True)
            ahead /= totals[frame]
