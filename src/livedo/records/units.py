"""Conversion to canonical units at the boundary, and only there.

A unit is one row of `units.csv`: its kind, the factor to the base unit of that kind, and the spellings under
which it is met. Which units an analyte may come in stands in `analytes.csv`. Two units of one kind differ by
their factors; mass and amount by the molar mass; equivalents and amount by the valence. Everything else is
refused: a unit nobody knows, a missing unit (unless the analyte has none), international units of mass,
phosphate in equivalents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from livedo.errors import InputError
from livedo.records.analytes import Analyte, analytes, find_analyte
from livedo.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Unit:
    """One row of `units.csv`; `factor` times a value gives the base unit of `kind` (mol/L, g/L, eq/L ...)."""

    name: str
    kind: str
    factor: float
    spellings: tuple[str, ...]
    omop: str


@lru_cache(maxsize=1)
def units() -> Mapping[str, Unit]:
    """All units by name."""
    rows = read_table(Path(__file__).with_name("units.csv"), "unit")
    return MappingProxyType(
        {
            row["unit"]: Unit(row["unit"], row["kind"], row.number("factor"), row.parts("spellings"), row["omop"])
            for row in rows
        }
    )


@lru_cache(maxsize=1)
def _by_spelling() -> dict[str, Unit]:
    table: dict[str, Unit] = {}
    for unit in units().values():
        for spelling in {unit.name.lower(), *unit.spellings}:
            if table.setdefault(spelling, unit) is not unit:
                raise ValueError(f"units.csv: {spelling!r} stands for two units")
    return table


@lru_cache(maxsize=1)
def _by_concept() -> dict[str, Unit]:
    return {unit.omop: unit for unit in units().values() if unit.omop}


@lru_cache(maxsize=1024)
def find_unit(text: str) -> Unit | None:
    """The unit spelt `text` (case and blanks do not count, the micro sign may be u or mc), or None."""
    plain = "".join(text.lower().split()).replace("µ", "u").replace("μ", "u").replace("²", "2")
    table = _by_spelling()
    if plain not in table and plain.startswith("mc"):
        plain = "u" + plain[2:]
    return table.get(plain)


def unit_of_concept(concept: str) -> Unit | None:
    """The unit of an OMOP concept id, or None."""
    return _by_concept().get(concept)


def resolve_analyte(analyte: Analyte | str) -> Analyte:
    """`analyte` itself, or the one of that name; InputError where there is none."""
    if isinstance(analyte, Analyte):
        return analyte
    found = find_analyte(analyte)
    if found is None:
        raise InputError("unknown analyte", value=analyte, expected="one of " + ", ".join(analytes()))
    return found


def _to_base(unit: Unit, analyte: Analyte) -> tuple[str, float]:
    """The kind of `unit` and its factor to the base, with mass and equivalents of a substance as amount."""
    if unit.kind == "mass_concentration" and analyte.molar_mass is not None:
        return "amount", unit.factor / analyte.molar_mass
    if unit.kind == "equivalent" and analyte.valence is not None:
        return "amount", unit.factor / analyte.valence
    return unit.kind, unit.factor


@lru_cache(maxsize=1024)
def _factor(unit: str, analyte_name: str) -> float | None:
    """Factor from `unit` to the canonical unit of the analyte; None where it is not accepted."""
    analyte = analytes()[analyte_name]
    meant = analyte.units.get(unit)
    if meant is None:
        return None
    if meant == analyte.unit:
        return 1.0
    (kind, factor), (base, divisor) = (
        _to_base(units()[meant], analyte),
        _to_base(units()[analyte.unit], analyte),
    )
    if kind != base:
        raise ValueError(f"analytes.csv: {analyte.name} in {meant} cannot be turned into {analyte.unit}")
    return factor / divisor


def accepted_units(analyte: Analyte | str) -> tuple[str, ...]:
    """The units in which values of `analyte` may come, the canonical one first."""
    known = resolve_analyte(analyte)
    return tuple(dict.fromkeys((known.unit, *known.units)))


#: Units of mass in which results are commonly given beside SI.
_MASS_UNITS = ("mg/dL", "pg/mL", "g/dL", "ng/mL", "ug/dL")


def conventional_unit(analyte: Analyte | str) -> str | None:
    """The mass unit in which the analyte is commonly given beside SI, or None (for urea usage differs)."""
    known = resolve_analyte(analyte)
    if known.name == "urea":
        return None
    return next((unit for unit in accepted_units(known) if unit in _MASS_UNITS and unit != known.unit), None)


def unit_for(text: str | None, analyte: Analyte, *, where: str = "", field: str = "unit") -> Unit:
    """The unit spelt `text`, if `analyte` may come in it.

    Raises
    ------
    InputError
        The unit is missing, unknown or not one `analyte` is accepted in; the message lists those that are.
    """
    expected = f"{analyte.name} in one of " + ", ".join(accepted_units(analyte))
    if text is None or not text.strip():
        if analyte.dimensionless:
            return units()[analyte.unit]
        raise InputError("the unit is missing", where=where, field=field, expected=expected)
    unit = find_unit(text)
    if unit is None:
        raise InputError("unknown unit", where=where, field=field, value=text, expected=expected)
    if _factor(unit.name, analyte.name) is None:
        reason = f"{unit.name} is not a unit of {analyte.name}"
        if unit.kind == "equivalent":
            reason = f"{analyte.name} has no fixed valence, so {unit.name} says no amount"
            if analyte.name == "phosphate":
                reason = f"phosphate in {unit.name} says no amount, as its valence depends on pH"
        elif unit.kind.startswith("arbitrary"):
            reason = f"{unit.name} of {analyte.name} says no amount"
        raise InputError(reason, where=where, field=field, value=text, expected=expected)
    return unit


def convert(value: float, unit: str | None, analyte: Analyte | str, *, where: str = "", field: str = "unit") -> float:
    """`value` of `analyte` from `unit` to the canonical unit; the plausible range is not looked at.

    Examples: calcium 9.0 mg/dL -> 2.2456 mmol/L; dialysate calcium 2.5 mEq/L -> 1.25 mmol/L.

    Raises
    ------
    InputError
        See `unit_for`.
    """
    known = resolve_analyte(analyte)
    factor = _factor(unit_for(unit, known, where=where, field=field).name, known.name)
    assert factor is not None
    return value * factor


def express(value: float, analyte: Analyte | str, unit: str) -> float:
    """`value` of `analyte`, given in its canonical unit, in `unit`: the inverse of `convert`, for display."""
    known = resolve_analyte(analyte)
    factor = _factor(unit_for(unit, known).name, known.name)
    assert factor is not None
    return value / factor


def fitting_units(value: float, analyte: Analyte, *, but: str, low: float, high: float) -> list[str]:
    """The units other than `but` in which `value` lies between `low` and `high` (canonical unit)."""
    fits: list[str] = []
    asis = _factor(but, analyte.name)
    for name in accepted_units(analyte):
        factor = _factor(name, analyte.name)
        if factor is not None and factor != asis and low <= value * factor <= high:
            fits.append(name)
    return fits


def to_canonical(value: float, unit: str | None, analyte: Analyte, *, where: str, field: str = "value") -> float:
    """`convert`, then held against the plausible range of an adult.

    Raises
    ------
    InputError
        The unit cannot be used (field `unit`), or the value lies outside the plausible range (field `field`);
        the message gives the range and says in which unit the number would have been plausible.
    """
    known = unit_for(unit, analyte, where=where)
    factor = _factor(known.name, analyte.name)
    assert factor is not None
    canonical = value * factor
    slack = 1e-9 * max(abs(analyte.low), abs(analyte.high))
    if analyte.low - slack <= canonical <= analyte.high + slack:
        return canonical
    expected = f"{analyte.name} of {analyte.low / factor:.4g} to {analyte.high / factor:.4g} {known.name}"
    if known.name != analyte.unit:
        expected += f" ({analyte.low:g} to {analyte.high:g} {analyte.unit})"
    fits = fitting_units(value, analyte, but=known.name, low=analyte.low, high=analyte.high)
    if fits:
        expected += "; " + " or ".join(f"{value:g} {name}" for name in fits) + " would be plausible"
    raise InputError(
        f"{value:g} {known.name} is not a plausible {analyte.label}",
        where=where,
        field=field,
        value=f"{value:g} {unit or ''}".strip(),
        expected=expected,
    )
