"""Conditions beside or without kidney failure: what each moves in the body, by how much, and in what share of those who have it.

A condition acts through inputs and parameters of the body alone (protein C and S, fetuin-A, albumin, CRP, vitamin K, lupus
anticoagulant, steroids ...), never through a ratio of risks. ``conditions.csv`` holds one effect a row, with mechanism and
source; most sizes are assumptions and say so.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from livedo.body import Body
from livedo.engine.randomness import uniform
from livedo.errors import InputError
from livedo.tables import CONFIDENCES, STATUSES, Row, read_table

TABLE = Path(__file__).with_name("conditions.csv")
PREVALENCE = Path(__file__).with_name("prevalence.csv")
ACTIONS = ("set", "times", "add")


@dataclass(frozen=True)
class Effect:
    """One thing that a condition moves.

    ``action`` is ``set``, ``times`` or ``add``, with ``value`` in the symbol's own unit; ``share`` is the share of those with
    the condition in whom it is moved.
    """

    condition: str
    symbol: str
    action: str
    value: float
    share: float
    mechanism: str
    source: str
    status: str
    confidence: str

    def of(self, before: np.ndarray, power: np.ndarray | float = 1.0) -> np.ndarray:
        """The value after, same shape; a factor acts to a power."""
        if self.action == "times":
            return before * self.value**power
        if self.action == "add":
            return before + self.value
        return np.full_like(before, self.value)


@functools.cache
def load_conditions(path: Path = TABLE) -> Mapping[str, tuple[Effect, ...]]:
    """Condition -> its effects, in the table's order.

    Raises
    ------
    InputError
        If a row has an unknown action, status or confidence, a share outside 0 to 1, a value that is none, a factor below
        zero, or moves a symbol that the same condition moved before.
    """
    found: dict[str, list[Effect]] = {}
    for row in read_table(path, ("condition", "symbol")):
        effect = _effect(row)
        found.setdefault(effect.condition, []).append(effect)
    return MappingProxyType({name: tuple(effects) for name, effects in found.items()})


@functools.cache
def on_dialysis(path: Path = PREVALENCE) -> Mapping[str, float]:
    """Condition -> share of people on dialysis who have it, of those whose spread the tables' values already hold.

    Raises
    ------
    InputError
        If a share lies outside 0 to 1.
    """
    rows = read_table(path, "condition")
    return MappingProxyType(
        {row["condition"]: row.number("share", "a share, 0 to 1", lambda x: 0 <= x <= 1) for row in rows}
    )


def with_conditions(
    body: Body,
    values: Mapping[str, np.ndarray],
    conditions: Mapping[str, bool | np.ndarray],
    seed: int,
    numbers: np.ndarray,
    common: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, np.ndarray]:
    """Parameters of people once conditions have acted, in the table's order.

    Parameters
    ----------
    body:
        Gives the value of what ``values`` does not hold.
    values:
        Parameter -> shape (n,).
    conditions:
        Condition -> who has it: shape (n,), or one answer for all.
    seed, numbers:
        Key of the draws that decide in whom a partial effect acts, shape (n,); the same in every arm.
    common:
        Condition -> its share among the people whom ``values`` describe, who have it in them on average: a factor then acts to
        the power of one less the share on those who have the condition, and of minus the share on those who have not.

    Returns
    -------
    dict
        Parameter -> shape (n,): ``values`` and what was moved.

    Raises
    ------
    InputError
        If there is no such condition, or the body lacks a symbol that it moves.
    """
    table = load_conditions()
    for name in conditions:
        if name not in table:
            raise InputError("no such condition", field="condition", value=name, expected=", ".join(table))
    found = {name: np.asarray(array, dtype=float) for name, array in values.items()}
    for name, effects in table.items():
        share = common.get(name, 0.0)
        if name not in conditions and not share:
            continue
        has = np.broadcast_to(np.asarray(conditions.get(name, False), dtype=bool), numbers.shape)
        for effect in effects:
            if effect.symbol not in body.parameters:
                raise InputError("the body has no such parameter", where=name, field="symbol", value=effect.symbol)
            own = np.full(len(numbers), body.parameters[effect.symbol].value)
            before = np.broadcast_to(found.get(effect.symbol, own), numbers.shape)
            acts = has & (uniform(seed, f"condition/{name}/{effect.symbol}", numbers) < effect.share)
            if share and effect.action == "times":
                found[effect.symbol] = effect.of(before, acts - share)
            else:
                found[effect.symbol] = np.where(acts, effect.of(before), before)
    return found


def _effect(row: Row) -> Effect:
    for column, known in (("action", ACTIONS), ("status", STATUSES), ("confidence", CONFIDENCES)):
        row.choice(column, known)
    share = row.number("share", "a share, 0 to 1", lambda value: 0 <= value <= 1)
    value = row.number("value")
    if row["action"] == "times" and value < 0:
        raise row.refuse("a factor below zero", "value", "0 or more")
    text = {k: row[k] for k in ("condition", "symbol", "action", "mechanism", "source", "status", "confidence")}
    return Effect(**text, value=value, share=share)
