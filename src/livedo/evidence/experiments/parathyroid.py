"""The PTH-calcium curve in health and kidney disease, and clamps of ionised calcium."""

from __future__ import annotations

import numpy as np

from livedo.body import haemodialysis
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.experiments.clamp import Clamp, Curve, clamp, curve, curve_of, half_way, ramp, step, whom
from livedo.evidence.experiments.units import MG_DL_CA, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, balanced, effective, mean_of

#: PMID 9814455: PTH at rest of its kidney patients over that of health, and mean greatest PTH of its dialysis patients (pmol/L).
RENAL_OVER_HEALTH, GREATEST_ON_DIALYSIS = 3.0, 37.1


def _clamp(ctx: Context, who: str, course: np.ndarray, name: str) -> Clamp:
    return ctx.once(("clamp", who, name), lambda: clamp(whom(ctx, who), course))


def peak(ctx: Context, *, change: float = -0.21) -> Result:
    """Greatest PTH in the first half hour of constant hypocalcaemia in health, relative to before."""
    run = _clamp(ctx, "healthy", step(change), f"step {change}")
    return mean_of(run.pth[:, run.minutes <= 30].max(axis=1) / run.pth[:, 0])


def plateau(ctx: Context, *, change: float = -0.21, start: float = 60.0, stop: float = 120.0) -> Result:
    """Mean PTH in some minutes of a constant change of ionised calcium in health, relative to before."""
    run = _clamp(ctx, "healthy", step(change), f"step {change}")
    when = (run.minutes >= start) & (run.minutes <= stop)
    return mean_of(run.pth[:, when].mean(axis=1) / run.pth[:, 0])


def secretion(ctx: Context, *, change: float, relative: str = "of baseline") -> Result:
    """Steady secretion at 30 to 105 min of a change of ionised calcium in health, % of baseline (or change from it).

    Plasma PTH turns over in minutes, so steady PTH stands for secretion. The study's tonic secretion excludes its pulses, which
    the body does not have; with them its steady secretion in hypocalcaemia is 236% of baseline (68% tonic at 255, 32% in pulses
    at 1.03 times the frequency and 1.89 times the mass).
    """
    found = plateau(ctx, change=change, start=30.0, stop=105.0).scaled(100.0)
    return Result(found.value - (100.0 if relative == "change" else 0.0), found.error)


def basal(ctx: Context, *, who: str) -> Result:
    """Mean PTH at rest, pg/mL."""
    return mean_of(whom(ctx, who).labs["PTH"] * PG_ML_PTH)


def extreme(ctx: Context, *, change: float, minutes: float, which: str, baseline: float = 23.2) -> Result:
    """Mean of each healthy person's greatest or least PTH while ionised calcium moves evenly in some minutes, pg/mL.

    The study's slow infusions change calcium half as fast as its rapid ones, to the same levels; that the rapid ones last an
    hour is assumed. Read on the study's own scale, on which PTH at rest is ``baseline`` (pg/mL): assays of intact PTH differ by
    as much.
    """
    run = _clamp(ctx, "healthy", ramp(change, int(minutes)), f"ramp {change} {minutes}")
    found = (run.pth.max if which == "greatest" else run.pth.min)(axis=1)
    return mean_of(found / run.pth[:, 0] * baseline)


def _like_montreal(ctx: Context, who: str) -> np.ndarray | None:
    """Weights that make a group like that of PMID 9814455; none in health.

    Kidney disease before dialysis is known by PTH at rest three times that of health, at a creatinine as in :func:`whom`. Of
    the dialysis patients only that calcium and calcitriol were lower and PTH higher is said: how severe their disease was is
    taken from their mean greatest PTH.
    """
    if who == "healthy":
        return None
    found = curve_of(ctx, who)
    if who == "renal":
        return balanced(found.basal, RENAL_OVER_HEALTH * curve_of(ctx, "healthy").basal.mean())
    return balanced(found.greatest, GREATEST_ON_DIALYSIS)


def greatest(ctx: Context, *, who: str) -> Result:
    """Mean greatest PTH of the curve, in people like those of PMID 9814455, pmol/L."""
    return mean_of(curve_of(ctx, who).greatest, _like_montreal(ctx, who))


def least(ctx: Context, *, who: str) -> Result:
    """Mean PTH that calcium does not suppress, in people like those of PMID 9814455, pmol/L."""
    return mean_of(curve_of(ctx, who).least, _like_montreal(ctx, who))


def set_point(ctx: Context, *, who: str, form: str = "middle") -> Result:
    """Mean set point, mmol/L ionised: at half of the greatest PTH, halfway to the least, or ambient calcium (Parfitt).

    People are like those of PMID 9814455.
    """
    found = curve_of(ctx, who)
    values = {"half": found.half, "middle": found.middle, "ambient": found.ambient}[form]
    return mean_of(values, _like_montreal(ctx, who))


def set_point_by_severity(ctx: Context) -> Result:
    """Set point of dialysis patients with PTH above 600 less that of those below 300 pg/mL, added to 1.23 mmol/L."""
    found = curve_of(ctx, "severe")
    pth = found.basal * PG_ML_PTH
    severe, mild = mean_of(found.middle[pth > 600]), mean_of(found.middle[pth < 300])
    return Result(1.23 + severe.value - mild.value, float(np.hypot(severe.error, mild.error)))


def set_point_and_calcium(ctx: Context, *, pth: float) -> Result:
    """Correlation of set point with predialysis ionised calcium, people weighted to a mean PTH (pg/mL)."""
    found = curve_of(ctx, "severe")
    weights = balanced(found.basal * PG_ML_PTH, pth)
    matrix = np.cov(found.ambient, found.middle, aweights=weights)
    r = float(matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]))
    return Result(r, (1 - r**2) / np.sqrt(effective(weights)))


def _hypocalcaemic_session(ctx: Context) -> tuple[np.ndarray, Clamp, np.ndarray]:
    """A session of haemodialysis without calcium in the dialysate, which is 3.5 mEq/L from when total calcium is 7 mg/dL.

    As in 10.1681/ASN.V261136; that the session lasts four hours is assumed.

    Returns
    -------
    Who reached 7 mg/dL, shape (people,); minutes, ionised calcium and PTH of everyone; and the minute of the change of dialysate.
    """

    def make() -> tuple[np.ndarray, Clamp, np.ndarray]:
        group = whom(ctx, "dialysis")
        minutes = np.arange(0.0, 240.0, 2.0)
        times = MIDWEEK + minutes / 60
        down = haemodialysis(at=(8.0,)) + haemodialysis(at=(MIDWEEK,), Ca_dialysate=0.0)
        first = group.run(times[-1] + 0.1, times, down, tolerance=1e-6)
        low = first["Ca_total"] * MG_DL_CA <= 7.0
        reached = np.asarray(low.any(axis=1))
        turn = np.where(reached, minutes[low.argmax(axis=1)], minutes[-1])
        back = down.set("Ca_dialysate", 1.75, MIDWEEK + turn / 60 + 1e-4)
        run = group.run(times[-1] + 0.1, times, back, tolerance=1e-6)
        return reached, Clamp(minutes, run["Ca_ionised"], run["PTH"]), turn

    return ctx.once("hypocalcaemic session", make)


def hysteresis(ctx: Context, *, phase: str, pth: float = 132.0, ionised: float = 4.61) -> Result:
    """A session that lowers calcium and brings it back, in dialysis patients of a mean PTH (pg/mL) and ionised calcium (mg/dL).

    ``phase``: greatest PTH (pg/mL), or set point, where PTH is half of the greatest, on the way down or back (mg/dL).
    """
    reached, run, turn = _hypocalcaemic_session(ctx)
    at_rest = np.stack([run.pth[:, 0] * PG_ML_PTH, run.calcium[:, 0] * MG_DL_CA], axis=1)
    weights = balanced(at_rest, np.array([pth, ionised]), reached.astype(float))
    top = run.pth.max(axis=1)
    if phase == "greatest":
        return mean_of(top * PG_ML_PTH, weights)
    falling = run.minutes[None, :] <= turn[:, None]
    leg = np.where(falling if phase == "induction" else ~falling, run.pth, np.nan)
    found = half_way(run.calcium, leg, top / 2)
    known = np.isfinite(found)
    if weights[known].sum() < 0.7:
        raise NotSimulated("half of the greatest PTH is not passed on this leg")
    return mean_of(found[known] * MG_DL_CA, weights[known])


def calcitriol_pulses(ctx: Context, *, read: str) -> Result:
    """Six weeks of calcitriol 2 microgram after each session, with 1.75 mmol/L dialysate calcium, as in PMID 8770972.

    People are weighted to the calcium and greatest PTH before, when they were on the usual dialysate (assumption).
    ``read``: calcium after (mg/dL), set point before or after (total calcium, mg/dL), greatest PTH after (pg/mL).
    """
    from livedo.evidence.experiments.drugs import calcitriol_after_sessions

    group = whom(ctx, "severe")
    before = curve_of(ctx, "severe")

    def treated() -> tuple[Group, Curve]:
        schedule, at = group.schedule + calcitriol_after_sessions(2.0), 6 * WEEK + MIDWEEK
        run = group.run(6 * WEEK, schedule=schedule, Ca_dialysate=1.75)
        labs = group.run(at, [at], schedule, Ca_dialysate=1.75).values
        after = Group(
            ctx,
            run.final.restarted(),
            group.traits,
            group.schedule,
            {k: v[:, 0] for k, v in labs.items()},
        )
        return after, curve(ctx, after, "severe on calcitriol")

    after, then = ctx.once("calcitriol pulses", treated)
    at_baseline = np.stack([group.labs["Ca_total"] * MG_DL_CA, before.greatest * PG_ML_PTH], axis=1)
    weights = balanced(at_baseline, np.array([9.62, 2637.0]))
    found = {
        "calcium": after.labs["Ca_total"] * MG_DL_CA,
        "set point before": before.half * before.ratio * MG_DL_CA,
        "set point after": then.half * then.ratio * MG_DL_CA,
        "greatest": then.greatest * PG_ML_PTH,
    }
    return mean_of(found[read], weights)
