"""What an experiment gives: a number, how sure the draw of virtual patients leaves it, and statistics that make both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Fewer people than this, weighted, say nothing of a group.
FEWEST = 8.0


@dataclass(frozen=True)
class Result:
    """A simulated value in the unit of its figure.

    Attributes
    ----------
    value:
        The number; NaN if the experiment could not give one.
    error:
        Its Monte-Carlo standard error: what another draw of virtual patients would change. 0 for one fixed person.
    note:
        What a reader should know: why there is no value, whom it was simulated on.
    """

    value: float
    error: float = 0.0
    note: str = ""

    def scaled(self, factor: float) -> Result:
        """The same in another unit."""
        return Result(self.value * factor, abs(self.error * factor), self.note)


class NotSimulated(Exception):
    """An experiment needs something that the body does not have, or people whom the population does not hold."""


def effective(weights: np.ndarray) -> float:
    """How many unweighted people weights are worth (Kish)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _checked(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype=float)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    known = np.isfinite(values)
    values, shares = values[known], shares[known]
    if len(values) == 0 or effective(shares) < FEWEST:
        raise NotSimulated("too few people of this kind among the virtual patients")
    return values, shares / shares.sum()


def mean_of(values: np.ndarray, weights: np.ndarray | None = None) -> Result:
    """Mean over people, shape (people,); weights if people count unequally."""
    values, shares = _checked(values, weights)
    mean = float(shares @ values)
    return Result(mean, float(np.sqrt(shares**2 @ (values - mean) ** 2)))


def quantile_of(values: np.ndarray, share: float, weights: np.ndarray | None = None) -> Result:
    """Quantile over people; its error from the spread of the values around it."""
    values, shares = _checked(values, weights)
    order = np.argsort(values)
    values, shares = values[order], shares[order]
    place = np.cumsum(shares) - shares / 2

    def at(level: float) -> float:
        return float(np.interp(level, place, values))

    spread = np.sqrt(share * (1 - share) / effective(shares))
    return Result(at(share), (at(min(share + spread, 1.0)) - at(max(share - spread, 0.0))) / 2)


def median_of(values: np.ndarray, weights: np.ndarray | None = None) -> Result:
    """Median over people."""
    return quantile_of(values, 0.5, weights)


def share_of(flags: np.ndarray, weights: np.ndarray | None = None) -> Result:
    """Percentage of people for whom something holds. Where none or all do, the error is that of one more person."""
    values, shares = _checked(flags, weights)
    share = float(shares @ values)
    people = effective(shares)
    spread = np.sqrt(max(share * (1 - share), 1 / (people + 1) * (1 - 1 / (people + 1))) / people)
    return Result(100 * share, float(100 * spread))


def balanced(
    values: np.ndarray, mean: float | np.ndarray, weights: np.ndarray | None = None, *, steps: int = 60
) -> np.ndarray:
    """Weights that give people the published mean at baseline: exponential tilting, as in matching-adjusted comparison.

    Parameters
    ----------
    values:
        Baseline of each person, shape (people,) or (people, quantities).
    mean:
        Published mean of each quantity.
    weights:
        Weights to start from.

    Returns
    -------
    Weights that sum to 1, shape (people,): those closest to the ones given (in entropy) that have these means.

    Raises
    ------
    NotSimulated
        If no weights have these means, or they rest on too few people.
    """
    x = np.asarray(values, dtype=float)
    x = x[:, None] if x.ndim == 1 else x
    target = np.atleast_1d(np.asarray(mean, dtype=float))
    base = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=float)
    base = np.where(np.isfinite(x).all(axis=1), base, 0.0)
    scale = np.nanstd(x, axis=0) + 1e-300
    z = np.where(np.isfinite(x), (x - target) / scale, 0.0)
    tilt = np.zeros(x.shape[1])

    def of(tilt: np.ndarray) -> np.ndarray:
        power = z @ tilt
        raw = base * np.exp(power - power.max())
        return raw / raw.sum()

    for _ in range(steps):
        shares = of(tilt)
        gap = shares @ z
        if np.abs(gap).max() < 1e-9:
            break
        spread = (z * shares[:, None]).T @ z - np.outer(gap, gap) + 1e-12 * np.eye(len(tilt))
        move = np.linalg.solve(spread, gap)
        tilt = tilt - move * min(1.0, 1.0 / (np.abs(move).max() + 1e-300))
    shares = of(tilt)
    if np.abs(shares @ z).max() > 1e-3 or effective(shares) < FEWEST:
        raise NotSimulated("too few virtual patients are like those of the study at baseline")
    return shares
