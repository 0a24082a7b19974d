"""The PTH-calcium curve in health and kidney disease, clamps, and the life of PTH in plasma."""

from __future__ import annotations

import numpy as np

from livedo.engine import Schedule
from livedo.evidence.context import WEEK, Context, Group
from livedo.evidence.experiments.clamp import Clamp, Curve, clamp, curve, half_way, ramp, step
from livedo.evidence.experiments.units import MG_DL_CA, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, balanced, effective, mean_of, median_of

#: People whose curve is measured one by one.
CURVES = 128
#: Share of gland left when all of it is taken out: not quite none, so that its logarithm stays.
REMAINS = 1e-6


def _whom(ctx: Context, who: str) -> Group:
    """Healthy adults, kidney disease before dialysis (filtration 15 to 60 mL/min), haemodialysis, or that with high PTH."""
    groups = {
        "healthy": lambda: ctx.healthy,
        "renal": lambda: ctx.stage(15, 60),
        "dialysis": lambda: ctx.dialysis,
        "severe": lambda: ctx.severe,
    }
    group = groups[who]()
    return group.chosen(np.arange(min(len(group), CURVES)))


def _curve(ctx: Context, who: str) -> Curve:
    return curve(ctx, _whom(ctx, who), who)


def _clamp(ctx: Context, who: str, course: np.ndarray, name: str) -> Clamp:
    return ctx.once(("clamp", who, name), lambda: clamp(_whom(ctx, who), course))


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

    Plasma PTH turns over in minutes, so steady PTH stands for secretion.
    """
    found = plateau(ctx, change=change, start=30.0, stop=105.0).scaled(100.0)
    return Result(found.value - (100.0 if relative == "change" else 0.0), found.error)


def basal(ctx: Context, *, who: str) -> Result:
    """Mean PTH at rest, pg/mL."""
    return mean_of(_whom(ctx, who).labs["PTH"] * PG_ML_PTH)


def extreme(ctx: Context, *, change: float, minutes: float, which: str, baseline: float = 23.2) -> Result:
    """Mean of each healthy person's greatest or least PTH while ionised calcium moves evenly in some minutes, pg/mL.

    Read on the study's own scale, on which PTH at rest is ``baseline`` (pg/mL): assays of intact PTH differ by as much.
    """
    run = _clamp(ctx, "healthy", ramp(change, int(minutes)), f"ramp {change} {minutes}")
    found = (run.pth.max if which == "greatest" else run.pth.min)(axis=1)
    return mean_of(found / run.pth[:, 0] * baseline)


def greatest(ctx: Context, *, who: str) -> Result:
    """Mean greatest PTH of the curve, pmol/L."""
    return mean_of(_curve(ctx, who).greatest)


def least(ctx: Context, *, who: str) -> Result:
    """Mean PTH that calcium does not suppress, pmol/L."""
    return mean_of(_curve(ctx, who).least)


def set_point(ctx: Context, *, who: str, form: str = "middle") -> Result:
    """Mean set point, mmol/L ionised: at half of the greatest PTH, halfway to the least, or ambient calcium (Parfitt)."""
    found = _curve(ctx, who)
    return mean_of({"half": found.half, "middle": found.middle, "ambient": found.ambient}[form])


def set_point_by_severity(ctx: Context) -> Result:
    """Set point of dialysis patients with PTH above 600 less that of those below 300 pg/mL, added to 1.23 mmol/L."""
    found = _curve(ctx, "severe")
    pth = found.basal * PG_ML_PTH
    severe, mild = mean_of(found.middle[pth > 600]), mean_of(found.middle[pth < 300])
    return Result(1.23 + severe.value - mild.value, float(np.hypot(severe.error, mild.error)))


def set_point_and_calcium(ctx: Context, *, pth: float) -> Result:
    """Correlation of set point with predialysis ionised calcium, people weighted to a mean PTH (pg/mL)."""
    found = _curve(ctx, "severe")
    weights = balanced(found.basal * PG_ML_PTH, pth)
    matrix = np.cov(found.ambient, found.middle, aweights=weights)
    r = float(matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]))
    return Result(r, (1 - r**2) / np.sqrt(effective(weights)))


def hysteresis(ctx: Context, *, phase: str, pth: float = 132.0) -> Result:
    """In dialysis patients of a mean basal PTH (pg/mL): greatest PTH (pg/mL), or set point on the way down or back (mg/dL)."""
    run = _clamp(ctx, "dialysis", ramp(-0.25, 120, back=120), "down and back")
    weights = balanced(run.pth[:, 0] * PG_ML_PTH, pth)
    top = run.pth.max(axis=1)
    if phase == "greatest":
        return mean_of(top * PG_ML_PTH, weights)
    part = slice(0, 121) if phase == "induction" else slice(120, None)
    found = half_way(run.calcium[:, part], run.pth[:, part], top / 2)
    known = np.isfinite(found)
    if weights[known].sum() < 0.7:
        raise NotSimulated("half of the greatest PTH is not passed on this leg")
    return mean_of(found[known] * MG_DL_CA, weights[known])


def calcitriol_pulses(ctx: Context, *, read: str) -> Result:
    """Six weeks of calcitriol 2 microgram after each session, people weighted to the calcium and greatest PTH before.

    ``read``: calcium after (mg/dL), set point before or after (total calcium, mg/dL), greatest PTH after (pg/mL).
    """
    from livedo.evidence.experiments.drugs import calcitriol_after_sessions

    group = _whom(ctx, "severe")
    before = _curve(ctx, "severe")

    def treated() -> tuple[Group, Curve]:
        run = group.run(6 * WEEK, schedule=group.schedule + calcitriol_after_sessions(2.0))
        labs = group.run(6 * WEEK + 56.0, [6 * WEEK + 56.0], group.schedule + calcitriol_after_sessions(2.0)).values
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


def _removed(ctx: Context, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Minutes, and PTH relative to before, after glands are taken out, shape (people, minutes)."""

    def make() -> tuple[np.ndarray, np.ndarray]:
        group = _whom(ctx, who)
        minutes = np.array([0.0, 1.0, 2.5, 5.0, 10.0, 20.0, 120.0, 180.0, 240.0, 300.0])
        schedule = Schedule()
        for state in ctx.glands:
            schedule = schedule.scale(state, REMAINS, 1e-6)
        run = group.run(6.0, minutes / 60, schedule, tolerance=1e-7)
        return minutes, run["PTH"] / run["PTH"][:, :1]

    return ctx.once(("removed", who), make)


def after_removal(ctx: Context, *, minutes: float, baseline: float = 34.9) -> Result:
    """PTH some minutes after an adenoma that keeps it at a baseline (pmol/L) is out, kidneys healthy, pmol/L.

    The other glands, which high calcium had suppressed, go on secreting what calcium does not suppress.
    """
    when, share = _removed(ctx, "healthy")
    column = int(np.flatnonzero(when == minutes)[0])
    suppressed = _curve(ctx, "healthy").least
    return mean_of(share[:, column] * (baseline - suppressed) + suppressed)


def half_life(ctx: Context, *, who: str = "healthy", phase: str = "fast") -> Result:
    """Half-life of plasma PTH without secretion, min: over the first 5 minutes, or from the 2nd to the 5th hour."""
    when, share = _removed(ctx, who)
    early, late = (1, 3) if phase == "fast" else (6, 9)
    rate = np.log(share[:, early] / share[:, late]) / (when[late] - when[early])
    return median_of(np.log(2) / rate)


def clearance(ctx: Context, *, who: str) -> Result:
    """Metabolic clearance of PTH, mL/kg/min: secretion over concentration at rest."""
    ctx.need("PTH_release", "PTH_store")
    labs = _whom(ctx, who).labs
    secreted = labs["PTH_release"] * labs["PTH_store"]
    weight = _whom(ctx, who).parameter("dry_weight")
    return median_of(secreted / labs["PTH"] / weight * 1000 / 60)
