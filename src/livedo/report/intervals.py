"""What the members say together: medians and percentiles over those that did not fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livedo.tracking.comparison import PlanOutcome

PERCENTILES = (5.0, 25.0, 50.0, 75.0, 95.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """Median, 5th and 95th percentile of the finite values, and how many they were; NaN where there were none."""

    median: float
    low: float
    high: float
    count: int

    def scaled(self, factor: float) -> Interval:
        """The interval in another unit."""
        return Interval(self.median * factor, self.low * factor, self.high * factor, self.count)


def of_members(outcome: PlanOutcome, quantity: str) -> np.ndarray:
    """A quantity of every member, shape (members,): NaN for those that failed, whatever was computed for them.

    NaN alone if the plan has no such quantity.
    """
    values = np.array(outcome.summary.get(quantity, [np.nan]), dtype=float)
    values[[member for member in outcome.failures if member < values.size]] = np.nan
    return values


def interval(values: np.ndarray) -> Interval:
    """Median and 90% interval of ``values``, shape (members,); NaN (a failed member) is left out."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    median, low, high = np.percentile(finite, (50, 5, 95))
    return Interval(float(median), float(low), float(high), int(finite.size))


def bands(values: np.ndarray) -> np.ndarray:
    """The percentiles 5, 25, 50, 75 and 95 at each sample.

    ``values`` has the shape (members, samples), the result (5, samples); NaN members are left out, and a sample
    without any finite value is NaN.
    """
    found = np.full((len(PERCENTILES), values.shape[1]), np.nan)
    some = np.isfinite(values).any(axis=0)
    if some.any():
        clean = np.where(np.isfinite(values[:, some]), values[:, some], np.nan)
        found[:, some] = np.nanpercentile(clean, PERCENTILES, axis=0)
    return found
