"""The life of PTH in plasma: what is left after removal of its source, suppression, infusion, and what clears it."""

from __future__ import annotations

import numpy as np

from livedo.engine import Schedule
from livedo.evidence.context import Context
from livedo.evidence.experiments.clamp import clamp, curve_of, step, whom
from livedo.evidence.result import NotSimulated, Result, mean_of, median_of

#: Share of gland left when all of it is taken out: not quite none, so that its logarithm stays.
REMAINS = 1e-6
#: Minutes after removal of an adenoma at which PTH is read.
SAMPLED = np.array([0.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 180.0, 240.0, 300.0])
#: Half-lives (min) among which a fit looks for its fast and its slow one.
FAST, SLOW = np.geomspace(0.5, 20.0, 121), np.geomspace(21.0, 400.0, 121)
MINUTE = 1.0 / 60.0


def _removed(ctx: Context, who: str) -> np.ndarray:
    """PTH relative to before at the minutes of ``SAMPLED`` after glands are taken out, shape (people, minutes)."""

    def make() -> np.ndarray:
        group = whom(ctx, who)
        schedule = Schedule()
        for state in ctx.glands:
            schedule = schedule.scale(state, REMAINS, 1e-6)
        run = group.run(6.0, SAMPLED * MINUTE, schedule, tolerance=1e-7)
        return run["PTH"] / run["PTH"][:, :1]

    return ctx.once(("removed", who), make)


def _after_adenoma(ctx: Context, baseline: float) -> np.ndarray:
    """PTH after an adenoma that keeps it at a baseline (pmol/L) is out, kidneys healthy, shape (people, minutes), pmol/L.

    The other glands, which high calcium had suppressed, go on secreting what calcium does not suppress.
    """
    suppressed = curve_of(ctx, "healthy").least[:, None]
    return _removed(ctx, "healthy") * (baseline - suppressed) + suppressed


def after_removal(ctx: Context, *, minutes: float, baseline: float = 34.9) -> Result:
    """Mean PTH some minutes after an adenoma that kept it at a baseline (pmol/L) is out, pmol/L."""
    return mean_of(_after_adenoma(ctx, baseline)[:, int(np.flatnonzero(minutes == SAMPLED)[0])])


def two_half_lives(minutes: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Fast and slow half-life (min) of the sum of two exponentials closest to values, by least squares of relative error."""
    best, found = np.inf, (np.nan, np.nan)
    for fast in FAST:
        quick = np.exp2(-minutes / fast) / values
        slow = np.exp2(-minutes[:, None] / SLOW) / values[:, None]
        # Both amplitudes in closed form, for every slow half-life at once; they may not be negative.
        aa, ab, bb = quick @ quick, quick @ slow, (slow**2).sum(axis=0)
        ay, by = quick.sum(), slow.sum(axis=0)
        determinant = aa * bb - ab**2
        a, b = (bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant
        error = ((a * quick[:, None] + b * slow - 1.0) ** 2).sum(axis=0)
        error[(a < 0) | (b < 0)] = np.inf
        if error.min() < best:
            best, found = float(error.min()), (float(fast), float(SLOW[int(error.argmin())]))
    return found


def half_life(ctx: Context, *, phase: str, minutes: float) -> Result:
    """Median fast or slow half-life of PTH after removal of an adenoma, min: two exponentials fitted to the first minutes.

    Both studies fit a biexponential course to samples in short intervals, up to five hours (Maier 1998, whose least value is
    then) or to four, when the other glands recover. Their times are known in part only; those of ``SAMPLED`` are assumed. What is
    fitted is the adenoma's hormone: that glands suppressed for years add nothing until then is assumed, as the second study
    takes their recovery for a phase of its own and finds five of seven patients below 5 pg/mL at five hours.
    """
    seen = minutes >= SAMPLED
    fitted = [two_half_lives(SAMPLED[seen], values[seen]) for values in _removed(ctx, "healthy")]
    return median_of(np.array(fitted)[:, 0 if phase == "fast" else 1])


def suppressed_half_life(ctx: Context, *, change: float = 0.2, minutes: int = 15) -> Result:
    """Median half-life of the fall of PTH in health in the first quarter of an hour of a calcium clamp, min.

    As Schmitt 1998 measures it, every minute of the first 15 of calcium infusion; an exponential that falls to a level of its own
    is fitted, since secretion goes on (assumption: the study does not say). Calcium is up at once.
    """
    run = ctx.once(("suppression", change), lambda: clamp(whom(ctx, "healthy"), step(change, minutes)))
    found = []
    for values in run.pth[:, 1:]:
        best = np.inf, np.nan
        for half in FAST:
            basis = np.stack([np.ones(values.size), np.exp2(-run.minutes[1:] / half)], axis=1)
            error = float(np.linalg.lstsq(basis, values, rcond=None)[1].sum())
            best = min(best, (error, float(half)))
        found.append(best[1])
    return median_of(np.array(found))


def infused_half_life(ctx: Context, *, who: str, hours: float = 1.0) -> Result:
    """Mean half-disappearance time of PTH given by vein in health or on dialysis, min.

    Papapoulos 1977 follows bovine PTH, which no human PTH disturbs, after injection or infusion. An hour's infusion at ten times
    secretion at rest is assumed, and the time in which what it added falls to half.
    """
    ctx.need("PTH_release", "PTH_store")

    def make() -> np.ndarray:
        group = whom(ctx, who)
        rate = 10.0 * group.labs["PTH_release"] * group.labs["PTH_store"]
        schedule = Schedule()
        for minute in range(round(60 * hours)):
            schedule = schedule.bolus("PTH_amount", rate * MINUTE, (minute + 0.5) * MINUTE)
        times = hours + np.arange(0.0, 31.0) * MINUTE
        given, usual = (group.run(times[-1] + 0.1, times, own, tolerance=1e-7) for own in (schedule, Schedule()))
        return given["PTH"] - usual["PTH"]

    added = ctx.once(("infused", who, hours), make)
    share = added / added[:, :1]
    if (share[:, -1] > 0.5).any():
        raise NotSimulated("PTH does not fall to half within half an hour")
    return mean_of(np.array([np.interp(-0.5, -row, np.arange(row.size)) for row in share]))


def clearance(ctx: Context, *, who: str) -> Result:
    """Median metabolic clearance of PTH, mL/kg/min: secretion over concentration at rest."""
    ctx.need("PTH_release", "PTH_store")
    group = whom(ctx, who)
    secreted = group.labs["PTH_release"] * group.labs["PTH_store"]
    return median_of(secreted / group.labs["PTH"] / group.parameter("dry_weight") * 1000 / 60)
