"""Finds sets of disease parameters under which the figures of class calibration come out: not one best, but many.

Run by hand after ``calibration/vessels.py`` and ``calibration/lesion.py``: ``python calibration/lesion_sets.py`` (some minutes).
For each structure of the disease, parameters are drawn from log-normal priors about the values of the tables (Latin hypercubes,
batch after batch until enough runs hold an accepted draw); vessels, onset and a year of the lesion run with the organs that
carry them, fed with settled plasma (``experiments/set_course.py``). Rates that act on hazards alone are drawn many times for each
run. A set is accepted when every figure lies within its band, widened by the Monte-Carlo error of the people and by what a model
may miss (``DISCREPANCY``): approximate Bayesian computation by rejection. The accepted sets, one of each run as far as they go,
are written into ``evidence/accepted_sets.csv``, the record into ``calibration/lesion_sets_record.json``.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm, qmc, spearmanr

sys.path.insert(0, str(Path(__file__).parent))
from fitting import run_name

from livedo.evidence import Context
from livedo.evidence.experiments.set_figures import DISCREPANCY, FIGURES, bands, outside, readings
from livedo.evidence.experiments.set_outcomes import RATES
from livedo.evidence.lesion_sets import STRUCTURES, TABLE, LesionSet

RECORD = Path(__file__).with_name("lesion_sets_record.json")
#: Runs of a batch, batches of a structure at most, rates drawn for each run, sets kept of each structure, seed.
BATCH, BATCHES, RATES_DRAWN, KEPT, SEED = 48, 8, 80, 24, 20
#: Parts of a parameter's draws over which a share of variance is counted.
BINS = 10
#: How many SD of model and people may lie between a reading and its band.
WIDER = 1.5


@dataclass(frozen=True)
class Prior:
    """SD of the logarithm about the body's own value, or that of the structure; ``fitted`` to figures, or fixed with a ``range``
    and carried along."""

    spread: float
    kind: str
    why: str


PRIORS = {
    "arteriole_seed": Prior(0.5, "fitted", "as in calibration/vessels.py, narrower"),
    "thrombosis_rate": Prior(0.8, "fitted", "as in calibration/vessels.py, narrower"),
    "intima_growth": Prior(0.7, "fitted", "as in calibration/lesion.py, narrower"),
    "margin_advance": Prior(0.35, "range", "VS154: 0.5 to 1.5 mm a week"),
    "onset_rate": Prior(
        0.8, "fitted", "as in calibration/lesion.py; reports say what other definitions of a case make of it"
    ),
    "sepsis_rate": Prior(0.5, "fitted", "as in calibration/lesion.py"),
    "wasting_rate": Prior(0.5, "fitted", "as in calibration/lesion.py"),
    "site_weight_proximal": Prior(0.5, "range", "assumption"),
    "occlusion_rate": Prior(0.3, "range", "assumption: lesions of half to twice the size"),
    "lysis": Prior(0.2, "range", "assumption: 1.4 to 3% a day"),
    "spread_open": Prior(0.15, "range", "as calibration/lesion.py leaves it"),
    "wasting_plaque": Prior(0.3, "range", "assumption"),
}


def centres(context: Context, structure: str) -> dict[str, float]:
    """Parameter -> the structure's own value, or the body's."""
    own = {n: context.body.parameters[n].value for n in PRIORS}
    return own | {n: v for n, v in context.body.settings[f"structure_{structure}"].items() if n in PRIORS}


def drawn(names: Sequence[str], many: int, seed: int, centre: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Draws from the priors, shape (many,) each."""
    points = norm.ppf(qmc.LatinHypercube(len(names), rng=seed).random(many))
    return {n: centre[n] * np.exp(PRIORS[n].spread * points[:, i]) for i, n in enumerate(names)}


def spread_over(accepted: np.ndarray, most: int) -> list[tuple[int, int]]:
    """Accepted (run, draw) pairs, shape (runs, draws): one of each run in turn, until there are enough."""
    order = [list(np.flatnonzero(row)) for row in accepted]
    found: list[tuple[int, int]] = []
    while len(found) < most and any(order):
        found += [(i, int(row.pop(0))) for i, row in enumerate(order) if row][: most - len(found)]
    return found


def learnt(everything: Mapping[str, np.ndarray], accepted: np.ndarray) -> dict[str, float | None]:
    """Spread of the logarithm among accepted draws over that of the prior: near 1 where figures say nothing."""
    return {
        n: round(float(np.std(np.log(v[accepted])) / PRIORS[n].spread), 2) if accepted.sum() > 1 else None
        for n, v in everything.items()
    }


def explained(draws: np.ndarray, values: np.ndarray, independent: int) -> float:
    """First-order share of a reading's variance that a parameter explains: variance of its mean in tenths of the parameter, less
    what chance alone gives among so many independent draws (Pearson's correlation ratio)."""
    known = np.isfinite(values)
    x, y = draws[known], values[known]
    tenth = np.minimum((BINS * np.argsort(np.argsort(x)) / len(x)).astype(int), BINS - 1)
    means = np.array([y[tenth == k].mean() for k in range(BINS)])
    within = np.mean([y[tenth == k].var() for k in range(BINS)])
    chance = (BINS - 1) * within / independent
    return float(max(means.var() - chance, 0.0) / y.var()) if y.var() > 0 else 0.0


@dataclass(frozen=True)
class Batch:
    """Runs under drawn sets: draws of shape (runs, draws), readings the same, distances from the bands."""

    draws: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    away: Mapping[str, np.ndarray]

    @property
    def most(self) -> np.ndarray:
        """The largest distance of any reading, shape (runs, draws)."""
        return np.max(list(self.away.values()), axis=0)


def batch(context: Context, structure: str, number: int) -> Batch:
    """One batch of runs."""
    seed, centre = SEED + 100 * STRUCTURES.index(structure) + number, centres(context, structure)
    dynamic = [n for n in PRIORS if n not in RATES]
    runs = drawn(dynamic, BATCH, seed, centre)
    drawn_rates = drawn(RATES, BATCH * RATES_DRAWN, seed + 50, centre)
    rates = {n: v.reshape(BATCH, -1) for n, v in drawn_rates.items()}
    fixed = {n: centre[n] for n in RATES}
    sets = [
        LesionSet(f"{structure} {i}", structure, fixed | {n: float(runs[n][i]) for n in dynamic}) for i in range(BATCH)
    ]
    values, errors = readings(context, sets, rates)
    everything = {n: np.repeat(runs[n][:, None], RATES_DRAWN, axis=1) for n in dynamic} | rates
    return Batch(everything, values, outside(values, errors))


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches as one."""

    def each(part: str) -> dict[str, np.ndarray]:
        tables = [getattr(b, part) for b in batches]
        return {n: np.concatenate([table[n] for table in tables]) for n in tables[0]}

    return Batch(each("draws"), each("values"), each("away"))


def of_structure(context: Context, structure: str) -> tuple[list[LesionSet], dict[str, object]]:
    """Accepted sets of a structure, batch after batch until enough runs have an accepted draw, and what the record keeps."""
    batches: list[Batch] = []
    while len(batches) < BATCHES:
        batches.append(batch(context, structure, len(batches)))
        found = joined(batches)
        accepted = found.most <= WIDER
        print(structure, len(batches) * BATCH, int(accepted.any(axis=1).sum()), flush=True)
        if accepted.any(axis=1).sum() >= KEPT:
            break
    most, everything, values, away = found.most, found.draws, found.values, found.away
    kept = [
        LesionSet(f"{structure} {k + 1}", structure, {n: float(f"{everything[n][i]:.4g}") for n in PRIORS})
        for k, i in enumerate(spread_over(accepted, KEPT))
    ]
    met = {n: np.exp(-(a**2) / 2) for n, a in away.items()}
    ranks = {
        n: {
            m: round(float(spearmanr(everything[n].ravel(), v.ravel(), nan_policy="omit")[0]), 2)
            for m, v in values.items()
        }
        for n in PRIORS
    }
    independent = {n: most.size if n in RATES else len(most) for n in PRIORS}
    shares = {
        n: {m: round(explained(everything[n].ravel(), v.ravel(), independent[n]), 3) for m, v in values.items()}
        for n in PRIORS
    }
    strict = {n: (values[n] >= low) & (values[n] <= high) for n, (low, high) in bands().items()}
    record: dict[str, object] = {
        "centres": centres(context, structure),
        "runs": len(most),
        "draws": most.size,
        "accepted": int(accepted.sum()),
        "accepted_within_1_sd": int((most <= 1.0).sum()),
        "accepted_share": round(float(accepted.mean()), 5),
        "runs_with_an_accepted_draw": int(accepted.any(axis=1).sum()),
        "fit_integrated": float(np.mean(np.prod(list(met.values()), axis=0))),
        "kept": len(kept),
        "distance_of_the_best": round(float(most.min()), 2),
        "figures_strictly_inside": {
            n: round(float(v[accepted].mean()), 2) if accepted.any() else None for n, v in strict.items()
        },
        "posterior_over_prior_spread": learnt(everything, accepted),
        "rank_correlation_with_readings": ranks,
        "first_order_share_of_variance": shares,
    }
    return kept, record


def write(sets: Sequence[LesionSet]) -> None:
    """The table of accepted sets."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["set", "structure", *PRIORS])
        writer.writerows([one.name, one.structure, *(f"{one.values[n]:.4g}" for n in PRIORS)] for one in sets)


def main() -> None:
    """Draw, run, accept, record."""
    began = time.time()
    context = Context()
    sets: list[LesionSet] = []
    found: dict[str, object] = {}
    for structure in STRUCTURES:
        kept, found[structure] = of_structure(context, structure)
        sets += kept
        print(structure, len(kept), flush=True)
    priors = {n: asdict(p) for n, p in PRIORS.items()}
    record = {
        "run": run_name("lesion_sets.py", priors, FIGURES, BATCH, context.body.model.fingerprint),
        "seconds": round(time.time() - began),
        "method": "approximate Bayesian computation by rejection; a Latin hypercube of log-normal priors",
        "accepts": f"every reading inside its band, or at most {WIDER:g} SD of model ({DISCREPANCY:g}) and people outside",
        "priors": priors,
        "figures": {n: {"from": f, "band": bands()[n]} for n, f in FIGURES.items()},
        "fitted": sum(p.kind == "fitted" for p in PRIORS.values()),
        "structures": found,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write(sets)


if __name__ == "__main__":
    main()
