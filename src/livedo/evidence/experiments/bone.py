"""Parathyroidectomy and the skeleton over years."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from livedo.care.operations import needed, operation_numbers, replacement
from livedo.engine import Schedule
from livedo.engine.randomness import normal, uniform
from livedo.evidence.context import MIDWEEK, SEED, WEEK, Context, Group
from livedo.evidence.experiments.units import MG_CA, MG_DL_CA, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, mean_of, median_of, share_of
from livedo.patients import variations

#: Days after the operation at which values are read.
DAYS = np.concatenate([np.arange(0, 4, 0.25), np.arange(4, 91, 1.0)])
HOUR = MIDWEEK - 8.0
#: Calcium by vein, mg/kg/h, and the ionised calcium (mmol/L) below which it is given: KDOQI 2003, PMID 14520607.
VEIN, VEIN_BELOW = 1.5, 0.9


def _severe(ctx: Context) -> Group:
    """Those who come to operation: PTH above 800 pg/mL."""
    return ctx.severe.chosen(ctx.severe.labs["PTH"] * PG_ML_PTH > 800)


def _operation(ctx: Context, group: Group, operation: str) -> Schedule:
    """Their sessions, and a parathyroidectomy: ``total`` (with autograft) or ``subtotal``, by what it leaves."""
    schedule = group.schedule
    for state in ctx.glands:
        schedule = schedule.scale(state, operation_numbers()[operation], HOUR)
    return schedule


@dataclass(frozen=True)
class Recovery:
    """After a parathyroidectomy: observable -> shape (people, days), and elemental calcium given by then, g."""

    values: dict[str, np.ndarray]
    calcium: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]


def _operated(ctx: Context, given: bool, operation: str = "subtotal") -> Recovery:
    """Ninety days after removal of all but a remnant, with nothing given, or with calcium and calcitriol as practised.

    What is practised is KDOQI 2003 (PMID 14520607), since the studies say only that calcium and vitamin D were given by need: in
    full by mouth while total calcium is low and less as it rises (``care/operations.csv``), and calcium by vein while ionised
    calcium is below 0.9 mmol/L; looked at every day for two weeks, then every week.
    """

    def make() -> Recovery:
        group = _severe(ctx)
        share, vein = np.zeros(len(group)), np.zeros(len(group), dtype=bool)
        moment, parts, swallowed, total = None, [], [], np.zeros(len(group))
        looks = np.concatenate([np.arange(0.0, 14.0), np.arange(14.0, 91.0, 7.0)])
        for begin, end in itertools.pairwise([*looks, float(DAYS[-1])]):
            days = DAYS[(begin < DAYS) & (end >= DAYS)] if begin else DAYS[end >= DAYS]
            schedule = _operation(ctx, group, operation)
            inputs: dict[str, Any] = {}
            if given:
                extra = replacement(share, ctx.kernel.values)
                inputs = {symbol: group.parameter(symbol) + more for symbol, more in extra.items()}
                by_vein = np.where(vein, VEIN * group.parameter("dry_weight") / MG_CA, 0.0)
                for hour in np.arange(HOUR + begin * 24, HOUR + end * 24, 3.0):
                    schedule = schedule.bolus("Ca", 3.0 * by_vein, float(hour) + 1e-3)
                daily = (share * operation_numbers()["oral_calcium"] + 24 * by_vein * MG_CA) / 1000
                swallowed.append(total[:, None] + daily[:, None] * (days - begin))
                total = total + daily * (end - begin)
            run = group.run(HOUR + end * 24, HOUR + days * 24, schedule, start=moment, **inputs)
            parts.append({name: run[name] for name in ("Ca_total", "P", "ALP", "PTH")})
            moment = run.final
            share, vein = needed(share, run["Ca_total"][:, -1]), run["Ca_ionised"][:, -1] < VEIN_BELOW
        joined = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
        calcium = np.concatenate(swallowed, axis=1) if given else np.zeros_like(joined["PTH"])
        return Recovery(joined, calcium)

    return ctx.once(("operated", given, operation), make)


def _daily(run: Recovery, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Days, and values averaged over a week so that sessions do not show, shape (people, days)."""
    whole = DAYS % 1 == 0
    days, values = DAYS[whole], run[name][:, whole]
    kernel = np.ones(7) / 7
    smooth = np.apply_along_axis(lambda v: np.convolve(np.pad(v, 3, mode="edge"), kernel, mode="valid"), 1, values)
    return days, smooth


def pth_after_operation(ctx: Context, *, days: float = 7.0, operation: str = "subtotal") -> Result:
    """Median change of PTH some days after parathyroidectomy, %.

    Where no operation is named, what is left is the share measured in 1402 people over whatever operation (``subtotal``).
    """
    run = _operated(ctx, True, operation)
    column = int(np.flatnonzero(days == DAYS)[0])
    return median_of(100 * (run["PTH"][:, column] / run["PTH"][:, 0] - 1))


def day_of(ctx: Context, *, what: str, operation: str = "subtotal") -> Result:
    """Day of the calcium trough, the peak of alkaline phosphatase, or when phosphate is within 5% of its trough.

    Read from the mean course of all, as 10.1186/s12882-016-0421-5 describes it; its patients were given calcium and vitamin D
    by need. The error is that of people drawn anew.
    """
    name = {"calcium trough": "Ca_total", "ALP peak": "ALP", "phosphate": "P"}[what]
    days, values = _daily(_operated(ctx, True, operation), name)

    def found(course: np.ndarray) -> float:
        if what == "phosphate":
            return float(days[int((course <= course.min() + 0.05 * course[0]).argmax())])
        return float(days[int(course.argmax() if what == "ALP peak" else course.argmin())])

    people = (uniform(SEED, "days after operation", np.arange(100 * len(values))) * len(values)).astype(int)
    again = [found(values[who].mean(axis=0)) for who in people.reshape(100, -1)]
    return Result(found(values.mean(axis=0)), float(np.std(again)))


def hungry_bone(ctx: Context, *, below: float = 8.4, hours: float = 72.0, operation: str = "subtotal") -> Result:
    """Share whose measured calcium is below a limit (mg/dL) within some hours of parathyroidectomy, nothing given, %.

    ``operation`` as in :func:`pth_after_operation`.

    Measured every six hours (KDOQI 2003: every four to six), each time with the assay's own variation.
    """
    run = _operated(ctx, False, operation)
    within = np.flatnonzero((DAYS > 0) & (hours / 24 >= DAYS))
    people = np.arange(len(run["PTH"]))
    noise = np.stack([normal(SEED, f"draw/after operation/{i}", people) for i in within], axis=1)
    measured = run["Ca_total"][:, within] * (1 + variations()["calcium_total"].analytical * noise)
    return share_of(measured.min(axis=1) * MG_DL_CA < below)


def calcium_needed(ctx: Context, *, days: float = 8.2, operation: str = "subtotal") -> Result:
    """Mean elemental calcium given by mouth and vein, by need, until discharge some days after parathyroidectomy, g."""
    run = _operated(ctx, True, operation)
    return mean_of(np.array([np.interp(days, DAYS, row) for row in run.calcium]))


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
