"""Parathyroidectomy and the skeleton over years."""

from __future__ import annotations

import numpy as np

from livedo.care.operations import operation_numbers
from livedo.engine import Schedule, Trajectory
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.experiments.units import MG_CA, MG_DL_CA, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, mean_of, median_of, share_of

#: Days after the operation at which values are read.
DAYS = np.concatenate([np.arange(0, 4, 0.25), np.arange(4, 91, 1.0)])
HOUR = MIDWEEK - 8.0


def _severe(ctx: Context) -> Group:
    """Those who come to operation: PTH above 800 pg/mL."""
    return ctx.severe.chosen(ctx.severe.labs["PTH"] * PG_ML_PTH > 800)


def _operation(ctx: Context, group: Group) -> Schedule:
    """Their sessions, and a total parathyroidectomy with autograft."""
    schedule = group.schedule
    for state in ctx.glands:
        schedule = schedule.scale(state, operation_numbers()["total"], HOUR)
    return schedule


def _operated(ctx: Context) -> Trajectory:
    """Ninety days after removal of all but a remnant, nothing else changed."""

    def make() -> Trajectory:
        group = _severe(ctx)
        return group.run(HOUR + 90 * 24, HOUR + DAYS * 24, _operation(ctx, group))

    return ctx.once("operated", make)


def _daily(run: Trajectory, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Days, and values averaged over three days so that sessions do not show, shape (people, days)."""
    whole = DAYS % 1 == 0
    days, values = DAYS[whole], run[name][:, whole]
    kernel = np.ones(7) / 7
    smooth = np.apply_along_axis(lambda v: np.convolve(np.pad(v, 3, mode="edge"), kernel, mode="valid"), 1, values)
    return days, smooth


def pth_after_operation(ctx: Context, *, days: float = 7.0) -> Result:
    """Median change of PTH some days after parathyroidectomy, %."""
    run = _operated(ctx)
    column = int(np.flatnonzero(days == DAYS)[0])
    return median_of(100 * (run["PTH"][:, column] / run["PTH"][:, 0] - 1))


def day_of(ctx: Context, *, what: str) -> Result:
    """Median day of the calcium trough, the peak of alkaline phosphatase, or when phosphate is within 5% of its trough."""
    name = {"calcium trough": "Ca_total", "ALP peak": "ALP", "phosphate": "P"}[what]
    days, values = _daily(_operated(ctx), name)
    if what == "calcium trough":
        return median_of(days[values.argmin(axis=1)])
    if what == "ALP peak":
        return median_of(days[values.argmax(axis=1)])
    settled = values <= values.min(axis=1, keepdims=True) + 0.05 * values[:, :1]
    return median_of(days[settled.argmax(axis=1)])


def hungry_bone(ctx: Context, *, below: float = 8.4, hours: float = 72.0) -> Result:
    """Share whose calcium falls below a limit (mg/dL) within some hours of parathyroidectomy, nothing given, %."""
    run = _operated(ctx)
    within = np.flatnonzero(hours / 24 >= DAYS)
    return share_of(run["Ca_total"][:, within].min(axis=1) * MG_DL_CA < below)


def calcium_needed(ctx: Context, *, days: float = 8.2, floor: float = 8.4) -> Result:
    """Elemental calcium by mouth and vein that keeps mean calcium at a level (mg/dL) at discharge, g in all.

    Given evenly into extracellular fluid, a lower bound of what is swallowed.
    """
    group = _severe(ctx).chosen(np.arange(min(len(_severe(ctx)), 64)))
    schedule = _operation(ctx, group)
    end = HOUR + 24 * days
    rates = np.array([0.0, 20.0, 40.0, 60.0, 80.0, 120.0, 160.0])
    reached = []
    for rate in rates:
        given = schedule
        # Every three hours, as a drip would: mmol.
        for hour in np.arange(HOUR, end, 3.0):
            given = given.bolus("Ca", rate / 8, float(hour) + 1e-3)
        run = group.run(end, [end], given)
        reached.append(run["Ca_total"][:, 0] * MG_DL_CA)
    levels = np.stack(reached, axis=1)
    needed = np.array([np.interp(floor, np.maximum.accumulate(level), rates) for level in levels])
    return mean_of(needed * days * MG_CA / 1000)


def skeleton(ctx: Context, *, years: float = 10.0) -> Result:
    """Bone calcium of the reference patient after years of dialysis, % of before."""
    run = ctx.reference.run(years * 52 * WEEK, [0.0, years * 52 * WEEK])
    return Result(float(100 * run["Ca_bone"][0, 1] / run["Ca_bone"][0, 0]))


def conserved(ctx: Context, *, element: str) -> Result:
    """Largest drift of all calcium or phosphorus over a year of dialysis, relative to its amount."""
    own = [s for s in ctx.body.model.amounts if s.startswith(element) or (element == "Ca" and s == "Q")]
    if not own:
        raise NotSimulated(f"the body has no amount of {element}")
    run = ctx.reference.run(52 * WEEK, np.arange(0, 53, 4) * WEEK)
    total = sum(run[s][0] for s in own)
    return Result(float(np.ptp(np.asarray(total)) / np.abs([run[s][0] for s in own]).sum(axis=0).max()))
