"""Target ranges, one table for everything that asks whether a value is in target."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livedo.records.units import convert

TABLE = Path(__file__).with_name("targets.csv")


@dataclass(frozen=True)
class Target:
    """The range [low, high] of one analyte, in its canonical unit; ``written`` is the range as the source has it."""

    analyte: str
    low: float
    high: float
    written: str
    source: str


@functools.cache
def targets() -> Mapping[str, Target]:
    """Analyte -> target."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        r["analyte"]: Target(
            r["analyte"],
            convert(float(r["low"]), r["unit"], r["analyte"]),
            convert(float(r["high"]), r["unit"], r["analyte"]),
            f"{r['low']} to {r['high']} {r['unit']}",
            r["source"],
        )
        for r in rows
    }
