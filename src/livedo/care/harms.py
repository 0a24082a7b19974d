"""Thresholds and slopes of the harms that are counted, one table."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livedo.records.units import conventional_unit, convert, express, resolve_analyte
from livedo.tables import Row, read_table

TABLE = Path(__file__).with_name("harms.csv")


@dataclass(frozen=True)
class HarmNumber:
    """One row of ``harms.csv``; of an analyte, the value is in its canonical unit and ``written`` has the other beside it."""

    name: str
    value: float
    unit: str
    written: str
    meaning: str
    source: str
    status: str


@functools.cache
def harms() -> Mapping[str, HarmNumber]:
    """Name -> row."""
    return {row["name"]: _read(row) for row in read_table(TABLE, "name")}


def _read(row: Row) -> HarmNumber:
    analyte, value, unit = row["analyte"], row.number("value"), row["unit"]
    text = {name: row[name] for name in ("name", "meaning", "source", "status")}
    if not analyte:
        return HarmNumber(value=value, unit=unit, written=f"{value:g} {unit}", **text)
    canonical = convert(value, unit, analyte)
    known = resolve_analyte(analyte)
    other = unit if unit != known.unit else conventional_unit(known)
    written = f"{canonical:.3g} {known.unit}"
    if other is not None:
        written += f" ({express(canonical, analyte, other):.3g} {other})"
    return HarmNumber(value=canonical, unit=known.unit, written=written, **text)
