"""Kidney states beside usual haemodialysis: haemodiafiltration, peritoneal dialysis, transplant, primary hyperparathyroidism."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from livedo.body import haemodialysis
from livedo.engine import Schedule, Trajectory
from livedo.engine.randomness import normal
from livedo.evidence.context import MIDWEEK, SEED, WEEK, Context, Group
from livedo.evidence.experiments.clamp import Curve, curve
from livedo.evidence.experiments.kidney import measured
from livedo.evidence.experiments.units import MG_DL_CA, MG_DL_P, PG_ML_PTH
from livedo.evidence.result import Result, balanced, mean_of, median_of, share_of
from livedo.patients import variations

#: Day without dialysis: Tuesday 08:00.
TUESDAY = 32.0
#: Prescriptions of peritoneal dialysis: inputs that differ from the body's own CAPD of four exchanges of 2 L.
PRESCRIPTIONS: Mapping[str, Mapping[str, float]] = {
    "CAPD": {},
    "APD": {"pd_short_exchanges": 5 / 24, "pd_short_dwell": 9 / 5, "pd_long_exchanges": 0.0},
    "CCPD": {"pd_short_exchanges": 5 / 24, "pd_short_dwell": 9 / 5, "pd_long_dwell": 15.0},
}
#: Function of grafts (mL/min, mean and SD: an assumption near published cohorts) and prednisolone (mg a day by week).
GRAFT, GRAFT_SD = 52.0, 14.0
PREDNISOLONE = ((0.0, 20.0), (4.0, 10.0), (13.0, 5.0))
#: PTH (pg/mL) of the study's patients with kidney disease matched for filtration, the scale of its assay.
MATCHED_PTH = 17.5
#: Weeks of the draws of phosphate in the first year after a transplant: 27, as the study's patients had.
DRAWS = np.concatenate([np.arange(1.0, 14.0), np.linspace(15.5, 51.5, 14)])


# Haemodiafiltration


def haemodiafiltration_effect(ctx: Context, *, substitution: float) -> Result:
    """Change of mean predialysis phosphate when sessions become haemodiafiltration (L replaced in each), settled, mg/dL."""
    few = ctx.few(ctx.dialysis)
    schedule = haemodialysis(Qsub=substitution / 4.0)
    other = ctx.settled_with(few, f"haemodiafiltration {substitution}", schedule)
    before, after = few.labs["P"] * MG_DL_P, other.labs["P"] * MG_DL_P
    if len(before) == len(after):
        return mean_of(after - before)
    first, second = mean_of(before), mean_of(after)
    return Result(second.value - first.value, max(first.error, second.error))


# Peritoneal dialysis


def _on_peritoneal(ctx: Context, mode: str) -> Group:
    """Dialysis patients settled on a prescription of peritoneal dialysis."""
    inputs = {"pd": 1.0, **PRESCRIPTIONS[mode]}
    return ctx.settled_with(ctx.few(ctx.dialysis), f"peritoneal {mode}", Schedule(), **inputs)


def peritoneal_clearance(ctx: Context, *, mode: str) -> Result:
    """Mean peritoneal clearance of phosphate on CAPD, APD with a dry day or CCPD: removed over concentration, L/week."""
    group = _on_peritoneal(ctx, mode)
    run = group.run(WEEK, np.linspace(0.0, WEEK, 29))
    area = np.trapezoid(run["P"], np.linspace(0.0, WEEK, 29), axis=1)
    return mean_of((run["P_removed_pd"][:, -1] - run["P_removed_pd"][:, 0]) / area * WEEK)


def peritoneal_above(ctx: Context, *, mode: str, limit: float) -> Result:
    """Share of anuric people settled on peritoneal dialysis whose measured phosphate is at or above a limit (mg/dL), %."""
    return share_of(measured(_on_peritoneal(ctx, mode), "P") >= limit)


def peritoneal_calcium(
    ctx: Context, *, dialysate: float, hours: float, fill: float, filtered: float, ionised: float
) -> Result:
    """Mean calcium gained from one exchange, mmol: dialysate mmol/L, dwell h, fill and net filtered L.

    People are weighted to a mean ionised calcium (mmol/L).
    """
    group = ctx.dialysis
    inputs = {
        "pd": 1.0,
        "Ca_dialysate_pd": dialysate,
        "pd_short_exchanges": 1 / hours,
        "pd_short_fill": fill,
        "pd_short_dwell": hours,
        "pd_long_exchanges": 0.0,
        # half of the most is drawn whatever the overfilling: so much as the study drained
        "pd_overfill_gain": 0.0,
        "pd_ultrafiltration": 2 * filtered / hours,
    }
    schedule = haemodialysis(at=(8.0,))
    for name, value in inputs.items():
        schedule = schedule.set(name, value, TUESDAY)
    run = group.run(TUESDAY + hours, [TUESDAY, TUESDAY + hours], schedule)
    weights = balanced(run["Ca_ionised"][:, 0], ionised)
    return mean_of(run["Ca_gained_pd"][:, 1] - run["Ca_gained_pd"][:, 0], weights)


# Transplant


def _transplanted(ctx: Context) -> Trajectory:
    """Dialysis patients who get a graft on a Monday, weekly for a year, then at two years."""

    def make() -> Trajectory:
        group = ctx.few(ctx.dialysis)
        function = np.maximum(GRAFT + GRAFT_SD * normal(SEED, "graft", np.arange(len(group))), 20.0) * 0.06
        schedule = Schedule().set("graft_GFR", function, 0.0).set("binder_PBED", 0.0, 0.0)
        for week, dose in PREDNISOLONE:
            schedule = schedule.set("prednisolone_dose", dose / 24, week * WEEK)
        times = np.concatenate([[0.0], DRAWS, [52.0]]) * WEEK
        return group.run(52 * WEEK, times, schedule)

    return ctx.once("transplanted", make)


def after_transplant(ctx: Context, *, analyte: str, weeks: float, statistic: str = "median") -> Result:
    """Level some weeks (of ``DRAWS``, or 52) after a transplant: pg/mL (FGF23, PTH) or mg/dL; or its share of before, %."""
    factor = {"FGF23": 1.0, "PTH": PG_ML_PTH, "P": MG_DL_P, "Ca_total": MG_DL_CA}[analyte]
    series = _transplanted(ctx)[analyte]
    then = series[:, int(np.flatnonzero(np.concatenate([[0.0], DRAWS, [52.0]]) == weeks)[0])]
    if analyte == "PTH":
        # The study's assay reads full-length PTH: 17.5 pg/mL in kidney disease of the same filtration.
        alike = median_of(ctx.stage(GRAFT - GRAFT_SD, GRAFT + GRAFT_SD).labs["PTH"])
        return median_of(then).scaled(MATCHED_PTH / alike.value)
    if statistic == "share":
        return median_of(100 * then / series[:, 0])
    return (mean_of if statistic == "mean" else median_of)(then * factor)


def lowest_phosphate(ctx: Context, *, read: str) -> Result:
    """Median over people of the lowest of 27 draws of phosphate in the year after a transplant, mg/dL, or its day."""
    true = _transplanted(ctx)["P"][:, 1 : 1 + len(DRAWS)]
    row = variations()["phosphate"]
    people = np.arange(len(true))
    noise = np.stack([normal(SEED, f"draw/graft/{i}", people) for i in range(len(DRAWS))], axis=1)
    drawn = true * np.exp(row.single * noise)
    if read == "day":
        return median_of(7 * DRAWS[np.argmin(drawn, axis=1)])
    return median_of(drawn.min(axis=1) * MG_DL_P)


# Primary hyperparathyroidism


def _adenoma(ctx: Context) -> Group:
    """Healthy adults a year after one gland has become the adenoma of the table's setting."""

    def make() -> Group:
        group = ctx.healthy
        mass = ctx.body.settings["primary hyperparathyroidism"]["gland_mass_nodular_start"]
        run = group.run(52 * WEEK + MIDWEEK, [52 * WEEK + MIDWEEK], Schedule().reset("gland_mass_nodular", mass, 0.0))
        labs = {name: series[:, 0] for name, series in run.values.items()}
        return replace(group, moment=run.final.restarted(), labs=labs, schedule=Schedule())

    return ctx.once("adenoma", make)


def _adenoma_curve(ctx: Context) -> Curve:
    return curve(ctx, _adenoma(ctx), "adenoma")


def adenoma_set_point(ctx: Context, *, form: str) -> Result:
    """Mean set point with an adenoma, mmol/L ionised: at half of the greatest PTH, or ambient calcium (Parfitt)."""
    if form == "ambient":
        return mean_of(_adenoma(ctx).labs["Ca_ionised"])
    return mean_of(_adenoma_curve(ctx).half)


def adenoma_level(ctx: Context, *, analyte: str) -> Result:
    """Mean level with an adenoma: total calcium or phosphate mg/dL, PTH pg/mL."""
    factor = {"PTH": PG_ML_PTH, "P": MG_DL_P, "Ca_total": MG_DL_CA}[analyte]
    return mean_of(_adenoma(ctx).labs[analyte] * factor)
