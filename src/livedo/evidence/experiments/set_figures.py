"""What sets of disease parameters give for figures of class calibration, and how far outside their bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from livedo.evidence.context import Context
from livedo.evidence.experiments.set_course import Ill, followed, hazard, ill
from livedo.evidence.experiments.set_outcomes import RATES, chances, dead, healed, of_sets, parts, rises, to_diagnosis
from livedo.evidence.lesion_sets import LesionSet
from livedo.evidence.registry import load_figures
from livedo.evidence.result import NotSimulated

#: People with a lesion in each set, and what a model may miss of a figure (SD of its logarithm).
ILL, DISCREPANCY = 24, 0.1
#: Reading -> id of the figure whose band it should meet.
FIGURES: Mapping[str, str] = {
    "sections with calcium": "VS068",
    "sections with thrombus": "CHD15",
    "incidence": "VS180",
    "dead in 26 weeks": "SUR01",
    "dead in 52 weeks": "SUR02",
    "dead of the disease in 52 weeks": "VS177",
    "sepsis in 52 weeks": "TRI-011",
    "deaths of sepsis": "VS179",
    "distal against proximal": "TRI-004",
    "closed in 52 weeks": "TRI-010",
}


def bands() -> dict[str, tuple[float, float]]:
    """Reading -> lowest and highest value that the figure's band allows."""
    known = {f.id: f for f in load_figures()}
    found = {}
    for name, figure in FIGURES.items():
        low, high = known[figure].accept_low, known[figure].accept_high
        if low is None or high is None:
            raise NotSimulated(f"{figure} has no band")
        found[name] = (low, high)
    return found


def readings(
    context: Context,
    sets: Sequence[LesionSet],
    rates: Mapping[str, np.ndarray],
    who: Ill | None = None,
    run: Mapping[str, np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Readings and their errors on the logarithm, each of shape (sets, draws); rates have shape (sets, draws).

    ``who`` is at diagnosis, by default ``ILL`` people of each set; ``run`` is a year of their course.
    """
    who = who or ill(context, sets, ILL, hazard(context, sets))
    at_risk, each = who.at_risk, len(who.of_set) // len(sets)
    run = run or followed(context, who)
    found_parts = parts(context, who, run)
    shape = next(iter(rates.values())).shape
    names = list(FIGURES)
    values, errors = ({n: np.empty(shape) for n in names} for _ in range(2))

    def mean(reading: str, k: int, each: np.ndarray, group: np.ndarray | None = None) -> np.ndarray:
        each = np.where(group, each, np.nan) if group is not None else each
        table, middle = who.by_set(each), of_sets(who, each, weights)
        with np.errstate(invalid="ignore"):
            people = np.isfinite(table).sum(axis=1)
            error = np.nanstd(table, axis=1) / np.sqrt(np.maximum(people, 1)) / np.maximum(middle, 1e-9)
        values[reading][:, k], errors[reading][:, k] = middle, np.where(people < 3, np.inf, error)
        return middle

    calcium, clots = at_risk.vessels.values["calcium_seen"], at_risk.vessels.thrombus_seen
    for reading, table in (("sections with calcium", calcium), ("sections with thrombus", clots)):
        values[reading][:] = 100 * table.mean(axis=1)[:, None]
        errors[reading][:] = (table.std(axis=1) / np.sqrt(table.shape[1]) / table.mean(axis=1))[:, None]
    own = np.array([one.values["onset_rate"] for one in sets])
    values["incidence"][:] = at_risk.incidence[:, None] * rates["onset_rate"] / own[:, None]
    errors["incidence"][:] = 0.2
    proximal = who.site == 0
    for k in range(shape[1]):
        changed = {n: np.repeat(rates[n][:, k], each) for n in RATES if n != "onset_rate"}
        rise, weights = rises(context, found_parts, changed), to_diagnosis(context, who, changed)
        year, half = chances(rise, 52), chances(rise, 26)
        mean("dead in 26 weeks", k, 100 * dead(half))
        mean("dead in 52 weeks", k, 100 * dead(year))
        ill_dead = mean("dead of the disease in 52 weeks", k, 100 * dead(year, "sepsis", "wasting"))
        mean("sepsis in 52 weeks", k, 100 * year["episode"])
        mean("closed in 52 weeks", k, 100 * healed(context, run, rise, 52))
        septic = mean("deaths of sepsis", k, 100 * year["sepsis"])
        values["deaths of sepsis"][:, k] = 100 * septic / ill_dead
        both = [mean("distal against proximal", k, dead(year), g) for g in (~proximal, proximal)]
        with np.errstate(invalid="ignore"):
            values["distal against proximal"][:, k] = np.log1p(-both[0]) / np.log1p(-both[1])
        few = np.minimum(who.by_set(proximal).sum(axis=1), who.by_set(~proximal).sum(axis=1)) < 3
        errors["distal against proximal"][:, k] = np.where(few, np.inf, 0.3)
    return values, errors


def outside(values: Mapping[str, np.ndarray], errors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How far each reading lies outside its band, in SD of people and model; 0 inside."""
    found = {}
    for name, (low, high) in bands().items():
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.log(np.maximum(values[name], 1e-9))
            beyond = np.maximum(0, np.maximum(np.log(low) - place, place - np.log(high)))
            sd = np.sqrt(errors[name] ** 2 + DISCREPANCY**2)
        found[name] = np.where(np.isfinite(sd), np.nan_to_num(beyond / sd, nan=np.inf), 0.0)
    return found
