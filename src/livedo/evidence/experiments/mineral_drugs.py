"""Drugs that move minerals: denosumab, teriparatide, iron by vein, tenapanor."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.care import load_treatments
from livedo.care.effects import daily_effect
from livedo.care.treatments import MEDICINE
from livedo.engine import Schedule
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.experiments.units import MG_DL_P
from livedo.evidence.result import Result, mean_of

HOURS_PER_DAY = 24.0


def _given(name: str, amount: float, hour: float = 0.0) -> Schedule:
    """One dose of a medicine into its pools."""
    drug = load_treatments().find(MEDICINE, name)
    schedule = Schedule()
    for pool, share in drug.pools:
        schedule = schedule.bolus(pool, share * amount * (drug.per_unit or 0.0), hour)
    return schedule


def denosumab_nadir(ctx: Context, *, milligrams: float = 60.0) -> Result:
    """Lowest total calcium within 60 days of a dose in a healthy adult, mmol/L."""
    group = ctx.healthy_reference
    days = np.arange(0.0, 61.0) * HOURS_PER_DAY
    run = group.run(days[-1], days, group.schedule + _given("denosumab", milligrams))
    return Result(float(run["Ca_total"][0].min()))


def _teriparatide(ctx: Context) -> tuple[np.ndarray, Any, np.ndarray]:
    """Hours, the run after 20 microgram, and calcium above that of the same day without it."""

    def make() -> tuple[np.ndarray, Any, np.ndarray]:
        group = ctx.healthy_reference
        hours = np.arange(0.0, 24.01, 0.05)
        run = group.run(24.0, hours, group.schedule + _given("teriparatide", 20.0), tolerance=1e-7)
        without = group.run(24.0, hours, tolerance=1e-7)
        return hours, run, run["Ca_total"][0] - without["Ca_total"][0]

    return ctx.once("teriparatide", make)


def teriparatide(ctx: Context, *, read: str) -> Result:
    """Teriparatide 20 microgram in health.

    ``peak`` and ``half-life`` of its level (h), ``calcium peak`` (h) and ``calcium rise`` (largest, mmol/L).
    """
    hours, run, rise = _teriparatide(ctx)
    level = run["teriparatide_level"][0]
    if read == "peak":
        return Result(float(hours[level.argmax()]))
    if read == "half-life":
        first, last = (int(np.searchsorted(hours, h)) for h in (2.0, 5.0))
        return Result(float(np.log(2) * 3.0 / np.log(level[first] / level[last])))
    return Result(float(hours[rise.argmax()] if read == "calcium peak" else rise.max()))


def iron_FGF23(ctx: Context, *, drug: str, milligrams: float) -> Result:
    """FGF23 two days after iron by vein at the midweek session's end, in people on dialysis like those of the study, pg/mL.

    FGF23 of the study before it was 843 pg/mL; people count by their change from their own value.
    """
    group = ctx.few(ctx.dialysis)
    at = MIDWEEK + 4.0 + 48.0
    run = group.run(at, [at], group.schedule + _given(drug, milligrams, MIDWEEK + 4.0))
    without = group.run(at, [at])
    return mean_of(843.0 * run["FGF23"][:, 0] / without["FGF23"][:, 0])


def tenapanor(ctx: Context, *, daily: float, least: float, weeks: float, binders: str = "kept") -> Result:
    """Mean change of predialysis phosphate on tenapanor (mg a day) against none, mg/dL.

    People on dialysis with phosphate of at least ``least`` mg/dL; ``binders`` are ``kept``, or ``stopped`` four weeks before.
    """
    drug = load_treatments().find(MEDICINE, "tenapanor")
    everyone: Group = ctx.few(ctx.dialysis)
    stopped: dict[str, Any] = {"binder_PBED": 0.0, "binder_Ca": 0.0} if binders == "stopped" else {}
    washout = 4 * WEEK if stopped else 0.0
    at = washout + weeks * WEEK + MIDWEEK
    before = everyone.run(washout + MIDWEEK, [washout + MIDWEEK], **stopped)
    people = everyone.chosen(before["P"][:, 0] * MG_DL_P >= least)
    start = Schedule()
    for symbol, value in daily_effect(drug, daily, "oral").items():
        start = start.set(symbol, value, washout)
    on = people.run(at, [at], people.schedule + start, **stopped)
    off = people.run(at, [at], **stopped)
    return mean_of((on["P"] - off["P"])[:, 0] * MG_DL_P)
