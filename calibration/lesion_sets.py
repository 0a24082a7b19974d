"""Finds sets of disease parameters under which the figures of class calibration come out: not one best, but many.

Run by hand: ``python calibration/lesion_sets.py`` (some minutes). For each structure of the disease, parameters are drawn from
log-normal priors (Latin hypercube); vessels, onset and a year of the lesion run with the organs that carry them, fed with
settled plasma (``experiments/set_course.py``). Rates that act on hazards alone are drawn many times for each run. A set is
accepted when every figure lies within its band, widened by the Monte-Carlo error of the people and by what a model may miss
(``DISCREPANCY``): approximate Bayesian computation by rejection. The accepted sets go into ``evidence/accepted_sets.csv``, the
record into ``calibration/lesion_sets_record.json``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm, qmc, spearmanr

from livedo.evidence import Context
from livedo.evidence.experiments.set_figures import DISCREPANCY, FIGURES, bands, outside, readings
from livedo.evidence.experiments.set_outcomes import RATES
from livedo.evidence.lesion_sets import STRUCTURES, TABLE, LesionSet

RECORD = Path(__file__).with_name("lesion_sets_record.json")
#: Runs of each structure; rates drawn for each; sets kept of each structure; seed.
RUNS, RATES_DRAWN, KEPT, SEED = 40, 400, 24, 20
#: How many SD of model and people may lie between a reading and its band: chosen after a first run of 32 draws a structure,
#: in which none of the intimal structure was accepted within one.
WIDER = 1.5


@dataclass(frozen=True)
class Prior:
    """Centre and SD of the logarithm; ``fitted`` to figures, or fixed with a ``range`` and carried along."""

    centre: float
    spread: float
    kind: str
    why: str


PRIORS = {
    "arteriole_seed": Prior(1.5e-6, 0.5, "fitted", "as in calibration/vessels.py, narrower"),
    "thrombosis_rate": Prior(1.5e-6, 0.8, "fitted", "as in calibration/vessels.py, narrower"),
    "occlusion_rate": Prior(1.2e-3, 0.3, "fitted", "the value of the body; size of lesions"),
    "margin_advance": Prior(4.464e-4, 0.4, "fitted", "VS154: 0.5 to 1.5 mm a week"),
    "onset_rate": Prior(2.1e-6, 0.8, "fitted", "the value of the body; incidence is told within a range alone"),
    "sepsis_rate": Prior(7e-5, 0.5, "fitted", "the value of the body"),
    "wasting_rate": Prior(9.2e-6, 0.5, "fitted", "the value of the body"),
    "site_weight_proximal": Prior(4.0, 0.5, "fitted", "the value of the body"),
    "lysis": Prior(8.33e-4, 0.2, "range", "assumption: 1.4 to 3% a day"),
    "affected_share": Prior(0.2, 0.1, "range", "assumption: 0.16 to 0.24"),
    "wasting_plaque": Prior(0.35, 0.3, "range", "assumption"),
}


def drawn(names: Sequence[str], many: int, seed: int) -> dict[str, np.ndarray]:
    """Draws from the priors, shape (many,) each."""
    points = norm.ppf(qmc.LatinHypercube(len(names), rng=seed).random(many))
    return {n: PRIORS[n].centre * np.exp(PRIORS[n].spread * points[:, i]) for i, n in enumerate(names)}


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


def of_structure(context: Context, structure: str) -> tuple[list[LesionSet], dict[str, object]]:
    """Accepted sets of a structure, and what the record keeps."""
    number = STRUCTURES.index(structure)
    dynamic = [n for n in PRIORS if n not in RATES]
    runs = drawn(dynamic, RUNS, SEED + number)
    rates = {n: v.reshape(RUNS, -1) for n, v in drawn(RATES, RUNS * RATES_DRAWN, SEED + 10 + number).items()}
    centre = {n: PRIORS[n].centre for n in RATES}
    sets = [
        LesionSet(f"{structure} {i}", structure, centre | {n: float(runs[n][i]) for n in dynamic}) for i in range(RUNS)
    ]
    values, errors = readings(context, sets, rates)
    away = outside(values, errors)
    most = np.max(list(away.values()), axis=0)
    accepted = most <= WIDER
    chosen = spread_over(accepted, KEPT)
    everything = {n: np.repeat(runs[n][:, None], RATES_DRAWN, axis=1) for n in dynamic} | rates
    kept = [
        LesionSet(f"{structure} {k + 1}", structure, {n: float(f"{everything[n][i]:.4g}") for n in PRIORS})
        for k, i in enumerate(chosen)
    ]
    met = {n: np.exp(-(a**2) / 2) for n, a in away.items()}
    ranks = {
        n: {
            m: round(float(spearmanr(everything[n].ravel(), v.ravel(), nan_policy="omit")[0]), 2)
            for m, v in values.items()
        }
        for n in PRIORS
    }
    strict = {n: (values[n] >= low) & (values[n] <= high) for n, (low, high) in bands().items()}
    record: dict[str, object] = {
        "runs": RUNS,
        "draws": RUNS * RATES_DRAWN,
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
    context = Context(quick=True, threads=1)
    sets: list[LesionSet] = []
    found: dict[str, object] = {}
    for structure in STRUCTURES:
        kept, found[structure] = of_structure(context, structure)
        sets += kept
        print(structure, len(kept), flush=True)
    text = json.dumps(
        [{n: asdict(p) for n, p in PRIORS.items()}, FIGURES, context.body.model.fingerprint], sort_keys=True
    )
    record = {
        "run": f"calibration/lesion_sets.py run {hashlib.sha256(text.encode()).hexdigest()[:8]}",
        "seconds": round(time.time() - began),
        "method": "approximate Bayesian computation by rejection; a Latin hypercube of log-normal priors",
        "accepts": f"every reading inside its band, or at most {WIDER:g} SD of model ({DISCREPANCY:g}) and people outside",
        "priors": {n: asdict(p) for n, p in PRIORS.items()},
        "figures": {n: {"from": f, "band": bands()[n]} for n, f in FIGURES.items()},
        "fitted": sum(p.kind == "fitted" for p in PRIORS.values()),
        "structures": found,
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write(sets)


if __name__ == "__main__":
    main()
