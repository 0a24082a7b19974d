"""Sets the few parameters of perfusion, wound and survival that published figures of class calibration can set.

Run by hand after ``calibration/vessels.py``: ``python calibration/lesion.py`` (some minutes). Vessels, onset and a year of the
lesion run for people drawn from dialysis patients, under every trial set of parameters side by side and with the same people and
luck (``experiments/set_course.py``). ``FITTED`` is fitted to ``FIGURES`` by damped Gauss-Newton least squares with log-normal
priors (maximum a posteriori), beginning at the values of the tables. The record names the studies that tell something of a
parameter; every other number of the lesion is fixed, with its source, in the tables. Values go into ``physiology/parameters.csv``
with status ``calibrated`` and the run's name, the record into ``calibration/lesion_record.json``.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from fitting import Figure, Fit, Readings, Sets, described, fit, run_name, write_values

from livedo.body import haemodialysis
from livedo.engine import at_place, simulate
from livedo.evidence import Context
from livedo.evidence.context import MIDWEEK
from livedo.evidence.experiments.disease_treatments import HBO, RESOLVED, vacuum_on_other_wounds
from livedo.evidence.experiments.set_course import Hazard, Ill, area, followed, from_onset, hazard, ill, kernel
from livedo.evidence.experiments.set_figures import readings
from livedo.evidence.experiments.set_outcomes import RATES, chances, dead, of_sets, parts, rises, to_diagnosis
from livedo.evidence.experiments.survival import EARLY
from livedo.evidence.experiments.wounds import ENTRY, TRIAL, ULCER
from livedo.evidence.lesion_sets import LesionSet
from livedo.evidence.registry import load_figures
from livedo.skin.lesions import DIAGNOSIS_WEEKS
from livedo.skin.score import score

RECORD = Path(__file__).with_name("lesion_record.json")
#: People with a lesion under every set; relative move for derivatives (deaths and closings are counted); iterations.
EACH, NUDGE, ITERATIONS = 640, 0.2, 6
#: Figures of one study share a name: it counts once among the independent ones. SD: a tenth, as most bands have, and more where a
#: study saw few people or chose them (all of SUR09 were given thiosulfate).
FIGURES = (
    Figure("low oxygen without calciphylaxis", 0.8, 0.7, "VS121 (weak): Wilmer 2001", log=True),
    Figure("oxygen lost in a session", 23.9, 0.1, "DIA-001: dialysis session", log=True),
    Figure("change of BWAT-CUA", -6.0, 0.8, "VS147 (sets granulation since the first form of the body): CALCIPHYX"),
    Figure("incidence", 3.49, 0.2, "VS180 (weak): Nigwekar 2016", log=True),
    Figure("dead in 12 weeks", 31.0, 0.3, "MIS-015: vitamin K trial", log=True),
    Figure("dead in 26 weeks", 27.0, 0.1, "SUR01: US dialysis", log=True),
    Figure("dead in 52 weeks", 45.0, 0.1, "SUR02: US dialysis", log=True),
    Figure("dead in 52 weeks of onset", 40.4, 0.15, "SUR07: western France", log=True),
    Figure("dead in 52 weeks", 57.5, 0.17, "SUR08: Fraser Health", log=True),
    Figure("dead in 52 weeks", 66.0, 0.2, "SUR09: south-western France", log=True),
    Figure("dead in 26 weeks of the first, no ulcer", 33.0, 0.2, "TRI-018: natural history", log=True),
    Figure("dead of the disease in 52 weeks", 28.9, 0.1, "VS177: JAAD 2025", log=True),
    Figure("distal against proximal", 0.34, 0.3, "TRI-004: JAAD 2025", log=True),
    Figure("sepsis in 52 weeks", 26.0, 0.1, "TRI-011: UK study", log=True),
    Figure("closed in 52 weeks", 17.0, 0.1, "TRI-010: UK study", log=True),
    Figure("deaths of sepsis", 50.0, 0.1, "VS179: Gould 2021", log=True),
    Figure("closed after hyperbaric sessions", 30.0, 0.2, "HBO-007: hyperbaric series", log=True),
    Figure("vacuum odds", 2.05, 0.16, "VS158: Wounds 2022", log=True),
    Figure("vacuum risk", 1.48, 0.09, "WND-010: diabetic feet", log=True),
    Figure("vacuum gained", -8.07, 2.9, "WND-011: diabetic feet"),
    Figure("vacuum days", 82.8, 5.0, "WND-019: DiaFu"),
    Figure("vacuum weekly", 8.3, 0.1, "WND-009: gauze series", log=True),
)
#: Names under which one study stands twice.
SAME_STUDY = {"US dialysis": "Nigwekar 2016"}
#: Share of what is known of a parameter that a study gives if it counts as one that sets it.
TELLS = 0.02
#: Parameter -> centre and SD of the logarithm of its prior.
FITTED = {
    "intima_growth": (2.315e-4, 1.0),
    "skin_constriction": (37.0, 0.4),
    "onset_rate": (2.1e-6, 0.8),
    "vacuum_advance": (0.4, 0.5),
    "sepsis_rate": (7e-5, 0.5),
    "wasting_rate": (9.2e-6, 0.5),
}
#: Those that a wound of another cause hangs on.
OF_ANY_WOUND = ("vacuum_advance",)


def telling(found: Fit) -> list[str]:
    """The independent studies that set something: those with a share of ``TELLS`` or more of what is known of a parameter."""
    shares = found.jacobian**2 / np.maximum((found.jacobian**2).sum(axis=0), 1e-300)
    named = {re.sub(r"^.*?: ", "", f.ids) for f, row in zip(FIGURES, shares, strict=True) if row.max() >= TELLS}
    return sorted({SAME_STUDY.get(name, name) for name in named})


def trial(values: Sets, number: int) -> LesionSet:
    """One trial set of the structure that the tables hold."""
    return LesionSet("trial", "calcification", {n: float(v[number]) for n, v in values.items()})


def read(context: Context, values: Sets) -> Readings:
    """Every reading under every trial set, shape (sets,)."""
    sets = [trial(values, i) for i in range(len(next(iter(values.values()))))]
    at_risk = hazard(context, sets)
    who = ill(context, sets, EACH, at_risk)
    own = context.body.parameters
    rates = {n: values.get(n, np.full(len(sets), own[n].value))[:, None] for n in RATES}
    run = followed(context, who)
    told, _ = readings(context, sets, rates, who, run)
    changed = {n: np.repeat(v, EACH) for n, v in values.items() if n in RATES}
    found = {n: v[:, 0] for n, v in told.items()}
    return found | _oxygen(context, at_risk) | _course(context, who, run, changed) | _other_wounds(context, sets)


def _oxygen(context: Context, at_risk: Hazard) -> Readings:
    """Transcutaneous oxygen of people on dialysis without a lesion: low readings of the trunk, fall at the leg in a session."""
    begin, at = at_risk.moment.restarted(0.0), MIDWEEK + np.array([-0.5, 3.9])
    usual = {"start": begin, "threads": context.threads, "chunk": 64}
    hour = simulate(kernel(context), until=1.0, times=[1.0], **usual)
    session = simulate(kernel(context), until=float(at[-1]), times=at, schedule=haemodialysis(skin=True), **usual)
    low = hour[at_place("low_oxygen_share", context.body.sites[0])][:, 0]
    before, after = session[at_place("TcPO2", context.body.sites[1])].T
    fall = np.where(before > 5.0, 100 * (1 - after / np.maximum(before, 1.0)), np.nan)
    many = len(at_risk.rate)
    return {
        "low oxygen without calciphylaxis": 100 * low.reshape(many, -1).mean(axis=1),
        "oxygen lost in a session": np.nanmean(fall.reshape(many, -1), axis=1),
    }


def _course(context: Context, who: Ill, run: Mapping[str, np.ndarray], changed: Mapping[str, np.ndarray]) -> Readings:
    """Wounds, deaths and hyperbaric sessions beside what :func:`readings` gives; people count by their chance of a diagnosis."""
    rise, weights = rises(context, parts(context, who, run), changed), to_diagnosis(context, who, changed)
    weeks = {n: v[:, [ENTRY, ENTRY + TRIAL]] for n, v in run.items()}
    marks = score(context.body, weeks, who.site, seed=None).bwat_cua
    ulcer = area(context, weeks)[:, 0] > ULCER
    found = {"change of BWAT-CUA": of_sets(who, np.where(ulcer, marks[:, 1] - marks[:, 0], np.nan), weights)}
    for name, span in (("12 weeks", 12), ("52 weeks of onset", 52 - int(DIAGNOSIS_WEEKS))):
        found[f"dead in {name}"] = 100 * of_sets(who, dead(chances(rise, span)), weights)
    early = {n: v[:, EARLY:] for n, v in from_onset(who, run, EARLY + 26).items()}
    plaque = area(context, early)[:, 0] <= ULCER
    lost = 100 * dead(chances(rises(context, parts(context, who, early), changed), 26))
    found["dead in 26 weeks of the first, no ulcer"] = np.nanmean(who.by_set(np.where(plaque, lost, np.nan)), axis=1)
    chamber = area(context, followed(context, who, HBO, weeks=RESOLVED))
    shut = np.where(chamber[:, 0] > ULCER, chamber[:, -1] <= ULCER, np.nan)
    found["closed after hyperbaric sessions"] = 100 * of_sets(who, shut, weights)
    return found


def _other_wounds(context: Context, sets: Sequence[LesionSet]) -> Readings:
    """Negative pressure on wounds of other causes."""
    others = [replace(s, values={n: s.values[n] for n in OF_ANY_WOUND}) for s in sets]
    return {
        f"vacuum {kind}": np.array([vacuum_on_other_wounds(context, read=kind, under=s).value for s in others])
        for kind in ("odds", "risk", "gained", "days", "weekly")
    }


def calibration_only() -> None:
    """Refuses a figure that is kept for validation.

    Raises
    ------
    SystemExit
        If a figure is of class validation and has set no number before.
    """
    known = {f.id: f for f in load_figures()}
    for figure in FIGURES:
        for name in re.findall(r"\b[A-Z]{2,3}-?\d{2,3}\b", figure.ids):
            row = known[name]
            if row.counts_as == "validation":
                raise SystemExit(f"{name} is kept for validation")


def main() -> None:
    """Fit, write, record."""
    calibration_only()
    began = time.time()
    context = Context()
    own = context.body.parameters
    found = fit(
        FITTED,
        FIGURES,
        lambda values: read(context, values),
        iterations=ITERATIONS,
        nudge=NUDGE,
        central=True,
        start={n: own[n].value for n in FITTED},
    )
    figures = [asdict(f) for f in FIGURES]
    run = run_name("lesion.py", figures, FITTED, EACH, context.body.model.fingerprint)
    record = {
        "run": run,
        "seconds": round(time.time() - began),
        "method": "damped Gauss-Newton on figures and log-normal priors (maximum a posteriori)",
        "studies": telling(found),
        **described(FITTED, FIGURES, found),
    }
    for row, value in zip(FIGURES, found.residuals, strict=True):
        print(f"{row.reading:36s} {found.readings[row.reading]:10.4g} {row.value:10.4g} {value:7.2f}")
    print(json.dumps({n: (v, record["posterior_over_prior_spread"][n]) for n, v in found.values.items()}, indent=1))
    if "--look" in sys.argv:
        return
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    write_values(found.values, run)


if __name__ == "__main__":
    main()
