"""What the body does about a statement, read on one person of the table's own values: levels and changes in seconds.

A reading takes the :class:`~livedo.evidence.context.Context` and returns a number in the unit it names. ``statements.csv`` asks
for readings, and for experiments on populations where one person will not do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import numpy as np

from livedo.body import haemodialysis
from livedo.care.effects import daily_effect
from livedo.care.treatments import BINDER, MEDICINE, SUPPLEMENT, VITAMIN_D, load_treatments
from livedo.engine import Schedule
from livedo.errors import InputError
from livedo.evidence.context import MIDWEEK, WEEK, Context, Group
from livedo.evidence.experiments.units import MG_CA, MG_P, PG_ML_PTH
from livedo.evidence.result import Result

#: Levels: observable -> factor to the unit in which it is read (mmol/L; PTH and FGF23 in pg/mL; propensity without unit).
FACTORS: Mapping[str, float] = {
    **dict.fromkeys(("P", "Ca_total", "Ca_ionised", "Mg", "HCO3", "FGF23", "vitamin_D", "calcitriol"), 1.0),
    "calcification_propensity": 1.0,
    "PTH": PG_ML_PTH,
}
#: Calcium inside the body.
STORES = ("Ca", "Q", "Ca_gut", "Ca_bone")
#: Years a person has been in a kidney state when it is read.
YEARS = 1
#: Vitamin D by mouth with this name in the table of drugs.
CHOLECALCIFEROL = ("vitamin D supplement", "cholecalciferol")


def _state(ctx: Context, state: str) -> tuple[Group, Schedule, dict[str, float]]:
    """Who is in a kidney state: group, schedule and inputs. On dialysis it is the reference patient."""
    graft = Schedule().set("graft_GFR", 50 * 0.06, 0.0).set("binder_PBED", 0.0, 0.0)
    adenoma = ctx.body.settings["primary hyperparathyroidism"]["gland_mass_nodular_start"]
    states: Mapping[str, Callable[[], tuple[Group, Schedule, dict[str, float]]]] = {
        "health": lambda: (ctx.healthy_reference, Schedule(), {}),
        "kidney disease": lambda: (ctx.healthy_reference, Schedule(), {"GFR": 25 * 0.06}),
        "adenoma": lambda: (ctx.healthy_reference, Schedule().reset("gland_mass_nodular", adenoma, 0.0), {}),
        "haemodialysis": lambda: (ctx.reference, haemodialysis(), {}),
        "haemodiafiltration": lambda: (ctx.reference, haemodialysis(Qsub=5.0), {}),
        "overnight": lambda: (ctx.reference, haemodialysis(hours=8.0, Qb=12.0, Qd=18.0), {}),
        "peritoneal": lambda: (ctx.reference, Schedule(), {"pd": 1.0}),
        "transplant": lambda: (ctx.reference, graft, {}),
    }
    if state not in states:
        raise InputError("no such kidney state", field="state", value=state, expected=", ".join(states))
    return states[state]()


def _with(schedule: Schedule, inputs: Mapping[str, float]) -> Schedule:
    """The schedule with inputs that hold from its beginning."""
    for name, value in inputs.items():
        schedule = schedule.set(name, value, 0.0)
    return schedule


def level(ctx: Context, *, state: str, analyte: str) -> Result:
    """Level after a year in a kidney state: mmol/L; PTH and FGF23 pg/mL, calcitriol pmol/L, 25-hydroxyvitamin D nmol/L."""

    def make() -> dict[str, float]:
        group, schedule, inputs = _state(ctx, state)
        at = YEARS * 52 * WEEK + MIDWEEK
        run = group.run(at, [at], _with(schedule, inputs))
        return {name: float(run[name][0, 0]) for name in FACTORS}

    return Result(ctx.once(("reading", state), make)[_analyte(analyte)] * FACTORS[analyte])


def _given(ctx: Context, what: str, per_day: float) -> tuple[dict[str, float], Schedule]:
    """Inputs and schedule of the reference patient with a change of care; ``per_day`` in the unit the change is named in."""
    table, own, known = load_treatments(), ctx.kernel.values, frozenset(ctx.body.inputs)
    calcium = table.find(SUPPLEMENT, "calcium carbonate")
    tablets = per_day / (calcium.elemental_calcium or 1.0)
    changes: Mapping[str, Callable[[], tuple[dict[str, float], Schedule]]] = {
        # mg of elemental calcium apart from meals, and as a binder with them
        "calcium": lambda: (daily_effect(calcium, tablets, "oral", known), haemodialysis()),
        "calcium binder": lambda: (
            daily_effect(table.find(BINDER, "calcium carbonate"), tablets, "oral", known),
            haemodialysis(),
        ),
        # micrograms
        "cholecalciferol": lambda: (
            daily_effect(table.find(*CHOLECALCIFEROL), per_day, "oral", known),
            haemodialysis(),
        ),
        "calcitriol": lambda: (
            daily_effect(table.find(VITAMIN_D, "calcitriol"), per_day, "oral", known),
            haemodialysis(),
        ),
        # mg of iron by vein, once a week
        "ferric carboxymaltose": lambda: ({}, _weekly("ferric carboxymaltose", 7 * per_day)),
        # times the usual dose
        "binder": lambda: ({"binder_PBED": per_day * own["binder_PBED"]}, haemodialysis()),
        # mg of phosphorus eaten
        "diet": lambda: ({"diet_P": per_day / MG_P / 24}, haemodialysis()),
        # mmol/L of dialysate calcium
        "dialysate calcium": lambda: ({}, haemodialysis(Ca_dialysate=per_day)),
        "nothing": lambda: ({}, haemodialysis()),
    }
    if what not in changes:
        raise InputError("no such change of care", field="what", value=what, expected=", ".join(changes))
    inputs, schedule = changes[what]()
    return {
        name: value + (own[name] if what == "calcium binder" and name == "binder_PBED" else 0.0)
        for name, value in inputs.items()
    }, schedule


def _weekly(name: str, amount: float) -> Schedule:
    """Usual sessions, and a medicine into its pools at the end of each midweek session; ``amount`` in its own unit."""
    drug, schedule = load_treatments().find(MEDICINE, name), haemodialysis()
    for pool, share in drug.pools:
        schedule = schedule.bolus(pool, share * amount * (drug.per_unit or 0.0), MIDWEEK + 4.0, every=WEEK)
    return schedule


def _course(ctx: Context, what: str, per_day: float, weeks: float) -> dict[str, np.ndarray]:
    """Levels just before the change and after some weeks, and calcium stores at these times, of the reference patient."""

    def make() -> dict[str, np.ndarray]:
        inputs, schedule = _given(ctx, what, per_day)
        at = weeks * WEEK + MIDWEEK
        run = ctx.reference.run(at, [MIDWEEK, at], _with(schedule, inputs))
        before = {name: ctx.reference.labs[name][0] for name in FACTORS}
        found = {name: np.array([before[name], run[name][0, 1]]) for name in FACTORS}
        return {**found, "stores": np.sum([run[name][0] for name in STORES], axis=0)}

    return ctx.once(("course", what, per_day, weeks), make)


def before(ctx: Context, *, analyte: str) -> Result:
    """Level of the reference patient on usual haemodialysis, before the midweek session, in the units of :func:`level`."""
    return Result(float(ctx.reference.labs[_analyte(analyte)][0]) * FACTORS[analyte])


def after(ctx: Context, *, what: str, analyte: str, per_day: float = 0.0, weeks: float = 26.0) -> Result:
    """Level of the reference patient some weeks after a change of care, in the units of :func:`level`."""
    return Result(float(_course(ctx, what, per_day, weeks)[_analyte(analyte)][1]) * FACTORS[analyte])


def calcium_balance(ctx: Context, *, what: str, per_day: float = 0.0, weeks: float = 26.0) -> Result:
    """Calcium that the reference patient's body gains on a change of care, mg a day; negative is a loss."""
    stores = _course(ctx, what, per_day, weeks)["stores"]
    return Result(float(stores[1] - stores[0]) * MG_CA / (weeks * 7))


def readings() -> dict[str, Callable[..., Result]]:
    """Name -> function."""
    return {
        name: value
        for name, value in globals().items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__annotations__.get("return") == "Result"
    }


def _analyte(name: str) -> str:
    if name not in FACTORS:
        raise InputError("is not read", field="analyte", value=name, expected=", ".join(FACTORS))
    return name
