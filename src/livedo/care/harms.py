"""Thresholds and slopes of the harms that are counted, one table."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("harms.csv")


@dataclass(frozen=True)
class HarmNumber:
    """One row of ``harms.csv``."""

    name: str
    value: float
    unit: str
    meaning: str
    source: str
    status: str


@functools.cache
def harms() -> Mapping[str, HarmNumber]:
    """Name -> row."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {r["name"]: HarmNumber(**{**r, "value": float(r["value"])}) for r in csv.DictReader(file)}
