"""Phosphate in dialysis sessions and weeks: fall, rebound, removal, kinetics fitted as the studies fit them."""

from __future__ import annotations

from typing import Any

import numpy as np

from livedo.body import haemodialysis
from livedo.evidence.context import MIDWEEK, WEEK, Context
from livedo.evidence.experiments.phosphate_fit import clearance_of, course, fitted_course
from livedo.evidence.experiments.sessions_run import Session, replaced, session
from livedo.evidence.experiments.units import MG_DL_P, MG_P, ML_MIN
from livedo.evidence.result import NotSimulated, Result, balanced, mean_of, median_of, share_of


def _usual(ctx: Context, hours: float = 4.0, substitution: float = 0.0) -> Session:
    """A session of usual flows; haemodiafiltration if litres are replaced in it."""
    return session(ctx, ctx.dialysis, "dialysis", hours, **replaced(substitution, hours))


def _first(ctx: Context) -> Session:
    """The first session of the week, which follows the long interval."""
    return session(ctx, ctx.dialysis, "dialysis", start=8.0)


def _like(ctx: Context, run: Session, mean_mg_dl: float) -> np.ndarray:
    """Weights that give the population a mean phosphate at the start of a session."""
    return ctx.once(("P", id(run), mean_mg_dl), lambda: balanced(run.at("P", 0) * MG_DL_P, mean_mg_dl))


def fall(ctx: Context, *, hour: float, hours: float = 4.0, predialysis: float = 0.0, first: str = "no") -> Result:
    """Mean fall of phosphate by an hour of a session, %; in people with a mean predialysis phosphate (mg/dL) if given.

    ``first``: whether it is the first session of the week, as Elias 2018 studied; else the midweek one.
    """
    run = _first(ctx) if first == "yes" else _usual(ctx, hours)
    weights = _like(ctx, run, predialysis) if predialysis else None
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
    """Median phosphorus removed by an hour of the first session of the week, mg, of those in a range of phosphate (mg/dL).

    As in Elias 2018; the population is weighted to its mean predialysis phosphate of 4.7 mg/dL. Its blood flow is not known
    from the abstract.
    """
    run = _first(ctx)
    start = run.at("P", 0) * MG_DL_P
    inside = (start >= low) & (start < high)
    return median_of(run.change("P_removed_hd", hour)[inside] * MG_P, _like(ctx, run, 4.7)[inside])


def removed_at(ctx: Context, *, predialysis: float) -> Result:
    """Mean phosphorus removed in 4 h by people with this mean predialysis phosphate (mg/dL), mg."""
    run = _usual(ctx)
    return mean_of(run.change("P_removed_hd") * MG_P, _like(ctx, run, predialysis))


def rising_late(ctx: Context) -> Result:
    """Share of people whose phosphate is higher at 4 h than at 3 h, %."""
    run = _usual(ctx)
    return share_of(run.at("P", 4) > run.at("P", 3))


def mobilisation_clearance(ctx: Context, *, hours: float = 4.0) -> Result:
    """Mean mobilisation clearance by the pseudo one-compartment model fitted to each person's session, mL/min."""
    return mean_of(_fitted(ctx, _usual(ctx, hours))[0] * ML_MIN)


def central_volume(ctx: Context, *, hours: float = 4.0) -> Result:
    """Mean central volume by the same fit, at the end of the session, L."""
    return mean_of(_fitted(ctx, _usual(ctx, hours))[1])


#: The HEMO Study's sessions, means of its two doses: hours, blood and dialysate flow (mL/min); Eknoyan 2002
#: 10.1056/NEJMoa021583 (recalled). Phosphate was drawn before, at an hour, at the end and half an hour later, PMID 27738228.
HEMO_HOURS, HEMO_FLOWS, HEMO_DRAWN = 3.5, (345.0, 660.0), (0.0, 1.0, 3.5, 4.0)


def mobilisation_in_hemo(ctx: Context, *, read: str = "clearance") -> Result:
    """Median mobilisation clearance (mL/min) or central volume (L) fitted to the four draws of the HEMO Study's sessions."""
    blood, bath = (flow / ML_MIN for flow in HEMO_FLOWS)
    run = session(ctx, ctx.dialysis, "dialysis", HEMO_HOURS, Qb=blood, Qd=bath)
    clearance, volume = _fitted(ctx, run, HEMO_DRAWN)
    return median_of(volume if read == "volume" else clearance * ML_MIN)


#: Central volume after dialysis as a share of weight then, L/kg: 10.1038/ki.2013.205.
CENTRAL_SHARE = 0.136


def from_totals(ctx: Context, *, read: str, substitution: float = 0.0) -> Result:
    """Mean mobilisation or dialyser clearance, mL/min, from phosphate before and after and all that was removed.

    As 10.1159/000346356 estimates both at once by the pseudo one-compartment model; that it takes the central volume from weight
    is assumed. Litres replaced in the session make it haemodiafiltration.
    """

    def make() -> tuple[np.ndarray, np.ndarray]:
        run = _usual(ctx, substitution=substitution)
        start, after, removed = run.at("P", 0), run.at("P", run.length), run.change("P_removed_hd")
        filtered = (run.at("V", 0) - run.at("V", run.length)) / run.length
        volume = CENTRAL_SHARE * run.at("weight", run.length)
        wanted = np.stack([after, removed])

        def of(logs: np.ndarray) -> np.ndarray:
            mobilised, dialyser = np.exp(logs)
            hours = np.linspace(0.0, run.length, 97)
            curve = course(start, hours, run.length, mobilised, dialyser, filtered, volume, parts=1)
            return np.stack([curve[:, -1], dialyser * np.trapezoid(curve, hours, axis=1)])

        logs = np.log(np.stack([np.full(len(start), 6.0), removed / (run.length * (start + 2 * after) / 3)]))
        for _ in range(30):
            base = of(logs)
            slopes = np.stack([(of(logs + 1e-5 * d[:, None]) - base) / 1e-5 for d in np.eye(2)], axis=2)
            move = np.linalg.solve(slopes.transpose(1, 0, 2), (wanted - base).T[:, :, None])[:, :, 0].T
            logs = logs + np.clip(move, -0.5, 0.5)
        met = (np.abs(of(logs) / wanted - 1) < 1e-3).all(axis=0)
        mobilised, dialyser = np.where(met, np.exp(logs), np.nan)
        return mobilised, dialyser

    mobilised, dialyser = ctx.once(("from totals", substitution), make)
    return mean_of((mobilised if read == "mobilisation" else dialyser) * ML_MIN)


def _fitted(ctx: Context, run: Session, drawn: tuple[float, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """The pseudo one-compartment model fitted to each person's session (:func:`phosphate_fit.fitted_course`).

    Fitted to the hours drawn, or to every quarter of an hour until an hour after the session.

    Returns
    -------
    K_M (L/h) and V at the end of the session (L), shape (people,).
    """

    def make() -> tuple[np.ndarray, np.ndarray]:
        hours = run.length
        grid = np.array(drawn) if drawn else run.hours[run.hours <= hours + 1.0]
        data = np.stack([run.at("P", float(hour)) for hour in grid], axis=1)
        during = run.hours <= hours
        dialyser = clearance_of(run.change("P_removed_hd"), run.values["P"][:, during], run.hours[during])
        filtered = (run.at("V", 0) - run.at("V", hours)) / hours
        return fitted_course(data, grid, hours, dialyser, filtered, 40 if drawn else 10)

    return ctx.once(("pseudo one-compartment", id(run), drawn), make)


#: Phosphate of a dialysate to which it is added, mmol/L: of the FHN Nocturnal Trial only is known that 42% had it added,
#: 10.1681/ASN.2011070688 (recalled); how much is an assumption.
BATH_PHOSPHATE = 0.8


def frequent_effect(
    ctx: Context,
    *,
    sessions: float,
    hours: float,
    binder_less: float = 1.35,
    binder_kept: float = 1.0,
    bath_given: float = 0.0,
    blood: float = 300.0,
    dialysate: float = 500.0,
) -> Result:
    """Change of mean predialysis phosphate on frequent sessions with less binder, mg/dL.

    ``binder_less`` g a day of equivalents are no longer prescribed (the trials tell what was prescribed, and each person takes
    their share of it); of the people, the share ``binder_kept`` goes on with the rest and the
    others stop. ``bath_given`` is the share for whom phosphate is added to the dialysate (:data:`BATH_PHOSPHATE`). Those whose
    phosphate is highest after half a year of these sessions keep binder, those whose is lowest get phosphate. Flows in mL/min.
    Predialysis is the mean over the week's sessions, after 12 months.
    """
    group = ctx.few(ctx.dialysis)
    starts = [24.0 * day + 8.0 for day in range(int(sessions))]
    taken = group.traits["adherence"] * binder_less / 24
    binder = np.maximum(group.parameter("binder_PBED") - taken, 0.0)
    often = haemodialysis(at=tuple(starts), hours=hours, Qb=blood / ML_MIN, Qd=dialysate / ML_MIN)
    chosen: dict[str, Any] = {"binder_PBED": binder}
    if binder_kept < 1 or bath_given:
        seen = group.run(26 * WEEK, np.add(25 * WEEK, starts), often, binder_PBED=0.0)
        rank = seen["P"].mean(axis=1).argsort().argsort() / len(group)
        chosen["binder_PBED"] = np.where(rank >= 1 - binder_kept, binder, 0.0)
        chosen["P_dialysate"] = np.where(rank < bath_given, BATH_PHOSPHATE, 0.0)
    weeks = np.arange(48, 52)[:, None] * WEEK
    usual = group.run(52 * WEEK, np.add(weeks, [8.0, 56.0, 104.0]).ravel())
    other = group.run(52 * WEEK, np.add(weeks, starts).ravel(), often, **chosen)
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
