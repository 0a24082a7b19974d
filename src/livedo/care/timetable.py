"""A plan laid out as the engine's schedule: which input of the body takes which value when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import load_body
from livedo.care.actions import carry_out
from livedo.care.kidney_states import kidney_states
from livedo.care.orders import Order, SessionRule, inputs_at, orders, sessions
from livedo.care.pulses import pulse_schedule
from livedo.engine import Schedule
from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.body import Body
    from livedo.care.plan import Plan

#: Inputs that a patient swallows: what is taken is the prescribed dose times the patient's adherence.
SWALLOWED = frozenset({"binder_PBED", "binder_Ca", "supplement_Ca", "tenapanor_dose", "Mg_supplement"})
WEEK = 168.0
#: A prescribed dry weight may differ from the patient's own by this share; more is taken for a slip.
FARTHEST_DRY_WEIGHT = 0.15


def timetable(
    plan: Plan,
    *,
    adherence: np.ndarray,
    dry_weight: np.ndarray,
    V_target: np.ndarray,
    as_at_start: bool = False,
    people: np.ndarray | None = None,
    seed: int = 0,
    skin: bool = True,
) -> Schedule:
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
    as_at_start:
        Lay out what holds at hour zero, for ever: later changes of the plan are left out, and so are actions.
    people, seed:
        Numbers of the patients, shape (patients,), and seed: of what an operation leaves and whether a graft takes.
    skin:
        Whether perfusion of the skin is read, every week and at the start and end of each session, and lesions are looked for;
        without it the skin stays whole. Minerals are the same either way as long as no lesion begins.

    Raises
    ------
    InputError
        If a prescribed dry weight is far from a patient's own.
    """
    body = load_body()
    perfusion = body.skin_held if skin else {}
    schedule = Schedule().hold_all({**body.skin_held, **body.onsets_held} if skin else {}, 0.0, every=WEEK)
    known = frozenset(body.inputs)
    ordered = orders(plan, known=known)
    rules = sessions(plan)
    if as_at_start:
        ordered = [Order(0.0, np.inf, symbol, value) for symbol, value in inputs_at(plan, 0.0, known=known).items()]
        rules = [replace(rule, from_h=0.0, until_h=np.inf) for rule in rules if rule.from_h <= 0.0]
    for order in ordered:
        value = order.value * adherence if order.symbol in SWALLOWED else order.value
        schedule = schedule.set(order.symbol, value, order.start_h)
    schedule = schedule + kidney_states(plan, as_at_start=as_at_start)
    schedule = schedule + pulse_schedule(plan, rules, as_at_start=as_at_start)
    schedule = schedule + _sessions(plan.name, rules, dry_weight, V_target, body, perfusion)
    if plan.actions and not as_at_start:
        numbers = np.arange(len(dry_weight)) if people is None else people
        schedule = schedule + carry_out(plan.actions, people=numbers, seed=seed, body=body)
    return schedule


def _sessions(
    plan: str,
    rules: list[SessionRule],
    dry_weight: np.ndarray,
    V_target: np.ndarray,
    body: Body,
    perfusion: Mapping[str, str],
) -> Schedule:
    """Dialysis sessions, each to its dry weight; a bath that one prescription states is the body's own in the others."""
    schedule, own = Schedule(), body.parameters
    stated = list(dict.fromkeys(symbol for rule in rules for symbol, _ in rule.bath))
    for rule in rules:
        wanted = dry_weight if rule.dry_weight_kg is None else np.full_like(dry_weight, rule.dry_weight_kg)
        far = np.abs(wanted / dry_weight - 1.0) > FARTHEST_DRY_WEIGHT
        if far.any():
            raise InputError(
                "a prescribed dry weight is far from the patient's own",
                where=plan,
                field="dry_weight",
                value=f"{rule.dry_weight_kg:g} kg",
                expected=f"within {100 * FARTHEST_DRY_WEIGHT:.0f}% of {float(dry_weight[far][0]):.1f} kg",
            )
        schedule = schedule.set("V_target", V_target + (wanted - dry_weight), rule.from_h)
        during = {
            "Qb": rule.Qb,
            "Qd": rule.Qd,
            "Ca_dialysate": rule.Ca_dialysate,
            "Qsub": rule.Qsub,
            "session_hours": rule.hours,
            "hd": 1.0,
            **{symbol: dict(rule.bath).get(symbol, own[symbol].value) for symbol in stated},
        }
        schedule = schedule.session(
            during,
            {"hd": 0.0},
            at=[rule.start_h],
            hours=rule.hours,
            every=WEEK,
            held={"Quf": "Quf_required"},
            held_then=perfusion,
            held_after=perfusion,
            start=rule.from_h,
            stop=rule.until_h,
        )
    return schedule
