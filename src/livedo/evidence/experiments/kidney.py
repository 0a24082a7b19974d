"""Healthy kidneys and kidney disease before dialysis: stages, diets, calcium balance."""

from __future__ import annotations

import numpy as np

from livedo.engine import Schedule
from livedo.engine.randomness import normal
from livedo.evidence.context import SEED, WEEK, Context, Group
from livedo.evidence.experiments.units import MG_CA, MG_DL_CA, MG_DL_P, NG_ML_CALCIDIOL, PG_ML_CALCITRIOL, PG_ML_PTH
from livedo.evidence.result import NotSimulated, Result, mean_of, median_of, share_of
from livedo.patients import variations

FACTORS = {"PTH": PG_ML_PTH, "calcitriol": PG_ML_CALCITRIOL, "P": MG_DL_P, "Ca_total": MG_DL_CA, "FGF23": 1.0}
ANALYTE = {"PTH": "pth", "calcitriol": "calcitriol", "P": "phosphate", "Ca_total": "calcium_total"}
#: Filtration of the ladder of stages, mL/min.
LADDER = (90.0, 75.0, 60.0, 50.0, 40.0, 30.0, 20.0, 12.0)


def measured(group: Group, name: str) -> np.ndarray:
    """One laboratory value of each person: the true one with the variation of a single draw."""
    row = variations()[ANALYTE[name]]
    noise = row.single * normal(SEED, f"draw/{name}", np.arange(len(group)))
    true = group.labs[name]
    return (true * np.exp(noise) if row.scale == "log" else true * (1 + noise)) * FACTORS[name]


def geometric_mean(ctx: Context, *, analyte: str = "PTH") -> Result:
    """Geometric mean of an analyte in healthy adults (pg/mL or mg/dL)."""
    found = mean_of(np.log(ctx.healthy.labs[analyte] * FACTORS[analyte]))
    return Result(float(np.exp(found.value)), float(np.exp(found.value)) * found.error)


def above(ctx: Context, *, analyte: str, limit: float, low: float, high: float, calcidiol: float = 0.0) -> Result:
    """Share of people with filtration between two values (mL/min) whose measured analyte is above a limit, %.

    Their 25-hydroxyvitamin D is that of health, or where given (not 0) has a median of so many ng/mL. People who begin
    dialysis have 21 ng/mL: Wolf 2007 10.1038/sj.ki.5002451 (recalled).
    """
    inputs = {"vitamin_D_supply": calcidiol / NG_ML_CALCIDIOL} if calcidiol else {}
    return share_of(measured(ctx.stage(low, high, **inputs), analyte) >= limit)


def below(ctx: Context, *, analyte: str, limit: float, low: float, high: float) -> Result:
    """Share of people with filtration between two values (mL/min) whose measured analyte is below a limit, %."""
    return share_of(measured(ctx.stage(low, high), analyte) < limit)


def _ladder(ctx: Context) -> Group:
    """One person of the table's own values at each filtration of the ladder and in health, settled."""

    def make() -> Group:
        one = ctx.healthy_reference
        group = one.chosen(np.zeros(len(LADDER) + 1, dtype=np.int64))
        filtration = np.array([100.0, *LADDER]) * 0.06
        return ctx.settled_with(group, "ladder", Schedule(), GFR=filtration)

    return ctx.once("ladder", make)


def _first_beyond(ctx: Context, analyte: str, change: float) -> float:
    """Filtration at which an analyte of one person has changed by a share of health, mL/min; 0 if never."""
    group = _ladder(ctx)
    if len(group) != len(LADDER) + 1:
        raise NotSimulated("not every stage settles")
    relative = group.labs[analyte] / group.labs[analyte][0] - 1
    beyond = relative >= change if change > 0 else relative <= change
    if not beyond.any():
        return 0.0
    first = int(np.argmax(beyond))
    levels = np.array([100.0, *LADDER])
    left, right = relative[first - 1], relative[first]
    return float(levels[first - 1] + (change - left) / (right - left) * (levels[first] - levels[first - 1]))


def order(ctx: Context, *, first: str, then: str, by: float = 0.3) -> Result:
    """Filtration at which one analyte has risen by 30% less that at which another has, mL/min: positive if it comes first."""
    ctx.need(*(a for a in (first, then) if a == "FGF23"))
    return Result(_first_beyond(ctx, first, by) - _first_beyond(ctx, then, by))


def calcium_by_stage(ctx: Context, *, extreme: str) -> Result:
    """Greatest or least total calcium of one person over the stages, relative to health, %."""
    calcium = _ladder(ctx).labs["Ca_total"]
    relative = 100 * (calcium / calcium[0] - 1)
    return Result(float(relative.max() if extreme == "greatest" else relative.min()))


def fgf23_dialysis(ctx: Context, *, relative: str = "no") -> Result:
    """Median intact FGF23 on dialysis, pg/mL, or relative to health."""
    ctx.need("FGF23")
    found = median_of(ctx.dialysis.labs["FGF23"])
    return found if relative == "no" else found.scaled(1 / median_of(ctx.healthy.labs["FGF23"]).value)


# Diets


def _diet(ctx: Context, urine: float) -> dict[str, np.ndarray]:
    """Labs in health after 36 h on the phosphorus intake that brings urine phosphorus in the last 24 h to a level (mmol/day)."""

    def make() -> dict[str, np.ndarray]:
        group = ctx.healthy.chosen(np.arange(min(len(ctx.healthy), 48)))
        intakes = np.linspace(0.1, 3.0, 12)
        runs = [group.run(36.0, [12.0, 36.0], diet_P=float(i)) for i in intakes]
        passed = np.stack([np.diff(run["P_urine"], axis=1)[:, 0] for run in runs], axis=1)
        own = np.array([np.interp(urine, passed[i], intakes) for i in range(len(group))])
        run = group.run(36.0, [36.0], diet_P=own)
        return {name: series[:, 0] for name, series in run.values.items()}

    return ctx.once(("diet", urine), make)


def after_diet(ctx: Context, *, urine: float, analyte: str) -> Result:
    """Mean of an analyte in health after 36 h on a diet known by its urine phosphorus (mmol/day): mmol/L, or pg/mL of FGF23."""
    if analyte == "FGF23":
        ctx.need("FGF23")
    return mean_of(_diet(ctx, urine)[analyte])


def absorbed_phosphate(ctx: Context, *, who: str) -> Result:
    """Mean share of gut phosphate absorbed without binder, in health or kidney disease (filtration 29 to 55 mL/min)."""
    group = ctx.healthy if who == "healthy" else ctx.stage(29, 55)
    run = group.run(WEEK, [0.0, WEEK])
    taken, passed = (np.diff(run[name], axis=1)[:, 0] for name in ("P_absorbed", "P_faeces"))
    return mean_of(taken / (taken + passed))


def _balance(group: Group, weeks: float = 3.0, **inputs: float) -> np.ndarray:
    """Calcium that stays in the body on a diet, after a week on it, mg/day."""
    start, stop = WEEK, weeks * WEEK
    run = group.run(stop, [start, stop], None, start=None, **inputs)
    gone = sum(np.diff(run[name], axis=1)[:, 0] for name in ("Ca_faeces", "Ca_urine"))
    eaten = -np.diff(run["Ca_outside"], axis=1)[:, 0]
    return (eaten - gone) * MG_CA / ((stop - start) / 24)


def _moderate(ctx: Context) -> Group:
    return ctx.stage(30, 42)


def calcium_balance(ctx: Context, *, diet: float, carbonate: float = 0.0, weeks: float = 3.0) -> Result:
    """Mean calcium balance in kidney disease (filtration 30 to 42 mL/min) on a diet (mg/day) and elemental calcium, mg/day."""
    inputs = {"diet_Ca": diet / MG_CA / 24, "binder_Ca": carbonate / MG_CA / 24}
    return mean_of(_balance(_moderate(ctx), weeks, **inputs))


def neutral_intake(ctx: Context) -> Result:
    """Calcium intake at which the mean balance in kidney disease (filtration 30 to 42 mL/min) is nought, mg/day."""
    intakes = np.array([200.0, 500.0, 800.0, 1100.0, 1400.0, 1800.0, 2400.0])
    balances = [mean_of(_balance(_moderate(ctx), diet_Ca=float(i) / MG_CA / 24)) for i in intakes]
    means = np.array([b.value for b in balances])
    if means[0] > 0 or means[-1] < 0:
        raise NotSimulated("the balance keeps one sign between 200 and 2400 mg a day")
    found = float(np.interp(0.0, means, intakes))
    steepness = float(np.interp(found, intakes, np.gradient(means, intakes)))
    return Result(found, balances[len(balances) // 2].error / abs(steepness))
