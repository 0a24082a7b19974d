"""Clotting, vitamin K and crystal inhibitors: courses of levels and effects, on one person with the table's own values."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.care import load_treatments
from livedo.care.treatments import MEDICINE
from livedo.engine import Schedule, Trajectory
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.result import Result

#: End of the midweek session, hours after Monday 00:00.
SESSION_END = MIDWEEK + 4.0


def per_unit(name: str) -> float:
    """What one unit of a medicine's dose puts into the body, from the table of treatments."""
    return load_treatments().find(MEDICINE, name).per_unit or 0.0


def _weeks(group: Group, weeks: int, **inputs: Any) -> Trajectory:
    """Some weeks of a steady dose; sampled before each midweek session."""
    times = np.arange(weeks + 1) * WEEK + MIDWEEK
    return group.run(float(times[-1]), times, **inputs)


# Thiosulfate


def _thiosulfate(ctx: Context) -> tuple[np.ndarray, np.ndarray]:
    """Hours after 25 g at the end of the midweek session, and the level (mmol/L), with no session after it."""

    def make() -> tuple[np.ndarray, np.ndarray]:
        hours = np.arange(0.0, 48.01, 0.25)
        dose = Schedule().bolus("thiosulfate", 25000 * per_unit("sodium thiosulfate"), 0.0)
        run = ctx.reference.run(48.0, hours, dose, start=ctx.reference.moment, tolerance=1e-7)
        return hours[1:], run["thiosulfate_level"][0, 1:]

    return ctx.once("thiosulfate", make)


def thiosulfate_half_life(ctx: Context) -> Result:
    """Half-life of thiosulfate without kidneys and off dialysis, 12 to 36 h after 25 g, min."""
    hours, level = _thiosulfate(ctx)
    first, last = (int(np.searchsorted(hours, h)) for h in (12.0, 36.0))
    return Result(float(60 * np.log(2) * 24.0 / np.log(level[first] / level[last])))


def thiosulfate_area(ctx: Context) -> Result:
    """Area under the level of thiosulfate over two days after 25 g given after a session, mmol h/L."""
    hours, level = _thiosulfate(ctx)
    return Result(float(np.trapezoid(level, hours)))


# Fytate


def fytate(ctx: Context, *, milligrams: float, read: str) -> Result:
    """A dose infused through the midweek session: ``level`` at its end (umol/L), or ``inhibition`` in plasma then (%)."""
    rate = milligrams * per_unit("hexasodium fytate") / 4.0
    schedule = Schedule().set("fytate_dose", rate, MIDWEEK).set("fytate_dose", 0.0, SESSION_END)
    group = ctx.reference
    run = group.run(SESSION_END, [SESSION_END], group.schedule + schedule, tolerance=1e-7)
    symbol, factor = {"level": ("fytate_level", 1.0), "inhibition": ("crystal_inhibition_plasma", 100.0)}[read]
    return Result(float(factor * run[symbol][0, 0]))


# Pyrophosphate


def pyrophosphate(ctx: Context, *, who: str) -> Result:
    """Plasma pyrophosphate before the midweek session, or in health, umol/L."""
    group = ctx.reference if who == "dialysis" else ctx.healthy_reference
    return Result(float(group.labs["PPi"][0]))


def pyrophosphate_session(ctx: Context, *, read: str) -> Result:
    """The midweek session: ``fall`` of pyrophosphate (%) or what it ``removed`` (umol)."""
    hours = np.linspace(MIDWEEK + 1e-3, SESSION_END - 1e-3, 161)
    run = ctx.reference.run(SESSION_END, hours, tolerance=1e-7)
    level = run["PPi"][0]
    if read == "fall":
        return Result(float(100 * (1 - level[-1] / level[0])))
    return Result(float(np.trapezoid(run["PPi_from_dialysis"][0], hours)))


# Warfarin and vitamin K


def protein_C(ctx: Context, *, first: float, daily: float = 0.0) -> Result:
    """Protein C in health 46 h after a first dose of warfarin (mg), with a daily dose from the next day on, % of before."""
    schedule = Schedule().bolus("warfarin", first, 0.0)
    if daily:
        schedule = schedule.bolus("warfarin", daily, 24.0, every=24.0)
    group = ctx.healthy_reference
    run = group.run(46.0, [0.0, 46.0], group.schedule + schedule, tolerance=1e-7)
    return Result(float(100 * run["protein_C"][0, 1] / run["protein_C"][0, 0]))


def inactive_MGP(ctx: Context, *, warfarin: float = 0.0) -> Result:
    """Inactive matrix Gla protein (dp-ucMGP) after half a year of a daily dose of warfarin (mg) on dialysis, pmol/L."""
    run = _weeks(ctx.reference, 26, warfarin_dose=warfarin / 24.0)
    return Result(float(run["MGP_inactive"][0, -1]))


def carboxylated_MGP(ctx: Context, *, warfarin: float = 0.0) -> Result:
    """Carboxylated share of matrix Gla protein after half a year of a daily dose of warfarin (mg) on dialysis."""
    run = _weeks(ctx.reference, 26, warfarin_dose=warfarin / 24.0)
    return Result(float(run["MGP_carboxylated"][0, -1]))


def menaquinone(ctx: Context, *, weekly: float) -> Result:
    """Fall of inactive matrix Gla protein after 8 weeks of menaquinone-7 (microgram a week), %."""
    run = _weeks(ctx.reference, 8, menaquinone_dose=weekly / WEEK)
    before, after = run["MGP_inactive"][0, [0, -1]]
    start = ctx.reference.labs["MGP_inactive"][0]
    return Result(float(100 * (1 - after / max(before, start))))


# The dialysate


def citrate_calcium(ctx: Context) -> Result:
    """Dialysate calcium to add so that a bath of 1 mmol/L citrate leaves ionised calcium at a session's end alone, mmol/L."""
    group = ctx.reference
    own = float(group.parameter("Ca_dialysate")[0])
    step = 0.25

    def end(citrate: float, more: float) -> float:
        run = group.run(SESSION_END, [SESSION_END], citrate_dialysate=citrate, Ca_dialysate=own + more, tolerance=1e-7)
        return float(run["Ca_ionised"][0, 0])

    without, with_citrate, with_more = end(0.0, 0.0), end(1.0, 0.0), end(1.0, step)
    return Result(step * (without - with_citrate) / (with_more - with_citrate))


def magnesium_dialysate(ctx: Context, *, bath: float) -> Result:
    """Plasma magnesium before the midweek session after four weeks of a dialysate magnesium (mmol/L), mmol/L."""
    return Result(float(_weeks(ctx.reference, 4, Mg_dialysate=bath)["Mg"][0, -1]))
