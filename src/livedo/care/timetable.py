"""A plan laid out as the engine's schedule: which input of the body takes which value when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from livedo.care.orders import orders, sessions
from livedo.engine import Schedule

if TYPE_CHECKING:
    from livedo.care.plan import Plan

#: Inputs that a patient swallows: what is taken is the prescribed dose times the patient's adherence.
SWALLOWED = frozenset({"binder_PBED", "binder_Ca", "supplement_Ca"})
WEEK = 168.0


def timetable(plan: Plan, *, adherence: np.ndarray, dry_weight: np.ndarray, V_target: np.ndarray) -> Schedule:
    """The plan for some patients, from Monday 00:00 of its first week at time zero.

    Parameters
    ----------
    plan:
        The plan.
    adherence:
        Share of swallowed drugs taken, shape (patients,).
    dry_weight, V_target:
        Each patient's dry weight (kg) and the extracellular volume at it (L); a dry weight that the plan prescribes moves
        the volume litre for kilogram.
    """
    schedule = Schedule()
    for order in orders(plan):
        value = order.value * adherence if order.symbol in SWALLOWED else order.value
        schedule = schedule.set(order.symbol, value, order.start_h)
    for rule in sessions(plan):
        if rule.dry_weight_kg is not None:
            moved = np.maximum(V_target + (rule.dry_weight_kg - dry_weight), 0.5 * V_target)
            schedule = schedule.set("V_target", moved, rule.from_h)
        during = {
            "Qb": rule.Qb,
            "Qd": rule.Qd,
            "Ca_dialysate": rule.Ca_dialysate,
            "session_hours": rule.hours,
            "hd": 1.0,
        }
        schedule = schedule.session(
            during,
            {"hd": 0.0},
            at=[rule.start_h],
            hours=rule.hours,
            every=WEEK,
            held={"Quf": "Quf_required"},
            start=rule.from_h,
            stop=rule.until_h,
        )
    return schedule
