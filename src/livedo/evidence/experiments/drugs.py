"""Vitamin D and calcimimetics: kinetics, trials on people like those enrolled, doses from the table of treatments."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.care import load_treatments
from livedo.care.effects import daily_effect
from livedo.care.quantity import CALCITRIOL_PMOL_PER_UG
from livedo.care.treatments import BINDER, CALCIMIMETIC, NUTRITIONAL, VITAMIN_D
from livedo.engine import Schedule
from livedo.engine.randomness import normal
from livedo.evidence.context import MIDWEEK, SEED, WEEK, Context, Group
from livedo.evidence.experiments.units import (
    MG_DL_CA,
    MG_DL_P,
    MG_P,
    ML_MIN,
    NG_ML_CALCIDIOL,
    PG_ML_CALCITRIOL,
    PG_ML_PTH,
)
from livedo.evidence.result import NotSimulated, Result, balanced, mean_of, median_of, share_of
from livedo.patients import variations

#: A dose by vein enters over this long, from the end of each session (hours after Monday 00:00).
ENTERS, AFTER_SESSIONS = 0.5, (12.0, 60.0, 108.0)
IU_PER_UG = 40.0


def inputs_of(ctx: Context, group: Group, drug_class: str, name: str, per_day: float, route: str) -> dict[str, Any]:
    """Inputs of the body with a mean daily dose added to what each person has."""
    drug = load_treatments().find(drug_class, name)
    added = daily_effect(drug, per_day, route, ctx.kernel.values)
    return {symbol: group.parameter(symbol) + value for symbol, value in added.items()}


def after_sessions(symbol: str, amount: Any) -> Schedule:
    """An amount into an input at the end of each of three sessions a week."""
    schedule = Schedule()
    for hour in AFTER_SESSIONS:
        schedule = schedule.set(symbol, amount / ENTERS, hour, every=WEEK).set(symbol, 0.0, hour + ENTERS, every=WEEK)
    return schedule


def calcitriol_after_sessions(micrograms: float, route: str = "iv") -> Schedule:
    """Calcitriol after each session."""
    drug = load_treatments().find(VITAMIN_D, "calcitriol")
    reaching = 1.0 if route == "iv" else drug.oral_bioavailability or 0.0
    return after_sessions("calcitriol_dose", micrograms * reaching * CALCITRIOL_PMOL_PER_UG)


def paricalcitol_after_sessions(ctx: Context, micrograms: Any) -> Schedule:
    """Paricalcitol by vein after each session; micrograms one number or one a person."""
    drug = load_treatments().find(VITAMIN_D, "paricalcitol")
    symbol = next(s for s in drug.inputs if s in ctx.kernel.values)
    return after_sessions(symbol, np.asarray(micrograms) * (drug.calcitriol_equivalent or 0.0) * CALCITRIOL_PMOL_PER_UG)


def hyperparathyroid(
    ctx: Context, *, pth: float, least: float = 400.0, calcium: float = 8.3
) -> tuple[Group, np.ndarray]:
    """Dialysis patients as trials enrol them (PTH pg/mL and calcium mg/dL above limits), weighted to a mean PTH."""
    labs = ctx.severe.labs
    enrolled = (labs["PTH"] * PG_ML_PTH >= least) & (labs["Ca_total"] * MG_DL_CA >= calcium)
    group = ctx.severe.chosen(enrolled)
    return group, balanced(group.labs["PTH"] * PG_ML_PTH, pth)


# Kinetics


def _calcitriol_excess(ctx: Context, who: str, micrograms: float) -> tuple[np.ndarray, np.ndarray, Group, Any]:
    """Hours, calcitriol above that without the dose, the group, and the run, after a dose by vein over half an hour."""

    def make() -> tuple[np.ndarray, np.ndarray, Group, Any]:
        group = ctx.healthy if who == "healthy" else ctx.dialysis
        group = group.chosen(np.arange(min(len(group), 64)))
        hours = np.concatenate([np.arange(0, 6, 0.25), np.arange(6, 241, 2.0)])
        dose = micrograms * CALCITRIOL_PMOL_PER_UG / ENTERS
        schedule = Schedule().set("calcitriol_dose", dose, 0.0).set("calcitriol_dose", 0.0, ENTERS)
        with_dose = group.run(240.0, hours, group.schedule + schedule, tolerance=1e-6)
        without = group.run(240.0, hours, tolerance=1e-6)
        return hours, with_dose["calcitriol"] - without["calcitriol"], group, with_dose

    return ctx.once(("calcitriol", who, micrograms), make)


def calcitriol_clearance(ctx: Context, *, who: str) -> Result:
    """Mean clearance of calcitriol: 4 microgram by vein over the area of what it adds, mL/min."""
    hours, excess, _, _ = _calcitriol_excess(ctx, who, 4.0)
    return mean_of(4.0 * CALCITRIOL_PMOL_PER_UG / np.trapezoid(excess, hours, axis=1) * ML_MIN)


def calcitriol_half_life(ctx: Context, *, who: str = "dialysis") -> Result:
    """Mean half-life of calcitriol over 12 to 48 h after 2 microgram by vein, h."""
    hours, excess, _, _ = _calcitriol_excess(ctx, who, 2.0)
    first, last = (int(np.flatnonzero(hours == h)[0]) for h in (12.0, 48.0))
    return mean_of(np.log(2) * 36.0 / np.log(excess[:, first] / excess[:, last]))


def calcitriol_volume(ctx: Context, *, who: str) -> Result:
    """Mean distribution volume of calcitriol: dose over what it adds just after, L/kg."""
    hours, excess, group, _ = _calcitriol_excess(ctx, who, 4.0)
    at = int(np.flatnonzero(hours == ENTERS)[0])
    return mean_of(4.0 * CALCITRIOL_PMOL_PER_UG / excess[:, at] / group.parameter("dry_weight"))


def calcitriol_acute(ctx: Context, *, route: str) -> Result:
    """Mean fall of PTH in healthy adults 24 h after 4 microgram of calcitriol, %."""
    drug = load_treatments().find(VITAMIN_D, "calcitriol")
    dose = 4.0 if route == "iv" else 4.0 * (drug.oral_bioavailability or 0.0)
    hours, _, _, run = _calcitriol_excess(ctx, "healthy", dose)
    at = int(np.flatnonzero(hours == 24.0)[0])
    return mean_of(100 * (1 - run["PTH"][:, at] / run["PTH"][:, 0]))


# Vitamin D in dialysis


def _calcitriol_course(
    ctx: Context, dose: float, weeks: float, pth: float, route: str
) -> tuple[Any, Group, np.ndarray]:
    def make() -> tuple[Any, Group, np.ndarray]:
        group, weights = hyperparathyroid(ctx, pth=pth, least=200.0)
        schedule = group.schedule + calcitriol_after_sessions(dose, route)
        at = weeks * WEEK + MIDWEEK
        return group.run(at, [at], schedule), group, weights

    return ctx.once(("calcitriol course", dose, weeks, pth, route), make)


def calcitriol_course(
    ctx: Context, *, weeks: float, pth: float, read: str, dose: float = 2.0, route: str = "iv"
) -> Result:
    """A fixed dose of calcitriol after each session, in people with PTH above 200 and this mean (pg/mL).

    ``read``: ``PTH`` (mean after, pg/mL), ``PTH change`` (%), ``Ca change`` (mg/dL).
    """
    run, group, weights = _calcitriol_course(ctx, dose, weeks, pth, route)
    after, before = run["PTH"][:, 0] * PG_ML_PTH, group.labs["PTH"] * PG_ML_PTH
    if read == "PTH":
        return mean_of(after, weights)
    if read == "PTH change":
        return mean_of(100 * (after / before - 1), weights)
    return mean_of((run["Ca_total"][:, 0] - group.labs["Ca_total"]) * MG_DL_CA, weights)


def paricalcitol_responders(ctx: Context) -> Result:
    """Share with PTH down by 30% after 4 weeks on paricalcitol 0.04, 0.08, 0.16 or 0.24 microgram/kg a session, %."""
    group, _ = hyperparathyroid(ctx, pth=700.0)
    dose = np.array([0.04, 0.08, 0.16, 0.24])[np.arange(len(group)) % 4] * group.parameter("dry_weight")
    at = 4 * WEEK + MIDWEEK
    run = group.run(at, [at], group.schedule + paricalcitol_after_sessions(ctx, dose))
    return share_of((run["PTH"] <= 0.7 * group.labs["PTH"][:, None])[:, 0])


def _drawn(group: Group, values: np.ndarray, analyte: str, week: int) -> np.ndarray:
    """What the laboratory says of values in a week, each draw with its own variation."""
    row = variations()[analyte]
    noise = row.single * normal(SEED, f"draw/{analyte}/{week}", np.arange(len(group)))
    return values * np.exp(noise) if row.scale == "log" else values * (1 + noise)


def calcitriol_titrated(ctx: Context, *, pth: float, read: str, route: str) -> Result:
    """Calcitriol after each session titrated as Levine 1996 did, in people with PTH above 200 and this mean (pg/mL).

    Two microgram for the ten days of kinetics (here two weeks); then for four weeks half a microgram more each week while
    measured PTH is 200 or more, to 4 microgram at most (12 a week); then the same for 18 weeks. Above a calcium of 11.5 mg/dL or
    a calcium x phosphate of 70 it is held and begun again at half. Assumed: steps, the half, nobody enrolled above that product,
    labs every week until the dose is found and while it is held, else every four weeks. Dialysate calcium is not said.
    ``read``: ``PTH``, mean at 22 weeks of it, pg/mL.
    """

    def make() -> tuple[np.ndarray, np.ndarray]:
        group, _ = hyperparathyroid(ctx, pth=pth, least=200.0)
        at_start = group.labs["Ca_total"] * MG_DL_CA * group.labs["P"] * MG_DL_P
        group = group.chosen(at_start <= 70.0)
        weights = balanced(group.labs["PTH"] * PG_ML_PTH, pth)
        drug = load_treatments().find(VITAMIN_D, "calcitriol")
        worth = CALCITRIOL_PMOL_PER_UG * (1.0 if route == "iv" else drug.oral_bioavailability or 0.0)
        dose, held = np.full(len(group), 2.0), np.zeros(len(group), dtype=bool)
        moment, level = group.moment, group.labs["PTH"]
        for week in range(24):
            given = after_sessions("calcitriol_dose", np.where(held, 0.0, dose) * worth)
            run = group.run(WEEK, [MIDWEEK], group.schedule + given, start=moment)
            moment, level = run.final.restarted(), run["PTH"][:, 0]
            looked_at = held | (week < 6 or week % 4 == 0)
            seen = _drawn(group, level, "pth", week) * PG_ML_PTH
            calcium = _drawn(group, run["Ca_total"][:, 0], "calcium_total", week) * MG_DL_CA
            product = calcium * _drawn(group, run["P"][:, 0], "phosphate", week) * MG_DL_P
            high = looked_at & ((calcium > 11.5) | (product > 70.0))
            if 2 <= week + 1 < 6:
                dose = np.where(~high & (seen >= 200.0), np.minimum(dose + 0.5, 4.0), dose)
            dose = np.where(high & ~held, dose / 2, dose)
            held = high
        return level, weights

    level, weights = ctx.once(("calcitriol titrated", pth, route), make)
    if read != "PTH":
        raise NotSimulated(f"{read} is not read here")
    return mean_of(level * PG_ML_PTH, weights)


def paricalcitol_two_falls(ctx: Context) -> Result:
    """Share with two weekly measured PTH in a row down by 30% within 12 weeks of paricalcitol capsules, %.

    As the capsules' label has it: PTH/80 microgram by mouth three times a week, the dose of each week by the latest PTH, begun
    at a calcium of at most 9.5 mg/dL.
    """
    labs = ctx.severe.labs
    wanted = (labs["PTH"] * PG_ML_PTH >= 300) & (labs["Ca_total"] * MG_DL_CA <= 9.5)
    group = ctx.severe.chosen(wanted)
    drug = load_treatments().find(VITAMIN_D, "paricalcitol")
    before = _drawn(group, group.labs["PTH"], "pth", -1)
    moment, latest, fallen = group.moment, before, []
    for week in range(12):
        dose = latest * PG_ML_PTH / 80.0 * (drug.oral_bioavailability or 0.0)
        given = group.schedule + paricalcitol_after_sessions(ctx, dose)
        run = group.run(WEEK, [MIDWEEK], given, start=moment)
        moment, latest = run.final.restarted(), _drawn(group, run["PTH"][:, 0], "pth", week)
        fallen.append(latest <= 0.7 * before)
    low = np.stack(fallen, axis=1)
    return share_of(np.asarray((low[:, 1:] & low[:, :-1]).any(axis=1)))


def _cholecalciferol(ctx: Context) -> tuple[Group, Any]:
    def make() -> tuple[Group, Any]:
        group = ctx.few(ctx.dialysis)
        dose = inputs_of(ctx, group, NUTRITIONAL, "cholecalciferol", 20000 / IU_PER_UG / 7, "oral")
        at = 12.5 * WEEK
        return group, group.run(at, [at], **dose)

    return ctx.once("cholecalciferol", make)


def cholecalciferol(ctx: Context, *, analyte: str, time: str) -> Result:
    """Median 25(OH)D (ng/mL) or calcitriol (pg/mL) in dialysis, before or after 20 000 IU of cholecalciferol a week."""
    group, run = _cholecalciferol(ctx)
    factor = NG_ML_CALCIDIOL if analyte == "vitamin_D" else PG_ML_CALCITRIOL
    return median_of((group.labs[analyte] if time == "before" else run[analyte][:, 0]) * factor)


def nutritional(ctx: Context, *, analyte: str, weeks: float, baseline: float = 0.0) -> Result:
    """Mean 25(OH)D (ng/mL), calcitriol or FGF23 (pg/mL) in deficient healthy adults on 50 000 IU of ergocalciferol a week.

    25(OH)D starts at 18 ng/mL. Where the study's own mean before is given as ``baseline`` (not 0), values are read on its scale:
    assays of calcitriol and of FGF23 have none in common, and the level before is a figure of its own.
    """
    if analyte == "FGF23":
        ctx.need("FGF23")
    start = 18.0 / NG_ML_CALCIDIOL

    def make() -> Any:
        few = ctx.healthy.chosen(np.arange(min(len(ctx.healthy), 64)))
        group = ctx.settled_with(few, "deficient", vitamin_D_supply=start)
        dose = inputs_of(ctx, group, NUTRITIONAL, "ergocalciferol", 50000 / IU_PER_UG / 7, "oral")
        return group.run(12 * WEEK, np.array([0, 4, 8, 12]) * WEEK, **dose)

    run = ctx.once("nutritional", make)
    factor = {"vitamin_D": NG_ML_CALCIDIOL, "calcitriol": PG_ML_CALCITRIOL, "FGF23": 1.0}[analyte]
    if baseline:
        factor = baseline / run[analyte][:, 0].mean()
    return mean_of(run[analyte][:, int(weeks / 4)] * factor)


# Binders


def urine_with_lanthanum(ctx: Context) -> Result:
    """Mean fall of urine phosphorus in healthy adults in the second week of lanthanum 3 g a day, mg/day."""
    group = ctx.healthy
    dose = inputs_of(ctx, group, BINDER, "lanthanum", 3000.0, "oral")
    times = [WEEK, 2 * WEEK]
    with_dose, without = group.run(2 * WEEK, times, **dose), group.run(2 * WEEK, times)
    saved = np.diff(without["P_urine"], axis=1)[:, 0] - np.diff(with_dose["P_urine"], axis=1)[:, 0]
    return mean_of(saved / 7 * MG_P)


# Calcimimetics

#: Dose held through a year: where titration of trials ends, mg a day.
HELD_CINACALCET = 75.0


def untreated(ctx: Context, *, pth: float, weeks: float = 26.0) -> Result:
    """Mean PTH after some weeks of unchanged care in people of a mean PTH (pg/mL), pg/mL: a placebo arm."""
    group, weights = hyperparathyroid(ctx, pth=pth)
    run = group.run(weeks * WEEK + MIDWEEK, [weeks * WEEK + MIDWEEK])
    return mean_of(run["PTH"][:, 0] * PG_ML_PTH, weights)


def gland_volume(ctx: Context) -> Result:
    """Mean gland volume after a year of cinacalcet in severe disease (PTH above 800 pg/mL) that starts at 513.4 mm3, mm3."""
    labs = ctx.severe.labs
    group = ctx.severe.chosen(labs["PTH"] * PG_ML_PTH > 800)
    run = group.run(
        52 * WEEK, [52 * WEEK], **inputs_of(ctx, group, CALCIMIMETIC, "cinacalcet", HELD_CINACALCET, "oral")
    )
    masses = [s for s in ctx.glands if s.startswith("gland")]
    after = sum(run.final_state(s) for s in masses)
    before = sum(group.state(s) for s in masses)
    return mean_of(513.4 * np.asarray(after) / np.asarray(before))
