"""Phosphate in dialysis sessions and weeks: fall, rebound, removal, kinetics fitted as the studies fit them."""

from __future__ import annotations

import itertools

import numpy as np

from livedo.body import haemodialysis
from livedo.evidence.context import MIDWEEK, WEEK, Context
from livedo.evidence.experiments.sessions_run import Session, replaced, session
from livedo.evidence.experiments.units import MG_DL_P, MG_P, ML_MIN
from livedo.evidence.result import NotSimulated, Result, balanced, mean_of, median_of, share_of


def _usual(ctx: Context, hours: float = 4.0, substitution: float = 0.0) -> Session:
    """A session of usual flows; haemodiafiltration if litres are replaced in it."""
    return session(ctx, ctx.dialysis, "dialysis", hours, **replaced(substitution, hours))


def _like(ctx: Context, mean_mg_dl: float) -> np.ndarray:
    """Weights that give the population a predialysis phosphate."""
    return ctx.once(("P", mean_mg_dl), lambda: balanced(ctx.dialysis.labs["P"] * MG_DL_P, mean_mg_dl))


def fall(ctx: Context, *, hour: float, hours: float = 4.0, predialysis: float = 0.0) -> Result:
    """Mean fall of phosphate by an hour of a session, %; in people with a mean predialysis phosphate (mg/dL) if given."""
    run = _usual(ctx, hours)
    weights = _like(ctx, predialysis) if predialysis else None
    return mean_of(-100 * run.change("P", hour) / run.at("P", 0), weights)


def end(ctx: Context, *, hours: float) -> Result:
    """Median phosphate at the end of a session of those who start it at 1.5 to 2.0 mmol/L, mmol/L."""
    run = _usual(ctx, hours)
    start = run.at("P", 0)
    return median_of(run.at("P", hours)[(start >= 1.5) & (start <= 2.0)])


def recovery(ctx: Context, *, after: float = 1.0) -> Result:
    """Mean phosphate some hours after a session, % of predialysis."""
    run = _usual(ctx)
    return mean_of(100 * run.at("P", 4 + after) / run.at("P", 0))


def removed(ctx: Context, *, hours: float = 4.0, unit: str = "mg", low: float = 0.0, high: float = 100.0) -> Result:
    """Mean phosphorus removed in a session by those who start it in a range of phosphate (mmol/L), mg or mmol."""
    run = _usual(ctx, hours)
    inside = (run.at("P", 0) >= low) & (run.at("P", 0) <= high)
    return mean_of(run.change("P_removed_hd")[inside]).scaled(MG_P if unit == "mg" else 1.0)


def removed_of(ctx: Context, *, low: float = 0.0, high: float = 100.0, hour: float = 4.0) -> Result:
    """Median phosphorus removed by an hour, mg, of those in a range of predialysis phosphate (mg/dL).

    The population is weighted to the study's mean predialysis phosphate of 4.7 mg/dL.
    """
    run = _usual(ctx)
    start = run.at("P", 0) * MG_DL_P
    inside = (start >= low) & (start < high)
    return median_of(run.change("P_removed_hd", hour)[inside] * MG_P, _like(ctx, 4.7)[inside])


def removed_at(ctx: Context, *, predialysis: float) -> Result:
    """Mean phosphorus removed in 4 h by people with this mean predialysis phosphate (mg/dL), mg."""
    return mean_of(_usual(ctx).change("P_removed_hd") * MG_P, _like(ctx, predialysis))


def rising_late(ctx: Context) -> Result:
    """Share of people whose phosphate is higher at 4 h than at 3 h, %."""
    run = _usual(ctx)
    return share_of(run.at("P", 4) > run.at("P", 3))


def dialyser_clearance(ctx: Context, *, substitution: float = 0.0) -> Result:
    """Mean phosphate clearance of the dialyser, mL/min; in haemodiafiltration with litres replaced in a session."""
    return mean_of(_clearance(_usual(ctx, substitution=substitution)) * ML_MIN)


def mobilisation_clearance(
    ctx: Context, *, hours: float = 4.0, statistic: str = "mean", substitution: float = 0.0
) -> Result:
    """Mobilisation clearance by the pseudo one-compartment model fitted to each person's session, mL/min."""
    clearance, _ = _pseudo_one_compartment(ctx, hours, substitution)
    return (mean_of if statistic == "mean" else median_of)(clearance * ML_MIN)


def central_volume(ctx: Context, *, hours: float = 4.0, statistic: str = "mean") -> Result:
    """Central volume by the same fit, at the end of the session, L."""
    _, volume = _pseudo_one_compartment(ctx, hours)
    return (mean_of if statistic == "mean" else median_of)(volume)


def _clearance(run: Session) -> np.ndarray:
    """Phosphorus removed over the area under its concentration, L/h."""
    during = run.hours <= run.length
    area = np.trapezoid(run.values["P"][:, during], run.hours[during], axis=1)
    return run.change("P_removed_hd") / area


def _pseudo_one_compartment(ctx: Context, hours: float, substitution: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of the pseudo one-compartment model on each person's session, as Agar 2011 and Leypoldt 2013 do.

    d(V C)/dt = K_M (C_pre - C) - K_D C in the session and without the last term for an hour after it; dV/dt = -Q_uf.

    Returns
    -------
    K_M (L/h) and V at the end of the session (L), shape (people,).
    """

    def make() -> tuple[np.ndarray, np.ndarray]:
        run = _usual(ctx, hours, substitution)
        seen = run.hours <= hours + 1.0
        data, grid = run.values["P"][:, seen], run.hours[seen]
        dialyser, filtered = _clearance(run), (run.at("V", 0) - run.at("V", hours)) / hours

        def model(mobilised: np.ndarray, volume: np.ndarray) -> np.ndarray:
            c, curve, parts = data[:, 0], [data[:, 0]], 10
            for left, right in itertools.pairwise(grid):
                step = (right - left) / parts
                for part in range(parts):
                    time = left + (part + 0.5) * step
                    on = float(time < hours)
                    now = np.maximum(volume + filtered * (hours - min(time, hours)), 1.0)
                    # dC/dt = (rate - K_M C - K_D C + Q_uf C)/V, integrated exactly over the small step
                    loss = (mobilised + on * (dialyser - filtered)) / now
                    level = mobilised * data[:, 0] / now / loss
                    c = level + (c - level) * np.exp(-loss * step)
                curve.append(c)
            return np.stack(curve, axis=1)

        logs = np.log(np.stack([np.full(len(data), 5.5), np.full(len(data), 10.0)]))
        damping = np.full(len(data), 1e-3)
        error = np.sum((model(*np.exp(logs)) - data) ** 2, axis=1)
        for _ in range(30):
            base = model(*np.exp(logs))
            slopes = [(model(*np.exp(logs + 1e-5 * d[:, None])) - base) / 1e-5 for d in np.eye(2)]
            jacobian = np.stack(slopes, axis=2)
            square = np.einsum("nta,ntb->nab", jacobian, jacobian)
            square += np.einsum("n,nab->nab", damping, square * np.eye(2))
            right = np.einsum("nta,nt->na", jacobian, data - base)
            move = np.clip(np.linalg.solve(square + 1e-12 * np.eye(2), right[:, :, None])[:, :, 0].T, -0.5, 0.5)
            trial = np.sum((model(*np.exp(logs + move)) - data) ** 2, axis=1)
            better = trial < error
            logs, error = np.where(better, logs + move, logs), np.where(better, trial, error)
            damping = np.where(better, damping / 5, damping * 5)
        mobilised, volume = np.exp(logs)
        return mobilised, volume

    return ctx.once(("pseudo one-compartment", hours, substitution), make)


def frequent_effect(
    ctx: Context,
    *,
    sessions: float,
    hours: float,
    binder_less: float = 1.35,
    binder_kept: float = 1.0,
    blood: float = 300.0,
    dialysate: float = 500.0,
) -> Result:
    """Change of mean predialysis phosphate on frequent sessions with less binder, mg/dL.

    ``binder_less`` g a day of equivalents are left out, and of the rest a share is kept; flows in mL/min. Predialysis is the
    mean over the week's sessions, after 12 months.
    """
    group = ctx.few(ctx.dialysis)
    starts = [24.0 * day + 8.0 for day in range(int(sessions))]
    binder = binder_kept * np.maximum(group.parameter("binder_PBED") - binder_less / 24, 0.0)
    often = haemodialysis(at=tuple(starts), hours=hours, Qb=blood / ML_MIN, Qd=dialysate / ML_MIN)
    weeks = np.arange(48, 52)[:, None] * WEEK
    usual = group.run(52 * WEEK, np.add(weeks, [8.0, 56.0, 104.0]).ravel())
    other = group.run(52 * WEEK, np.add(weeks, starts).ravel(), often, binder_PBED=binder)
    return mean_of((other["P"].mean(axis=1) - usual["P"].mean(axis=1)) * MG_DL_P)


def hours_without_binder(ctx: Context) -> Result:
    """Weekly hours of dialysis, in three sessions, that without binder keep the mean phosphate of usual care with it."""
    group = ctx.few(ctx.dialysis)
    lengths = np.array([4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    levels = []
    for hours in lengths:
        run = group.run(26 * WEEK, [25 * WEEK + MIDWEEK], haemodialysis(hours=hours), binder_PBED=0.0)
        levels.append(mean_of(run["P"][:, 0]).value)
    level = mean_of(group.labs["P"])
    if level.value < levels[-1]:
        raise NotSimulated("30 h a week without binder do not reach the phosphate of usual care")
    found = np.interp(-level.value, -np.array(levels), 3 * lengths)
    slope = np.gradient(np.array(levels), 3 * lengths)
    return Result(float(found), abs(level.error / slope[len(slope) // 2]))


def binder_stop(ctx: Context, *, weeks: float = 2.0) -> Result:
    """Mean rise of predialysis phosphate some weeks after binders are stopped, mg/dL."""
    run = ctx.dialysis.run(weeks * WEEK + MIDWEEK, [weeks * WEEK + MIDWEEK], binder_PBED=0.0)
    return mean_of((run["P"][:, 0] - ctx.dialysis.labs["P"]) * MG_DL_P)


def weekly_balance(ctx: Context) -> Result:
    """Phosphorus absorbed and released by bone less what is removed in a settled week, % of it, reference patient."""
    run = ctx.reference.run(WEEK, [0.0, WEEK], tolerance=1e-7)
    moved = {k: float(v[0, 1] - v[0, 0]) for k, v in run.values.items()}
    taken = -moved["P_outside"] - moved["P_faeces"] - moved["P_bone"]
    return Result(100 * abs(taken - moved["P_removed_hd"] - moved["P_urine"]) / moved["P_removed_hd"])
