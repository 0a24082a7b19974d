"""Chemistry of plasma and large arteries: T50 and its trials, breast artery and coronary calcium."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.care import load_treatments
from livedo.care.effects import daily_effect
from livedo.care.quantity import HOURS_PER_DAY
from livedo.care.treatments import BINDER
from livedo.engine import Schedule
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.experiments.sessions_run import session
from livedo.evidence.result import Result, mean_of, median_of, quantile_of

YEAR = 52 * WEEK
#: Days on a dialysate before its T50 is read.
DIALYSATE_WEEKS = 4
#: Coronary calcium of those enrolled by trials of its course (Agatston score, taken as volume in mm3), from and to: CaLIPSO; and
#: Treat to Goal, which read the course of those with a score of 30 or more (recalled).
CALIPSO, TREAT_TO_GOAL = (100.0, 3500.0), (30.0, np.inf)
#: Starts of sessions (hours after Monday 00:00) and their length; fytate in each, mg, and its molar mass (hexasodium salt).
SESSIONS, SESSION_HOURS = (8.0, 56.0, 104.0), 4.0
FYTATE, FYTATE_G_PER_MOL = (300.0, 600.0), 791.9
#: Hazard of death within two years for a minute of T50 (subdistribution, BMC Nephrol 2023 10.1186/s12882-023-03069-6).
DEATH_PER_MINUTE = 0.9957


#: Vitamin K at the vessel wall with a filtration of 15 to 40 mL/min, relative to dialysis: between health and dialysis, as
#: inactive matrix Gla protein rises along kidney disease (assumption).
VITAMIN_K_BETWEEN = 2.0


def kidney_disease(ctx: Context) -> Group:
    """People with a filtration of 15 to 40 mL/min off dialysis."""
    return ctx.stage(15.0, 40.0, vitamin_K_supply=VITAMIN_K_BETWEEN)


def _group(ctx: Context, who: str) -> Group:
    """Dialysis patients, those with severe hyperparathyroidism, people in health, or below a filtration of 40 mL/min."""
    if who == "kidney disease":
        return kidney_disease(ctx)
    return {"dialysis": ctx.dialysis, "severe": ctx.severe, "healthy": ctx.healthy}[who]


def t50(ctx: Context, *, who: str = "dialysis", read: str = "mean") -> Result:
    """T50 of serum before the midweek session, or of people off dialysis: mean or SD, minutes.

    ``died``: mean of those who die within two years, drawn by the hazard that the study found for a minute of T50.
    """
    values = _group(ctx, who).labs["T50"]
    if read == "sd":
        low, high = (quantile_of(values, share) for share in (0.1587, 0.8413))
        return Result((high.value - low.value) / 2, (low.error**2 + high.error**2) ** 0.5 / 2)
    return mean_of(values, DEATH_PER_MINUTE ** (values - values.mean()) if read == "died" else None)


def t50_explained(ctx: Context) -> Result:
    """Share of the variance of T50 that serum explains in kidney disease off dialysis (15 to 60 mL/min), %."""
    labs = ctx.stage(15.0, 60.0).labs
    columns = [np.log(labs[name]) for name in ("P", "Ca_ionised", "fetuin_A", "albumin_plasma", "CTX", "PPi")]
    x, y = np.stack([np.ones(len(columns[0])), *columns], axis=1), labs["T50"]

    def explained(rows: np.ndarray) -> float:
        fitted = x[rows] @ np.linalg.lstsq(x[rows], y[rows], rcond=None)[0]
        return float(100 * (1 - np.var(y[rows] - fitted) / np.var(y[rows])))

    rows = np.arange(len(y))
    tenths = [explained(rows[rows % 10 != k]) for k in range(10)]
    return Result(explained(rows), float(np.std(tenths) * 3))


def t50_of_magnesium(ctx: Context, *, dialysate: float = 1.0) -> Result:
    """Mean gain of T50 after four weeks on a dialysate magnesium (mmol/L) over 0.5 mmol/L, minutes."""
    few = ctx.few(ctx.dialysis)
    at = (DIALYSATE_WEEKS - 1) * WEEK + MIDWEEK
    high, low = (few.run(at, [at], Mg_dialysate=level)["T50"][:, 0] for level in (dialysate, 0.5))
    return mean_of(high - low)


def fetuin(ctx: Context) -> Result:
    """Mean fetuin-A on dialysis, g/L."""
    return mean_of(ctx.dialysis.labs["fetuin_A"])


def saturation_change(ctx: Context, *, read: str) -> Result:
    """Change over a usual session of relative saturation with brushite or apatite, %."""
    run = session(ctx, ctx.dialysis, "dialysis")
    name = f"{read}_saturation"
    return mean_of(100 * (run.at(name, run.length) / run.at(name, 0.0) - 1))


# Breast arteries


def _breast_rate(group: Group, **inputs: Any) -> np.ndarray:
    """Growth of breast artery calcium over half a year, mm a breast and year, shape (people,)."""
    run = group.run(YEAR / 2, [0.0, YEAR / 2], **inputs)
    return np.diff(run["breast_artery_calcium"], axis=1)[:, 0] * 2


def breast_artery(ctx: Context, *, who: str) -> Result:
    """Median growth of breast artery calcium, mm a breast and year."""
    group = _group(ctx, who)
    return median_of(ctx.once(("breast", who), lambda: _breast_rate(ctx.few(group))))


def _restored(ctx: Context, kept: tuple[str, ...]) -> dict[str, Any]:
    """Filtration of health, and of its setting what is named."""
    return {"GFR": ctx.body.parameters["GFR_ref"].value, **{k: ctx.body.settings["healthy"][k] for k in kept}}


def breast_artery_after_transplant(ctx: Context) -> Result:
    """Median growth of breast artery calcium in the year after filtration is restored, against people in health.

    Dialysis patients given the kidneys and diet of health, and half a year to settle; their glands stay as they are.
    """

    def make() -> np.ndarray:
        few = ctx.few(ctx.dialysis)
        kept = ("diet_P", "diet_Ca", "fluid_intake", "binder_PBED", "vitamin_K_supply")
        new = _restored(ctx, kept)
        at = np.array([0.5, 1.5]) * YEAR
        run = few.run(at[-1], at, Schedule(), **new)
        return np.diff(run["breast_artery_calcium"], axis=1)[:, 0]

    rates = ctx.once("breast after transplant", make)
    return median_of(rates).scaled(1 / breast_artery(ctx, who="healthy").value)


# Coronary and aortic calcium


def _year(
    ctx: Context, start: tuple[float, float] | None, name: str, schedule: Schedule | None = None, **inputs: Any
) -> np.ndarray:
    """Coronary calcium before and after, shape (people, 2): 52 weeks of those enrolled (least, most), or 18 months from none."""

    def make() -> np.ndarray:
        if start is None:
            few, length = ctx.few(ctx.dialysis), 1.5 * YEAR
            begin = few.with_states(coronary_root=0.0)
        else:
            few, length = ctx.few(ctx.dialysis).chosen(enrolled(ctx.few(ctx.dialysis), start)), YEAR
            begin = few.with_states(coronary_root=few.parameter("coronary_root_start"))
        given = few.schedule if schedule is None else few.schedule + schedule
        return few.run(length, [0.0, length], given, start=begin, **inputs)["coronary_calcium"]

    return ctx.once(("coronary", start, name), make)


def coronary_growth(ctx: Context, *, treatment: str = "none") -> Result:
    """Median growth of coronary (or aortic) calcium over 52 weeks of usual dialysis, %, in those with 100 to 3500.

    ``treatment=fytate``: half of them 300 mg and half 600 mg through each session.
    """
    given = None
    if treatment == "fytate":
        many = int(enrolled(ctx.few(ctx.dialysis), CALIPSO).sum())
        milligrams = np.where(np.arange(many) % 2 == 0, *FYTATE)
        dose = milligrams * 1000.0 / FYTATE_G_PER_MOL / SESSION_HOURS
        given = Schedule()
        for hour in SESSIONS:
            given = given.set("fytate_dose", dose, hour, every=WEEK)
            given = given.set("fytate_dose", 0.0, hour + SESSION_HOURS, every=WEEK)
    volume = _year(ctx, CALIPSO, treatment, given)
    return median_of(100 * (volume[:, 1] / volume[:, 0] - 1))


def coronary_from_none(ctx: Context) -> Result:
    """Largest coronary calcium after 18 months of dialysis, mm3, in those who begin without: the upper 5%."""
    return quantile_of(_year(ctx, None, "none")[:, 1], 0.95)


def on_binder(ctx: Context, group: Group, drug: str) -> dict[str, Any]:
    """Inputs with a binder in place of the usual one, at the phosphate-binding strength each person has."""
    row = load_treatments().find(BINDER, drug)
    strength = group.parameter("binder_PBED")
    grams = strength * HOURS_PER_DAY / (row.pbed_per_g or 1.0)
    unit = daily_effect(row, 1000.0, "oral", ctx.kernel.values)
    return {"binder_PBED": strength, "binder_Ca": grams * unit["binder_Ca"]}


def coronary_on_binder(ctx: Context, *, binder: str, read: str = "change") -> Result:
    """Coronary calcium over 52 weeks on a binder of the same strength: median change (score) or median growth (%)."""
    few = ctx.few(ctx.dialysis)
    given = {n: np.asarray(v)[enrolled(few, TREAT_TO_GOAL)] for n, v in on_binder(ctx, few, binder).items()}
    volume = _year(ctx, TREAT_TO_GOAL, binder, None, **given)
    change = np.diff(volume, axis=1)[:, 0]
    return median_of(change if read == "change" else 100 * change / volume[:, 0])


def enrolled(group: Group, score: tuple[float, float]) -> np.ndarray:
    """Who begins with a score of coronary calcium from one number to another, shape (people,)."""
    begun = group.parameter("coronary_root_start") ** 2
    return (begun >= score[0]) & (begun <= score[1])


def pulse_wave(ctx: Context, *, years: float = 5.0) -> Result:
    """Mean pulse wave velocity after years of dialysis, m/s."""
    few = ctx.few(ctx.dialysis)
    begin = few.with_states(medial_mineral=few.parameter("medial_mineral_start"))
    rate = few.run(YEAR, [0.0, YEAR], start=begin)
    velocity = rate["pulse_wave_velocity"]
    return mean_of(velocity[:, 0] + years * np.diff(velocity, axis=1)[:, 0])
