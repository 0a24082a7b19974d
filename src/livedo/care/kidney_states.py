"""Kidney states of a plan as inputs of the body: peritoneal dialysis, kidney function, transplant, prednisolone.

A plan orders a group of inputs only if it has the section for it, so that what a patient brings (residual function) stays
where a plan is silent. One person may pass through several states: each change is a change of inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from livedo.care.orders import change_hours
from livedo.care.quantity import HOURS_PER_DAY
from livedo.engine import Schedule

if TYPE_CHECKING:
    from livedo.care.plan import KidneyFunction, PeritonealDialysis, Plan, Transplant

#: Inputs that plans may move beside drugs and diet, and their values where no plan speaks of them.
NEUTRAL: Final[Mapping[str, float]] = MappingProxyType(
    {"pd": 0.0, "GFR_decline": 0.0, "graft_GFR": 0.0, "prednisolone_dose": 0.0, "Qsub": 0.0}
)


def peritoneal_inputs(item: PeritonealDialysis) -> dict[str, float]:
    """Inputs of a prescription: exchanges an hour, L, h, mmol/L and L/h, by the names of ``peritoneal.ant``."""
    night, fill = item.night.value, item.fill.value
    day = HOURS_PER_DAY - night
    if item.mode == "CAPD":
        short = item.exchanges - 1
        dwells = {
            "pd_short_exchanges": short / HOURS_PER_DAY,
            "pd_short_fill": fill,
            "pd_short_dwell": day / max(short, 1),
            "pd_long_exchanges": 1 / HOURS_PER_DAY,
            "pd_long_fill": fill,
            "pd_long_dwell": night,
        }
    else:
        dwells = {
            "pd_short_exchanges": item.exchanges / HOURS_PER_DAY,
            "pd_short_fill": fill,
            "pd_short_dwell": night / item.exchanges,
            "pd_long_exchanges": 0.0 if item.day_dwell is None else 1 / HOURS_PER_DAY,
            "pd_long_fill": fill if item.day_dwell is None else item.day_dwell.value,
            "pd_long_dwell": day,
        }
    given = {"pd": 1.0, **dwells, "Ca_dialysate_pd": item.dialysate_calcium.value}
    if item.ultrafiltration is not None:
        given["pd_ultrafiltration"] = item.ultrafiltration.value
    if item.buffer is not None:
        given["buffer_pd"] = item.buffer.value
    return given


def kidney_inputs_at(plan: Plan, hour: float) -> dict[str, float]:
    """Inputs that the plan's kidney sections hold at an hour; none for a section that the plan does not have."""
    held: dict[str, float] = {}
    if plan.peritoneal_dialysis:
        held["pd"] = 0.0
        for dwelling in plan.peritoneal_dialysis:
            if dwelling.runs_at(hour):
                held |= peritoneal_inputs(dwelling)
    if plan.kidney_function or plan.transplant:
        held |= {"GFR_decline": 0.0, "graft_GFR": 0.0}
        if plan.kidney_function:
            held["GFR"] = 0.0
        for own in plan.kidney_function:
            if own.runs_at(hour):
                held |= {"GFR": own.egfr.value, "GFR_decline": 0.0 if own.decline is None else own.decline.value}
        for graft in plan.transplant:
            if hour >= graft.from_h:
                held["GFR"] = 0.0
                held["GFR_decline"] = 0.0
        for graft in plan.transplant:
            if graft.runs_at(hour):
                held |= {
                    "graft_GFR": graft.egfr.value,
                    "GFR_decline": 0.0 if graft.decline is None else graft.decline.value,
                }
    if plan.prednisolone:
        held["prednisolone_dose"] = sum(item.dose.value for item in plan.prednisolone if item.runs_at(hour))
    return held


def filtration_at(plan: Plan, hour: float) -> float:
    """Filtration that the plan's kidneys have at an hour, L/h: own or transplanted, less what they have lost since."""
    grafted = _filtration(plan.transplant, hour)
    return own_filtration_at(plan, hour) if grafted is None else grafted


def own_filtration_at(plan: Plan, hour: float) -> float:
    """Filtration that the patient's own kidneys have at an hour, L/h."""
    return _filtration(plan.kidney_function, hour) or 0.0


def _filtration(items: Sequence[KidneyFunction | Transplant], hour: float) -> float | None:
    for item in items:
        if item.runs_at(hour):
            lost = 0.0 if item.decline is None else item.decline.value * (hour - item.from_h)
            return max(0.0, item.egfr.value - lost)
    return None


def kidney_states(plan: Plan, *, as_at_start: bool = False) -> Schedule:
    """The plan's kidney sections as a schedule, from hour zero.

    ``as_at_start`` lays out what holds at hour zero, for ever and without loss of function, for settling.
    """
    schedule = Schedule()
    if as_at_start:
        held = kidney_inputs_at(plan, 0.0)
        if "GFR_decline" in held:
            held["GFR_decline"] = 0.0
        for symbol, value in held.items():
            schedule = schedule.set(symbol, value, 0.0)
        return schedule
    before: dict[str, float] = {}
    renewed = {item.from_h for item in (*plan.kidney_function, *plan.transplant)}
    for hour in change_hours(plan):
        held = kidney_inputs_at(plan, hour)
        for symbol, value in held.items():
            if before.get(symbol) != value:
                schedule = schedule.set(symbol, value, hour)
        if hour in renewed:
            schedule = schedule.reset("kidney_lost", 0.0, hour)
        before = held
    return schedule
