"""What calibrations share: figures, damped Gauss-Newton with log-normal priors, what figures say of a parameter, tables."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from livedo.body import PHYSIOLOGY

Sets = Mapping[str, np.ndarray]
Readings = dict[str, np.ndarray]
Priors = Mapping[str, tuple[float, float]]


#: Dampings that are tried side by side, in units of the prior's information.
DAMPINGS = (0.0, 0.3, 3.0, 30.0, 300.0)


@dataclass(frozen=True)
class Figure:
    """A published number and the reading that should give it; ``sd`` on the log scale where ``log``.

    ``ids`` are rows of the evidence tables (class calibration, or weak or not scored where marked), or a choice.
    """

    reading: str
    value: float
    sd: float
    ids: str
    log: bool = False

    def residual(self, simulated: np.ndarray) -> np.ndarray:
        """Distance in standard deviations."""
        if self.log:
            return np.log(np.maximum(simulated, 1e-12) / self.value) / self.sd
        return (simulated - self.value) / self.sd


@dataclass(frozen=True)
class Fit:
    """Where a fit ends: values, residuals of figures, readings, Jacobian over priors, course of the cost."""

    values: dict[str, float]
    residuals: np.ndarray
    readings: dict[str, float]
    jacobian: np.ndarray
    cost: list[float]


def fit(
    priors: Priors,
    figures: Sequence[Figure],
    read: Callable[[Sets], Readings],
    *,
    iterations: int = 8,
    nudge: float = 0.05,
    central: bool = False,
    start: Mapping[str, float] | None = None,
) -> Fit:
    """Maximum a posteriori by damped Gauss-Newton in prior SDs: derivatives and several dampings side by side.

    Parameters
    ----------
    priors:
        Parameter -> centre, and SD of the logarithm.
    read:
        Sets (parameter -> shape (sets,)) -> reading -> shape (sets,).
    nudge:
        Relative move for derivatives.
    central:
        Derivatives from both sides, where people are counted and one side is too rough.
    start:
        Where to begin; the centres if not given. It moves no prior.
    """
    names = list(priors)
    centre, spread = (np.array([f(priors[n]) for n in names]) for f in (lambda p: np.log(p[0]), lambda p: p[1]))

    def at(points: np.ndarray) -> tuple[np.ndarray, Readings]:
        sets = {n: np.exp(centre[i] + spread[i] * points[:, i]) for i, n in enumerate(names)}
        found = read(sets)
        return np.stack([f.residual(found[f.reading]) for f in figures], axis=1), found

    def costs(values: np.ndarray, points: np.ndarray) -> np.ndarray:
        return (values**2).sum(axis=1) + (points**2).sum(axis=1)

    step = nudge / spread
    history: list[float] = []
    point = np.array([(np.log(start[n]) - centre[i]) / spread[i] if start else 0.0 for i, n in enumerate(names)])
    best: tuple[float, np.ndarray, np.ndarray, Readings, np.ndarray] | None = None
    while True:
        ahead, behind = np.diag(step), -np.diag(step)
        points = point + np.concatenate([np.zeros((1, len(names))), ahead, *([behind] if central else [])])
        values, found = at(points)
        one, other = values[1 : 1 + len(names)], values[1 + len(names) :] if central else values[0]
        jacobian = ((one - other) / step[:, None]).T / (2 if central else 1)
        cost = float(costs(values[:1], points[:1])[0])
        history.append(cost)
        print(f"  cost {cost:.3f}", flush=True)
        if best is None or cost < best[0]:
            best = cost, point, values[0], {k: v[:1] for k, v in found.items()}, jacobian
        if (len(history) > 1 and cost > 0.995 * history[-2]) or len(history) == iterations:
            break
        trials = []
        for damping in DAMPINGS:
            matrix = jacobian.T @ jacobian + (1 + damping) * np.eye(len(names))
            trials.append(point - np.clip(np.linalg.solve(matrix, jacobian.T @ values[0] + point), -2, 2))
        tried, _ = at(np.array(trials))
        point = trials[int(np.nanargmin(costs(tried, np.array(trials))))]
    _, point, residuals, readings, jacobian = best
    fitted = {n: float(f"{np.exp(centre[i] + spread[i] * point[i]):.4g}") for i, n in enumerate(names)}
    return Fit(fitted, residuals, {k: float(v[0]) for k, v in readings.items()}, jacobian, history)


def described(priors: Priors, figures: Sequence[Figure], found: Fit) -> dict[str, Any]:
    """What the record keeps of a fit, and what its figures say of each parameter.

    ``posterior_over_prior_spread`` is 1 where figures say nothing; ``set_by`` names the figures with a tenth or more of a
    parameter's information, the largest first.
    """
    posterior = np.sqrt(np.diag(np.linalg.inv(found.jacobian.T @ found.jacobian + np.eye(len(priors)))))
    information = found.jacobian**2
    shares = information / np.maximum(information.sum(axis=0), 1e-300)
    return {
        "figures": [
            {**asdict(f), "simulated": float(f"{found.readings[f.reading]:.5g}"), "residual_in_sd": round(float(r), 2)}
            for f, r in zip(figures, found.residuals, strict=True)
        ],
        "parameters": {
            n: {"value": found.values[n], "prior": priors[n][0], "prior_sd_log": priors[n][1]} for n in priors
        },
        "posterior_over_prior_spread": {n: round(float(p), 3) for n, p in zip(priors, posterior, strict=True)},
        "set_by": {
            n: [f"{figures[i].ids} ({figures[i].reading})" for i in np.argsort(-shares[:, j]) if shares[i, j] >= 0.1]
            for j, n in enumerate(priors)
        },
        "cost": [round(c, 3) for c in found.cost],
    }


def run_name(script: str, *parts: object) -> str:
    """Name of a run: the script, and a hash of all that decides it."""
    text = json.dumps(parts, sort_keys=True)
    return f"calibration/{script} run {hashlib.sha256(text.encode()).hexdigest()[:8]}"


def write_values(
    values: Mapping[str, float],
    run: str,
    *,
    table: str = "parameters.csv",
    columns: Mapping[str, str] | None = None,
    told: Mapping[str, str] | None = None,
) -> None:
    """Values into a table of numbers, with status ``calibrated`` and the run's name in place of that of an earlier run.

    ``columns`` names, for parameters that stand at sites, the column each goes to; ``told`` is what the source says of some
    after the run's name.
    """
    path, columns, told = PHYSIOLOGY / table, columns or {}, told or {}
    rows = read_rows(path)
    for row in rows:
        if row["name"] in values:
            row[columns.get(row["name"], "value")] = f"{values[row['name']]:.4g}"
            row["status"] = "calibrated"
            more = f", {told[row['name']]}" if row["name"] in told else ""
            row["source"] = row["source"].split("; calibration/")[0] + f"; {run}{more}"
    write_rows(path, rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """A table as dictionaries of its texts."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    """A table back, its columns in order."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
