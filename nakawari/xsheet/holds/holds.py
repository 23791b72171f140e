"""From how much each frame changed to which frames are new drawings.

A hidden Markov model tells whether a frame shows a new drawing or the same one as before. It knows
about two things:

- *the shot*: how large a change is between two frames of one drawing depends on grain and coding,
  and between two drawings on how much they move. Both are learnt from the shot itself
  (expectation-maximisation, from a prior), so there is no fixed threshold. Several pairs of levels
  may explain a shot about equally well. Each then counts by its probability (Bayesian model
  averaging), so that drawings which only one of them sees are not lost by a narrow margin;
- *animation*: drawings are held for one, two, three, four or six frames, mostly for the same number
  as the last one. The state is the cadence and the frames since the drawing began. A change that
  comes when it is due needs less evidence than one that does not.

The equations are those of Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77 (1989),
section V.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nakawari.xsheet.holds.forward_backward import ForwardBackward
from nakawari.xsheet.holds.timing import timing
from nakawari.xsheet.settings import DEFAULT, HoldSettings, LevelSettings


class Level(NamedTuple):
    """A normal distribution of log(change + floor)."""

    mean: float
    deviation: float


class Prior(NamedTuple):
    """What is known about a level before the shot is seen."""

    level: Level
    spread: float  # of the mean, from shot to shot
    weight: float  # as many frames as the deviation counts for


class Decision(NamedTuple):
    """What was decided from a shot's changes."""

    new_probability: np.ndarray  # (N,) float64, that each frame is a new drawing
    thresholds: np.ndarray  # (N,) change [code values] at which new and held are equally probable


class _Fit(NamedTuple):
    same: tuple[Level, ...]  # one for each group of frames
    new: Level
    probability: np.ndarray
    score: float


def is_new(decision: Decision, settings: HoldSettings = DEFAULT.holds) -> np.ndarray:
    """Return which frames show a new drawing, (N,) bool; in doubt, a frame does."""
    return decision.new_probability > 1 - settings.min_held_probability


def decide(
    changes: np.ndarray,
    groups: np.ndarray,
    growth: np.ndarray,
    holds: HoldSettings = DEFAULT.holds,
    levels: LevelSettings = DEFAULT.levels,
) -> Decision:
    """Find the drawings of one shot.

    Args:
        changes: (N,) change of each frame from the one before it [code values]. The first is not
            looked at: it has none before it in the shot, so it is a new drawing.
        groups: (N,) int: 0 under a camera that stands, 1 under one that moves. Repeats of one group
            differ by similar amounts.
        growth: (N,) logarithm of the change over two frames divided by the larger of the two
            changes over one frame. Two movements add up; a repeat and its noise add nothing. It is
            0 where it was not measured.
        holds: the settings that decide.
        levels: what is known about the changes before the shot is seen.
    """
    return _Decider(holds, levels).decide(changes, groups, growth)


class _Decider:
    """Decides which frames of a shot are new drawings, by its settings."""

    def __init__(self, holds: HoldSettings, levels: LevelSettings) -> None:
        self._holds = holds
        self._chain = ForwardBackward(timing(holds))
        self._known = levels
        # Priors of repeats under a camera that stands and under one that moves, then of drawings.
        self._same = (_prior(levels, "same"), _prior(levels, "moved"))
        self._new = _prior(levels, "new")

    def decide(self, changes: np.ndarray, groups: np.ndarray, growth: np.ndarray) -> Decision:
        """Find the drawings of one shot, as the function of the same name says."""
        evidence = self._holds.growth_weight * (growth - self._holds.min_growth)
        adding = np.exp(
            np.clip(evidence, self._holds.min_growth_evidence, self._holds.max_growth_evidence)
        )
        adding[growth == 0] = 1.0
        observed = np.log(changes.astype(np.float64) + self._known.floor)
        if len(observed) == 1:
            return Decision(np.ones(1), np.zeros(1))
        places = np.quantile(observed[1:], np.linspace(0, 1, self._holds.starts))
        starts = [self._start(observed, groups, place) for place in [-np.inf, *np.unique(places)]]
        opinions = self._distinct(self._refined(observed, groups, adding, starts))
        shares = np.exp([opinion.score - opinions[0].score for opinion in opinions])
        probability = np.average([opinion.probability for opinion in opinions], 0, weights=shares)
        crossings = np.array([self._crossing(same, opinions[0].new) for same in opinions[0].same])
        return Decision(probability, crossings[groups])

    def _distinct(self, fits: list[_Fit]) -> list[_Fit]:
        """Return the distinct results of the different starts, the likeliest first."""
        opinions: list[_Fit] = []
        for fit in sorted(fits, key=lambda fit: fit.score, reverse=True):
            if all(_apart(fit, opinion) > self._holds.other_opinion for opinion in opinions):
                opinions.append(fit)
        return opinions

    def _start(self, observed: np.ndarray, groups: np.ndarray, place: float) -> _Fit:
        """Return the levels if every change above ``place`` were a new drawing.

        Timing is left out here.
        """
        probability = (observed > place).astype(np.float64)
        same, new = self._levels(observed, groups, probability)
        same_density, new_density = _densities(observed, groups, same, new)
        likely = np.logaddexp(same_density + math.log(0.5), new_density + math.log(0.5))[1:].sum()
        return _Fit(same, new, probability, float(likely) + self._prior_density(same, new))

    def _refined(
        self, observed: np.ndarray, groups: np.ndarray, adding: np.ndarray, fits: list[_Fit]
    ) -> list[_Fit]:
        for _ in range(self._holds.rounds):
            levels = [self._levels(observed, groups, fit.probability) for fit in fits]
            odds = [self._log_odds(observed, groups, same, new) for same, new in levels]
            posteriors = self._chain.posterior(np.exp(odds), adding)
            fits = [
                _Fit(
                    same,
                    new,
                    probability,
                    likelihood + self._base(observed, groups, same, new, own),
                )
                for (same, new), own, probability, likelihood in zip(
                    levels, odds, *posteriors, strict=True
                )
            ]
        return fits

    def _base(
        self,
        observed: np.ndarray,
        groups: np.ndarray,
        same: tuple[Level, ...],
        new: Level,
        odds: np.ndarray,
    ) -> float:
        """Return the log-likelihood of all frames being the same, and of the levels themselves."""
        same_density, new_density = _densities(observed, groups, same, new)
        # For a change that speaks for a new drawing, the density of repeats is worked out from the
        # odds, which are limited. Otherwise a tight level of repeats would rule the change out.
        same_density = np.where(odds > 0, new_density - odds, same_density)
        return float(same_density[1:].sum()) + self._prior_density(same, new)

    def _levels(
        self, observed: np.ndarray, groups: np.ndarray, probability: np.ndarray
    ) -> tuple[tuple[Level, ...], Level]:
        """Return the most probable levels: of each group's repeats, and of new drawings."""
        weight = probability.copy()
        weight[0] = 0.0
        held = 1.0 - probability
        held[0] = 0.0
        new = self._fitted(self._new, observed, weight)
        new = new._replace(mean=max(new.mean, math.log(self._known.min_new)))
        same = [
            self._fitted(prior, observed, np.where(groups == group, held, 0.0))
            for group, prior in enumerate(self._same[: int(groups.max()) + 1])
        ]
        same[0] = same[0]._replace(deviation=min(same[0].deviation, self._known.max_deviation))
        return tuple(
            level._replace(
                mean=min(level.mean, new.mean - self._known.apart, math.log(self._known.max_same))
            )
            for level in same
        ), new

    def _fitted(self, prior: Prior, observed: np.ndarray, weight: np.ndarray) -> Level:
        """Return a level's most probable parameters, given how much each frame belongs to it."""
        total = weight.sum()
        pull = (
            prior.level.deviation / prior.spread
        ) ** 2  # frames that the prior's mean counts for
        mean = (pull * prior.level.mean + (weight * observed).sum()) / (pull + total)
        spread = prior.weight * prior.level.deviation**2 + (weight * (observed - mean) ** 2).sum()
        return Level(
            float(mean),
            float(max(math.sqrt(spread / (prior.weight + total)), self._known.min_deviation)),
        )

    def _prior_density(self, same: tuple[Level, ...], new: Level) -> float:
        pairs = [*zip(self._same, same, strict=False), (self._new, new)]
        return sum(
            -0.5 * ((level.mean - prior.level.mean) / prior.spread) ** 2 for prior, level in pairs
        )

    def _log_odds(
        self, observed: np.ndarray, groups: np.ndarray, same: tuple[Level, ...], new: Level
    ) -> np.ndarray:
        """Return log p(change | new) - log p(change | same), never falling as the change grows.

        Two normal curves of different widths cross twice. Beyond the two means, the odds therefore
        stay as they are at the mean.
        """
        means = np.array([level.mean for level in same])[groups]
        clipped = np.clip(observed, means, new.mean)
        same_density, new_density = _densities(clipped, groups, same, new)
        return np.clip(
            new_density - same_density, -self._holds.max_evidence, self._holds.max_evidence
        )

    def _crossing(self, same: Level, new: Level) -> float:
        places = np.linspace(same.mean, new.mean, 400)
        odds = self._log_odds(places, np.zeros(len(places), int), (same,), new)
        above = np.flatnonzero(odds >= 0)
        return float(math.exp(places[above[0] if above.size else -1]) - self._known.floor)


def _apart(fit: _Fit, other: _Fit) -> float:
    return abs(fit.new.mean - other.new.mean) + abs(fit.same[0].mean - other.same[0].mean)


def _densities(
    observed: np.ndarray, groups: np.ndarray, same: tuple[Level, ...], new: Level
) -> tuple[np.ndarray, np.ndarray]:
    means = np.array([level.mean for level in same])[groups]
    deviations = np.array([level.deviation for level in same])[groups]
    same_density = -0.5 * ((observed - means) / deviations) ** 2 - np.log(deviations)
    new_density = -0.5 * ((observed - new.mean) / new.deviation) ** 2 - math.log(new.deviation)
    return same_density, new_density


def _prior(levels: LevelSettings, name: str) -> Prior:
    """Return what is known about the level called ``name`` before the shot is seen."""
    mean, deviation, spread, weight = (
        getattr(levels, name + part) for part in ("", "_deviation", "_spread", "_weight")
    )
    return Prior(Level(math.log(mean), deviation), spread, weight)
