"""Calcium in dialysis: sessions by dialysate calcium, what the skeleton buffers, weeks and months, absorption, species."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.care import load_treatments
from livedo.care.effects import daily_effect
from livedo.care.treatments import VITAMIN_D
from livedo.evidence.context import MIDWEEK, WEEK, Context
from livedo.evidence.experiments.sessions_run import Session, replaced, session
from livedo.evidence.experiments.units import MG_CA, MG_DL_CA, MG_DL_P, ML_MIN, PG_ML_PTH
from livedo.evidence.result import Result, balanced, mean_of, median_of, share_of

#: Water of plasma, L/L: ionised calcium in plasma water is that of plasma over this.
PLASMA_WATER = 0.93


def _at(
    ctx: Context,
    dialysate: float,
    dialysate_flow: float = 0.0,
    bicarbonate: float = 0.0,
    substitution: float = 0.0,
) -> Session:
    """The midweek session at a dialysate calcium (mmol/L).

    Dialysate flow (mL/min), bicarbonate (mmol/L) and the litres replaced in haemodiafiltration hold where given (not 0).

    Basile 2012 dialyses with a batch system, whose pump moves blood and dialysate alike: its dialysate flow is the blood flow,
    and that this is the usual 300 mL/min is assumed.
    """
    more = replaced(substitution, 4.0)
    if dialysate_flow:
        more["Qd"] = dialysate_flow / ML_MIN
    if bicarbonate:
        more["HCO3_dialysate"] = bicarbonate
    return session(ctx, ctx.dialysis, "dialysis", Ca_dialysate=dialysate, **more)


def _weights(ctx: Context, ionised: float, pth: float) -> np.ndarray | None:
    """Weights to a mean predialysis ionised calcium (mmol/L) and a median PTH (pg/mL), where given (not 0)."""
    labs, columns, targets = ctx.dialysis.labs, [], []
    if ionised:
        columns, targets = [labs["Ca_ionised"]], [ionised]
    if pth:
        columns, targets = [*columns, np.log(labs["PTH"] * PG_ML_PTH)], [*targets, np.log(pth)]
    if not columns:
        return None
    return ctx.once(("baseline", ionised, pth), lambda: balanced(np.stack(columns, axis=1), np.array(targets)))


def gain(
    ctx: Context,
    *,
    dialysate: float,
    ionised: float = 0.0,
    pth: float = 0.0,
    bicarbonate: float = 0.0,
    dialysate_flow: float = 0.0,
    substitution: float = 0.0,
    statistic: str = "mean",
) -> Result:
    """Calcium gained in the midweek session at a dialysate calcium (mmol/L), mg; negative if lost."""
    gained = _at(ctx, dialysate, dialysate_flow, bicarbonate, substitution).change("Ca_gained_hd") * MG_CA
    return (mean_of if statistic == "mean" else median_of)(gained, _weights(ctx, ionised, pth))


def slope(ctx: Context) -> Result:
    """Calcium gained for 0.25 mmol/L more dialysate calcium, mean over 1.25 to 1.75, mg a session."""
    low, high = (_at(ctx, d).change("Ca_gained_hd") for d in (1.25, 1.75))
    return mean_of((high - low) / 2 * MG_CA)


def end_plasma_water(ctx: Context, *, dialysate: float, dialysate_flow: float = 0.0) -> Result:
    """Mean ionised calcium of plasma water at the end of a session, mmol/L."""
    return mean_of(_at(ctx, dialysate, dialysate_flow).at("Ca_ionised", 4) / PLASMA_WATER)


def ionised_change(
    ctx: Context, *, dialysate: float, ionised: float = 0.0, pth: float = 0.0, unit: str = "mmol/L"
) -> Result:
    """Mean change of ionised calcium over a session, mmol/L or mEq/L."""
    found = mean_of(_at(ctx, dialysate).change("Ca_ionised"), _weights(ctx, ionised, pth))
    return found.scaled(2.0 if unit == "mEq/L" else 1.0)


def pth_change(
    ctx: Context,
    *,
    dialysate: float,
    ionised: float = 0.0,
    pth: float = 0.0,
    bicarbonate: float = 0.0,
    dialysate_flow: float = 0.0,
    substitution: float = 0.0,
    unit: str = "pg/mL",
) -> Result:
    """Change of PTH over a session: mean in pg/mL, or of the mean in %."""
    run, weights = _at(ctx, dialysate, dialysate_flow, bicarbonate, substitution), _weights(ctx, ionised, pth)
    if unit == "pg/mL":
        return mean_of(run.change("PTH") * PG_ML_PTH, weights)
    return mean_of(100 * (run.at("PTH", 4) / run.at("PTH", 0) - 1), weights)


def pth_after(ctx: Context, *, dialysate: float, pth: float) -> Result:
    """Median PTH after a session of people with a median PTH before (pg/mL), pg/mL."""
    return median_of(_at(ctx, dialysate).at("PTH", 4) * PG_ML_PTH, _weights(ctx, 0.0, pth))


def pth_fall(ctx: Context, *, dialysate: float, pth: float = 0.0) -> Result:
    """Median fall of PTH over a session, %."""
    run = _at(ctx, dialysate)
    return median_of(100 * (1 - run.at("PTH", 4) / run.at("PTH", 0)), _weights(ctx, 0.0, pth))


def _extracellular(run: Session) -> np.ndarray:
    """Ionised calcium gained by extracellular fluid, mmol, as the study reckons it: its rise times the volume at the end.

    The figures fit this (0.21 mmol/L in 13 L are 111 mg) and not one that takes off what leaves with the ultrafiltrate.
    """
    return run.change("Ca_ionised") * run.at("V", run.length)


def extracellular_gain(ctx: Context, *, dialysate: float = 1.75) -> Result:
    """Mean ionised calcium that stays in extracellular fluid over a session, mg."""
    return mean_of(_extracellular(_at(ctx, dialysate)) * MG_CA)


def buffered(ctx: Context, *, dialysate: float = 1.75) -> Result:
    """Mean share of the calcium gained that leaves extracellular fluid within the session, %, of those who gain 100 mg."""
    run = _at(ctx, dialysate)
    gained = run.change("Ca_gained_hd")
    some = gained * MG_CA > 100
    return mean_of(100 * (1 - _extracellular(run)[some] / gained[some]))


def week(ctx: Context, *, dialysate: float = 1.35, read: str) -> Result:
    """Calcium over a week's three sessions: removed by those who lose, taken up by those who gain (mmol), share gaining (%)."""
    run = ctx.once(("week", dialysate), lambda: ctx.dialysis.run(WEEK, [0.0, WEEK], Ca_dialysate=dialysate))
    gained = np.diff(run["Ca_gained_hd"], axis=1)[:, 0]
    if read == "share":
        return share_of(gained > 0)
    return mean_of(-gained[gained < 0] if read == "lost" else gained[gained > 0])


#: Alfacalcidol by mouth (ug a week) before and nine months after dialysate calcium was lowered, ijkd.org article 1615.
ALFACALCIDOL = (1.4, 3.3)


def _lowered(ctx: Context) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Weights to PTH 372 pg/mL at dialysate 1.75, and labs before and in the midweek session in month 9 at 1.5.

    Alfacalcidol goes up in equal monthly steps (assumption: the study gives its dose at both ends only).
    """

    def make() -> tuple[np.ndarray, dict[str, np.ndarray]]:
        drug = load_treatments().find(VITAMIN_D, "alfacalcidol")
        symbol, each = next(iter(daily_effect(drug, 1 / 7, "oral", ctx.kernel.values).items()))
        few = ctx.few(ctx.severe)
        own: dict[str, Any] = {symbol: few.parameter(symbol) + ALFACALCIDOL[0] * each}
        group = ctx.settled_with(few, "severe, dialysate 1.75 and alfacalcidol", Ca_dialysate=1.75, **own)
        weights = balanced(group.labs["PTH"] * PG_ML_PTH, 372.0)
        last = 39 * WEEK + MIDWEEK
        schedule, base = group.schedule, group.parameter(symbol)
        for month in range(9):
            dose = base + (ALFACALCIDOL[1] - ALFACALCIDOL[0]) * each * (month + 1) / 9
            schedule = schedule.set(symbol, dose, month * 39 / 9 * WEEK)
        run = group.run(last + 4, [last, last + 4], schedule, Ca_dialysate=1.5)
        before = group.run(MIDWEEK + 4, [MIDWEEK + 4])
        return weights, {"PTH": run["PTH"][:, 0], "Ca": run["Ca_total"][:, 1], "Ca before": before["Ca_total"][:, 0]}

    return ctx.once("lowered", make)


def lowered(ctx: Context, *, read: str) -> Result:
    """Nine months after dialysate calcium goes from 1.75 to 1.5 mmol/L: PTH (pg/mL), or calcium after a session (mg/dL)."""
    weights, found = _lowered(ctx)
    return mean_of(found[read] * (PG_ML_PTH if read == "PTH" else MG_DL_CA), weights)


def low_turnover(ctx: Context, *, dialysate: float = 1.25) -> Result:
    """Share with low bone formation after 24 months at a dialysate calcium, %, where 85% have it at 1.75 and PTH to 300 pg/mL.

    Low is what 85% of them are below at baseline, as the study found.
    """
    ctx.need("osteoblasts")
    few = ctx.few(ctx.dialysis)
    group = ctx.settled_with(few, "dialysate 1.75", Ca_dialysate=1.75)
    group = group.chosen(group.labs["PTH"] * PG_ML_PTH <= 300)
    at = 104 * WEEK + MIDWEEK
    run = group.run(at, [at], Ca_dialysate=dialysate)
    return share_of(run["osteoblasts"][:, 0] < np.quantile(group.labs["osteoblasts"], 0.85))


def absorbed_fraction(ctx: Context) -> Result:
    """Median share of gut calcium absorbed in dialysis, as a tracer shows it."""
    run = ctx.once("usual week", lambda: ctx.dialysis.run(WEEK, [0.0, WEEK]))
    taken, passed = (np.diff(run[name], axis=1)[:, 0] for name in ("Ca_absorbed", "Ca_faeces"))
    return median_of(taken / (taken + passed))


def ionised_coefficient(ctx: Context, *, of: str) -> Result:
    """Slope of predialysis ionised calcium (mg/dL) on total calcium (mg/dL), phosphate (mg/dL) or albumin (g/dL) together."""
    labs = ctx.dialysis.labs
    columns = {"Ca_total": MG_DL_CA, "P": MG_DL_P, "albumin_plasma": 0.1}
    x = np.stack([np.ones(len(ctx.dialysis)), *(labs[k] * f for k, f in columns.items())], axis=1)
    y = labs["Ca_ionised"] * MG_DL_CA
    found, residual, *_ = np.linalg.lstsq(x, y, rcond=None)
    variance = float(residual[0]) / (len(y) - x.shape[1]) * np.linalg.inv(x.T @ x)
    place = 1 + list(columns).index(of)
    return Result(float(found[place]), float(np.sqrt(variance[place, place])))


def magnesium_fall(ctx: Context, *, dialysate: float = 0.5, before: float = 0.88) -> Result:
    """Mean fall of plasma magnesium over a session, mmol/L, at a dialysate magnesium and a mean before."""
    ctx.need("Mg", "Mg_dialysate")
    run = session(ctx, ctx.dialysis, "dialysis", Mg_dialysate=dialysate)
    return mean_of(-run.change("Mg"), balanced(run.at("Mg", 0), before))
