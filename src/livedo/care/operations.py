"""Parathyroidectomy: what is left of the gland, and the calcium that is given while bone is hungry.

The operation scales the gland's states at one moment; what follows comes from the body. Some operations fail and leave
about half. Calcium and calcitriol are then given by need, looked at every week. Numbers stand in ``operations.csv``.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedo.body import Body
from livedo.care.effects import daily_effect
from livedo.care.targets import targets
from livedo.care.treatments import SUPPLEMENT, VITAMIN_D, load_treatments
from livedo.engine import Schedule
from livedo.engine.randomness import normal, uniform
from livedo.errors import InputError
from livedo.tables import read_table

TABLE = Path(__file__).with_name("operations.csv")
KINDS = ("subtotal", "total", "failed")


@functools.cache
def operation_numbers() -> Mapping[str, float]:
    """Name -> value of ``operations.csv``, in the table's units."""
    return {row["name"]: row.number("value") for row in read_table(TABLE, "name")}


@dataclass(frozen=True)
class Outcome:
    """What operations leave: share of gland mass ``remnant``, and whether each ``failed``; shape (n,)."""

    remnant: np.ndarray
    failed: np.ndarray


def outcome(kind: str, *, seed: int, patients: np.ndarray) -> Outcome:
    """Draw what the operation leaves of each patient's gland.

    Parameters
    ----------
    kind:
        ``subtotal``, ``total``, or ``failed``: everyone's fails.
    seed, patients:
        Of the draws, and the patients' numbers, shape (n,).

    Raises
    ------
    InputError
        If there is no such operation.
    """
    if kind not in KINDS:
        raise InputError("no such operation", value=kind, expected=", ".join(KINDS))
    number = operation_numbers()
    failed = uniform(seed, "operation/failed", patients) < (1.0 if kind == "failed" else number["failure"])
    centre = np.where(failed, number["failed"], number[kind])
    remnant = centre * np.exp(number["spread"] * normal(seed, "operation/remnant", patients))
    return Outcome(np.minimum(remnant, 1.0), failed)


def gland_states(body: Body) -> tuple[str, ...]:
    """States that an operation on the parathyroid glands scales: masses, and the hormone stored in them."""
    found = tuple(s for s in body.model.states if s.startswith("gland_mass") or s == "PTH_store")
    if not any(s.startswith("gland_mass") for s in found):
        raise InputError("the body has no gland to operate on", expected="a state named gland_mass")
    return found


def parathyroidectomy(body: Body, remnant: np.ndarray, at: np.ndarray) -> Schedule:
    """The operation.

    Parameters
    ----------
    remnant:
        Share left of each gland, shape (n,).
    at:
        Hour of the operation, shape (n,); infinite for those who have none.
    """
    schedule = Schedule()
    for state in gland_states(body):
        schedule = schedule.scale(state, remnant, at)
    return schedule


def replaces(weeks: np.ndarray) -> np.ndarray:
    """Whether calcium is looked at every week, ``weeks`` after the operation (negative before it); shape (n,)."""
    return (weeks >= 0) & (weeks < operation_numbers()["oral_weeks"])


def needed(share: np.ndarray, calcium: np.ndarray) -> np.ndarray:
    """Share of the full replacement for the next week, from this week's share and total calcium (mmol/L); shape (n,).

    All of it while calcium is low, the same share while it has room to rise, half of that where it has none, nothing where it
    is high; ranges stand in ``targets.csv``. An unknown calcium changes nothing.
    """
    usual, room = targets()["calcium_total"], targets("room_for_calcium")["calcium_total"]
    conditions = [calcium < usual.low, calcium > usual.high, calcium > room.high]
    return np.select(conditions, [np.ones_like(share), np.zeros_like(share), share / 2], share)


def replacement(share: np.ndarray, known: Collection[str]) -> dict[str, np.ndarray]:
    """Calcium and calcitriol by mouth: input of the body -> what to add to it, shape (n,).

    Parameters
    ----------
    share:
        Of the full replacement, shape (n,).
    known:
        Inputs of the body.
    """
    number, table = operation_numbers(), load_treatments()
    calcium = table.find(SUPPLEMENT, "calcium carbonate")
    calcitriol = table.find(VITAMIN_D, "calcitriol")
    full = daily_effect(calcium, number["oral_calcium"] / (calcium.elemental_calcium or 1.0), "oral", known)
    full |= daily_effect(calcitriol, number["oral_calcitriol"], "oral", known)
    return {symbol: value * share for symbol, value in full.items()}
