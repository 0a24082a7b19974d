"""Summaries taken while patients run, so that a million patients need no million trajectories.

Each takes samples as they come from any chunk, in any order of chunks, and a patient's windows in order of time. What a
reducer says of one patient does not depend on chunks; counts over patients are whole numbers, so quantiles do not either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Values = Mapping[str, np.ndarray]


class TimeInRange:
    """Share of each patient's samples with low <= value <= high; ``result`` has shape (patients,), NaN after a failure."""

    def __init__(self, patients: int, observable: str, low: float, high: float) -> None:
        self.observable, self.low, self.high = observable, low, high
        self._inside = np.zeros(patients)
        self._count = np.zeros(patients)

    def take(self, patients: np.ndarray, times: np.ndarray, values: Values) -> None:
        seen = values[self.observable]
        inside = np.where(np.isnan(seen), np.nan, (seen >= self.low) & (seen <= self.high))
        self._inside[patients] += inside.sum(axis=1)
        self._count[patients] += len(times)

    @property
    def result(self) -> np.ndarray:
        """Shares, shape (patients,)."""
        with np.errstate(invalid="ignore"):
            return self._inside / self._count


class FirstPassage:
    """Time of each patient's first sample above (or below) a threshold; infinity if there is none, NaN after a failure."""

    def __init__(self, patients: int, observable: str, threshold: float, *, above: bool = True) -> None:
        self.observable, self.threshold, self.above = observable, threshold, above
        self.result = np.full(patients, np.inf)

    def take(self, patients: np.ndarray, times: np.ndarray, values: Values) -> None:
        seen = values[self.observable]
        if not len(times):
            return
        beyond = seen > self.threshold if self.above else seen < self.threshold
        first = np.where(beyond.any(axis=1), times[beyond.argmax(axis=1)], np.inf)
        first = np.where(np.isnan(seen).any(axis=1) & np.isinf(first), np.nan, first)
        self.result[patients] = np.where(np.isinf(self.result[patients]), first, self.result[patients])


class Integral:
    """Integral of an observable over the samples by the trapezoidal rule: of a hazard, its cumulative hazard."""

    def __init__(self, patients: int, observable: str) -> None:
        self.observable = observable
        self.result = np.zeros(patients)
        self._last_time = np.full(patients, np.nan)
        self._last = np.zeros(patients)

    def take(self, patients: np.ndarray, times: np.ndarray, values: Values) -> None:
        seen = values[self.observable]
        if not len(times):
            return
        started = ~np.isnan(self._last_time[patients])
        before = np.where(started, self._last_time[patients], times[0])
        level = np.where(started, self._last[patients], seen[:, 0])
        grid = np.concatenate([before[:, None], np.broadcast_to(times, seen.shape)], axis=1)
        self.result[patients] += np.trapezoid(np.concatenate([level[:, None], seen], axis=1), grid, axis=1)
        self._last_time[patients] = times[-1]
        self._last[patients] = seen[:, -1]


class Last:
    """Last sample of some observables; ``result`` maps each to shape (patients,)."""

    def __init__(self, patients: int, observables: Sequence[str]) -> None:
        self.result = {name: np.full(patients, np.nan) for name in observables}

    def take(self, patients: np.ndarray, times: np.ndarray, values: Values) -> None:
        if len(times):
            for name, kept in self.result.items():
                kept[patients] = values[name][:, -1]


class OverPatients:
    """Mean and quantiles over patients at every sample time, from counts in narrow bins.

    Bins are even on a log scale between ``low`` and ``high`` (both positive), so a quantile is right to a relative
    ``(high / low)^(1 / bins) - 1``: 0.2% at the defaults for a hundredfold range. Values outside are counted at the ends;
    failures are left out.
    """

    def __init__(self, times: np.ndarray, observable: str, low: float, high: float, bins: int = 2048) -> None:
        self.observable, self.low, self.high, self.bins = observable, low, high, bins
        self._index = {float(t): i for i, t in enumerate(times)}
        self._counts = np.zeros((len(times), bins), dtype=np.int64)
        self._ratio = np.log(high / low)

    def take(self, patients: np.ndarray, times: np.ndarray, values: Values) -> None:
        seen = values[self.observable]
        with np.errstate(invalid="ignore", divide="ignore"):
            place = np.log(np.maximum(seen, self.low) / self.low) / self._ratio * self.bins
        for column, time in enumerate(times):
            usable = place[:, column][~np.isnan(seen[:, column])]
            bins = np.clip(usable.astype(np.int64), 0, self.bins - 1)
            self._counts[self._index[float(time)]] += np.bincount(bins, minlength=self.bins)

    def _centres(self) -> np.ndarray:
        return self.low * np.exp((np.arange(self.bins) + 0.5) / self.bins * self._ratio)

    @property
    def mean(self) -> np.ndarray:
        """Mean over patients, shape (times,)."""
        return self._counts @ self._centres() / self._counts.sum(axis=1)

    def quantile(self, share: float) -> np.ndarray:
        """Quantile over patients, shape (times,)."""
        total = np.cumsum(self._counts, axis=1)
        first = (total >= share * total[:, -1:]).argmax(axis=1)
        return self._centres()[first]
