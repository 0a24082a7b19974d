"""Ranges and thresholds, one table for everything that asks whether a value is in target or a rule applies."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livedo.errors import InputError
from livedo.records.units import convert
from livedo.tables import Row, read_table

TABLE = Path(__file__).with_name("targets.csv")
USUAL = "usual"


@dataclass(frozen=True)
class Target:
    """The range [low, high] of one analyte, in its canonical unit; ``written`` is the range as the source has it.

    A bound that a row leaves open is infinite.
    """

    analyte: str
    low: float
    high: float
    written: str
    source: str


def targets(name: str = USUAL) -> Mapping[str, Target]:
    """Analyte -> target, of the set of this name.

    Raises
    ------
    InputError
        If there is no such set.
    """
    sets = target_sets()
    if name not in sets:
        raise InputError("no such set of targets", where=TABLE.name, field="name", value=name, expected=", ".join(sets))
    return sets[name]


@functools.cache
def target_sets() -> Mapping[str, Mapping[str, Target]]:
    """Name of a set -> analyte -> target."""
    sets: dict[str, dict[str, Target]] = {}
    for row in read_table(TABLE, ("name", "analyte")):
        sets.setdefault(row["name"], {})[row["analyte"]] = _target(row)
    return sets


def _target(row: Row) -> Target:
    def bound(column: str, without: float) -> float:
        return convert(row.number(column), row["unit"], row["analyte"]) if row[column] else without

    if row["low"] and row["high"]:
        written = f"{row['low']} to {row['high']} {row['unit']}"
    else:
        written = f"{'from' if row['low'] else 'up to'} {row['low'] or row['high']} {row['unit']}"
    return Target(row["analyte"], bound("low", -math.inf), bound("high", math.inf), written, row["source"])
