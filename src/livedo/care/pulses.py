"""Drugs given at one time: doses that enter a state of the body, and infusions that run through sessions.

What is swallowed every day is a steady rate (``orders``). What is given by vein or under the skin, at sessions, once, or
every so many days enters at its hour: added to the drug's pools, so that doses of several drugs add up. A dose each session
goes in at the session's start or end, or runs through it, as the drug's class says. A missed session takes its dose along.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from livedo.care import doses
from livedo.care.quantity import HOURS_PER_DAY, HOURS_PER_WEEK
from livedo.care.treatments import MEDICINE, Treatment, Treatments, drug_classes, load_treatments
from livedo.engine import Schedule

if TYPE_CHECKING:
    import numpy as np

    from livedo.care.orders import SessionRule
    from livedo.care.plan import Medicine, Plan

#: A dose not tied to a session is given at this hour of the day.
HOUR_OF_DAY: Final = 8.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """Add ``amount`` to the state ``pool`` at ``at_h``, and every ``every_h`` hours from ``from_h`` up to ``until_h``.

    ``session`` is the number of the session rule it goes with, or None.
    """

    pool: str
    amount: float
    at_h: float
    every_h: float | None
    from_h: float
    until_h: float
    session: int | None = None


@dataclass(frozen=True, slots=True)
class Infusion:
    """Hold input ``symbol`` at ``rate`` through sessions of rule ``session`` that start from ``from_h`` up to ``until_h``."""

    symbol: str
    rate: float
    from_h: float
    until_h: float
    session: int


def spread(item: Medicine, drug: Treatment) -> bool:
    """Whether a medicine is laid out as a steady rate: swallowed by the day, or without a pool to enter at one time."""
    if item.kind == "daily":
        return not drug.pools or doses.route_of(item, drug) == "oral"
    return not drug.pools and _when(drug) != "through"


def pulses(
    plan: Plan, rules: list[SessionRule], treatments: Treatments | None = None
) -> tuple[list[Pulse], list[Infusion]]:
    """Every dose of ``plan`` that is given at one time, and every infusion through sessions.

    ``rules`` are the plan's sessions. Amounts are in the unit of the pools, rates in that of the input.

    Raises
    ------
    InputError
        A drug that is not in the table, or a dose that cannot be read for it.
    """
    table = treatments or load_treatments()
    given: list[Pulse] = []
    infused: list[Infusion] = []
    for item in plan.medicines:
        drug = table.find(MEDICINE, item.drug)
        if spread(item, drug):
            continue
        amount = doses.dose_amount(item.dose, drug) * (drug.per_unit or 0.0)
        if item.kind != "each session":
            every = HOURS_PER_DAY / item.times if item.kind == "daily" else item.every_h
            first = item.from_h + HOUR_OF_DAY
            given += [
                Pulse(pool, share * amount, first, every, first, item.until_h + HOUR_OF_DAY)
                for pool, share in drug.pools
            ]
            continue
        for number, rule in enumerate(rules):
            begin, end = max(rule.from_h, item.from_h), min(rule.until_h, item.until_h)
            if begin >= end:
                continue
            if _when(drug) == "through":
                infused.append(Infusion(drug.inputs[0], amount / rule.hours, begin, end, number))
                continue
            late = rule.hours if _when(drug) == "end" else 0.0
            given += [
                Pulse(pool, share * amount, rule.start_h + late, HOURS_PER_WEEK, begin + late, end + late, number)
                for pool, share in drug.pools
            ]
    return given, infused


def pulse_schedule(
    plan: Plan,
    rules: list[SessionRule],
    *,
    as_at_start: bool = False,
    known: Collection[str] | None = None,
    happens: Callable[[int], Callable[[np.ndarray, np.ndarray], np.ndarray]] | None = None,
) -> Schedule:
    """:func:`pulses` as the engine's schedule.

    Parameters
    ----------
    plan, rules:
        The plan and its sessions.
    as_at_start:
        For settling: doses at sessions and by the day that run at hour zero, for ever; none that is given now and then.
    known:
        States of the body; doses into others are left out (a body without that organ). All without it.
    happens:
        Number of a session rule -> draw of whether its sessions take place.
    """
    schedule = Schedule()
    given, infused = pulses(plan, rules)
    for dose in given:
        more: dict[str, Any] = {"start": dose.from_h, "stop": dose.until_h}
        if as_at_start:
            if dose.every_h is None or dose.every_h > HOURS_PER_WEEK or not _runs_at_start(dose):
                continue
            more = {}
        if known is not None and dose.pool not in known:
            continue
        if dose.session is not None and happens is not None:
            more["happens"] = happens(dose.session)
        schedule = schedule.bolus(dose.pool, dose.amount, dose.at_h, every=dose.every_h, **more)
    for flow in infused:
        rule = rules[flow.session]
        if as_at_start and flow.from_h > 0:
            continue
        limits: dict[str, Any] = {} if as_at_start else {"start": flow.from_h, "stop": flow.until_h}
        if happens is not None:
            limits["happens"] = happens(flow.session)
        schedule = schedule.session(
            {flow.symbol: flow.rate},
            {flow.symbol: 0.0},
            at=[rule.start_h],
            hours=rule.hours,
            every=HOURS_PER_WEEK,
            phases=(-1, -1),
            **limits,
        )
    return schedule


def _runs_at_start(dose: Pulse) -> bool:
    return dose.from_h <= HOURS_PER_DAY


def _when(drug: Treatment) -> str:
    return drug_classes()[drug.drug_class].at_sessions
