"""A first estimate of a patient's traits: members whose settled labs agree with the charted ones.

Ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013, doi:10.1016/j.cageo.2012.03.011): the scores of all
traits of an ensemble are moved, in a few tempered steps, along their correlation with the simulated labs. It is a plain
estimate of one level per analyte, not a filter through time; an analyte that was never charted moves nothing, and the
members keep its prior spread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from livedo.engine.randomness import normal
from livedo.engine.trajectory import Moment
from livedo.patients import Prior
from livedo.patients.sampling import LIMIT
from livedo.tracking.labs import Level

#: Tempered steps, each with the same share of the data.
STEPS = 4
#: Members of the ensemble that is fitted; the first of them are the members of a run.
ENSEMBLE = 256


@dataclass(frozen=True)
class Settled:
    """Members after their run-in: where they are, and what their labs read before the midweek session.

    ``readings`` maps analyte -> shape (members,).
    """

    moment: Moment
    readings: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Estimate:
    """Scores before and after, shape (members, traits), and the settled members."""

    prior_scores: np.ndarray
    scores: np.ndarray
    settled: Settled


def estimate(
    prior: Prior,
    levels: Sequence[Level],
    settle: Callable[[np.ndarray], Settled],
    *,
    moved: Collection[str],
    members: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Estimate:
    """Estimate.

    Parameters
    ----------
    prior:
        The population the patient comes from.
    levels:
        Charted levels; those without a value are passed over.
    settle:
        Runs members with given scores, shape (members, traits), to where they settle.
    moved:
        Traits that labs depend on. Others keep their draws: what correlates with labs by chance in so few is not learnt.
    members:
        How many members are wanted.
    seed:
        Of the prior's draws and of the perturbed data.
    progress:
        Called with (steps done, steps).
    """
    size = max(members, ENSEMBLE)
    who = np.arange(size)
    scores = first = prior.scores(who, seed)
    known = [level for level in levels if level.count]
    steps = STEPS if known else 0
    learnt = np.array([name in moved for name in prior.names])
    data = np.array([np.log(lv.value) if lv.log else lv.value for lv in known])
    sd = np.array([lv.sd if lv.log else lv.sd * lv.value for lv in known])
    for step in range(steps):
        settled = settle(scores)
        simulated = np.stack([_scaled(settled.readings[lv.analyte], lv.log) for lv in known], axis=1)
        noise = np.stack([normal(seed, f"perturbed/{lv.analyte}", who, step) for lv in known], axis=1)
        update = updated(scores, simulated, data + np.sqrt(STEPS) * sd * noise, sd * np.sqrt(STEPS))
        scores = np.where(learnt, update, scores)
        if progress is not None:
            progress(step + 1, steps + 1)
    scores, first = scores[:members], first[:members]
    settled = settle(scores)
    if progress is not None:
        progress(steps + 1, steps + 1)
    return Estimate(first, scores, settled)


def _scaled(values: np.ndarray, log: bool) -> np.ndarray:
    return np.log(np.maximum(values, 1e-9)) if log else values


def updated(scores: np.ndarray, simulated: np.ndarray, data: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """One step of the smoother.

    Parameters
    ----------
    scores:
        Shape (members, traits).
    simulated, data:
        Shape (members, observations): what each member reads, and the perturbed data it should read.
    sd:
        Standard deviation of the data in this step, shape (observations,).
    """
    usable = np.isfinite(simulated).all(axis=1)
    z, g = scores[usable] - scores[usable].mean(0), simulated[usable] - simulated[usable].mean(0)
    count = max(1, usable.sum() - 1)
    covariance = g.T @ g / count + np.diag(sd**2)
    gain = (z.T @ g / count) @ np.linalg.inv(covariance)
    moved = scores.copy()
    moved[usable] = np.clip(scores[usable] + (data[usable] - simulated[usable]) @ gain.T, -LIMIT, LIMIT)
    return moved
