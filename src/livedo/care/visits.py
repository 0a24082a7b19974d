"""When labs are drawn, and what the laboratory says: the body's value with the variation of people and of assays.

A stable patient's values move from draw to draw. Half of the within-person variance drifts (an autoregressive walk with a
correlation time of three weeks), half is new at each draw; the assay adds its own, and for some analytes each laboratory has
a constant bias. Sizes stand in ``patients/variation.csv``; that half is drift, and its time, are assumptions.

Every draw is keyed by seed, patient and time: a lab drawn at a given hour deviates in the same way in every arm, whatever
was drawn before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from livedo.engine.randomness import normal, uniform
from livedo.errors import InputError
from livedo.patients import Variation, variations

WEEK = 168.0
#: Share of the within-person variance that drifts, and the drift's correlation time in weeks (assumptions).
DRIFTING, CORRELATION_WEEKS = 0.5, 3.0
#: Weeks of the drift's past that are summed; what is left out is 1e-4 of its size.
_PAST = 28
#: Occasions are whole numbers from zero; the walk starts before week zero.
_BEFORE = 1024

PANEL = ("phosphate", "calcium_total", "pth", "albumin", "calcidiol")


@dataclass(frozen=True)
class Visits:
    """When labs are drawn.

    Attributes
    ----------
    weeks:
        Weeks between visits, and between decisions.
    draw:
        Before which session of the visit's week: ``midweek``, or ``first`` (after the long gap).
    panel:
        Analytes drawn.
    seldom:
        Analyte -> drawn only at every so many visits, beginning with the first.
    missed:
        Share of draws that do not take place though the patient came (assumption).
    laboratories:
        Among how many laboratories patients are spread (assumption).
    """

    weeks: int = 4
    draw: str = "midweek"
    panel: tuple[str, ...] = PANEL
    seldom: Mapping[str, int] = field(default_factory=lambda: {"calcidiol": 6})
    missed: float = 0.03
    laboratories: int = 20

    def __post_init__(self) -> None:
        if self.draw not in ("midweek", "first"):
            raise InputError("no such time of draw", field="draw", value=self.draw, expected="midweek or first")
        if self.weeks < 1 or not 0.0 <= self.missed <= 1.0 or self.laboratories < 1:
            raise InputError("visits cannot be so", value=(self.weeks, self.missed, self.laboratories))
        for analyte in self.panel:
            if analyte not in variations():
                raise InputError("no variation is known for this analyte", field="panel", value=analyte)

    def session(self, starts: Sequence[float]) -> int:
        """Which of a week's sessions labs are drawn before, given their starts in hours, ascending."""
        return 0 if self.draw == "first" else (len(starts) - 1) // 2

    def drawn(self, visit: int) -> tuple[str, ...]:
        """Analytes drawn at a visit, counted from zero."""
        return tuple(a for a in self.panel if visit % self.seldom.get(a, 1) == 0)


def draw(
    visits: Visits,
    true: Mapping[str, np.ndarray],
    *,
    seed: int,
    patients: np.ndarray,
    visit: int,
    hour: float,
    present: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """What the laboratory reports.

    Parameters
    ----------
    visits:
        Says what is drawn.
    true:
        Analyte -> the body's value, canonical unit, shape (n,).
    seed, patients:
        Of the draws, and the patients' numbers, shape (n,).
    visit:
        Number of the visit, from zero.
    hour:
        Time of the draw; the walk goes by its week.
    present:
        Whether the patient came, shape (n,).

    Returns
    -------
    dict
        Analyte of the panel -> shape (n,); NaN where nothing was drawn.
    """
    came = uniform(seed, "visit/drawn", patients, round(hour)) >= visits.missed
    if present is not None:
        came &= present
    reported: dict[str, np.ndarray] = {}
    now = visits.drawn(visit)
    for analyte in visits.panel:
        values = np.full(len(patients), np.nan)
        if analyte in now:
            values = np.where(
                came, _reported(variations()[analyte], true[analyte], visits, seed, patients, hour), np.nan
            )
        reported[analyte] = values
    return reported


def _reported(
    row: Variation, true: np.ndarray, visits: Visits, seed: int, patients: np.ndarray, hour: float
) -> np.ndarray:
    within, analytical = (_sigma(row, size) for size in (row.within, row.analytical))
    deviation = (
        within * DRIFTING**0.5 * walk(seed, row.analyte, patients, int(hour // WEEK))
        + within * (1.0 - DRIFTING) ** 0.5 * normal(seed, f"labs/{row.analyte}/draw", patients, round(hour))
        + analytical * normal(seed, f"labs/{row.analyte}/assay", patients, round(hour))
    )
    if row.laboratory:
        deviation += row.laboratory * laboratory_bias(seed, row.analyte, patients, visits.laboratories)
    return true * (np.exp(deviation) if row.scale == "log" else 1.0 + deviation)


def _sigma(row: Variation, variation: float) -> float:
    """SD of the logarithm of a log-normal with this coefficient of variation; the coefficient itself where normal."""
    return float(np.sqrt(np.log1p(variation**2))) if row.scale == "log" else variation


def walk(seed: int, analyte: str, patients: np.ndarray, week: int) -> np.ndarray:
    """The drift of each patient in a week, shape (n,): mean 0, variance 1, correlation exp(-weeks/3)."""
    rho = np.exp(-1.0 / CORRELATION_WEEKS)
    who = np.repeat(patients, _PAST)
    weeks = np.tile(np.arange(week - _PAST + 1, week + 1) + _BEFORE, len(patients))
    shocks = normal(seed, f"labs/{analyte}/drift", who, weeks).reshape(len(patients), _PAST)
    weights = rho ** np.arange(_PAST - 1, -1, -1)
    return (shocks * (weights / np.sqrt((weights**2).sum()))).sum(axis=1)


def laboratory_bias(seed: int, analyte: str, patients: np.ndarray, laboratories: int) -> np.ndarray:
    """Standard normal bias of each patient's own laboratory, shape (n,)."""
    home = np.floor(uniform(seed, "laboratory", patients) * laboratories)
    return normal(seed, f"laboratory/{analyte}", home.astype(np.int64))
