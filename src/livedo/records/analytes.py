"""The analytes Livedo knows: one table, from which names, codes, units and plausible ranges are read.

`analytes.csv` has one row an analyte. `unit` is the canonical unit; `low` and `high` bound one value of an
adult in that unit; `typical_low` and `typical_high` bound the median of several. `molar_mass` (g/mol) turns
mass into amount, `valence` turns equivalents into amount; where valence is blank, equivalents are refused
(phosphate: it depends on pH). An analyte with `same_as` is another way of recording that analyte (urea
nitrogen is urea by its nitrogen).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from livedo.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE_SYSTEMS = ("loinc", "omop", "mimic", "clif", "eicu", "nhanes")
_NAMED_SYSTEMS = ("clif", "eicu", "nhanes", "loinc")


@dataclass(frozen=True, slots=True)
class Analyte:
    """One row of `analytes.csv`.

    `kind` is blood, vital, wound or dialysis. `low`, `high`, `typical_low` and `typical_high` are in `unit`.
    `units` maps the accepted units (names of `units.csv`) to what each is taken for, which is nearly always
    itself; `codes` maps a code system (`loinc`, `omop`, `mimic`, `clif`, `eicu`, `nhanes`) to its codes.
    """

    name: str
    label: str
    kind: str
    same_as: str | None
    prepost: str | None
    unit: str
    molar_mass: float | None
    valence: int | None
    low: float
    high: float
    typical_low: float | None
    typical_high: float | None
    units: Mapping[str, str]
    names: tuple[str, ...]
    codes: Mapping[str, tuple[str, ...]]
    note: str

    @property
    def observed_as(self) -> str:
        """The analyte under which a chart keeps the value."""
        return self.same_as or self.name

    @property
    def dimensionless(self) -> bool:
        """Whether a value may come without a unit."""
        return self.unit in ("1", "{score}")


def _accepted(canonical: str, others: tuple[str, ...]) -> Mapping[str, str]:
    """The canonical unit, then the others; 'A=B' means that A is taken for B (mL/min of an indexed GFR)."""
    pairs = (part.partition("=") for part in others)
    return MappingProxyType({canonical: canonical} | {unit: meant or unit for unit, _, meant in pairs})


@lru_cache(maxsize=1)
def analytes() -> Mapping[str, Analyte]:
    """All analytes by name, in the order of `analytes.csv`."""
    table: dict[str, Analyte] = {}
    for row in read_table(Path(__file__).with_name("analytes.csv"), "name"):
        table[row["name"]] = Analyte(
            name=row["name"],
            label=row["label"],
            kind=row["kind"],
            same_as=row["same_as"] or None,
            prepost=row["prepost"] or None,
            unit=row["unit"],
            molar_mass=row.number_or("molar_mass", None),
            valence=row.whole("valence") if row["valence"] else None,
            low=row.number("low"),
            high=row.number("high"),
            typical_low=row.number_or("typical_low", None),
            typical_high=row.number_or("typical_high", None),
            units=_accepted(row["unit"], row.parts("units")),
            names=row.parts("names"),
            codes=MappingProxyType({system: row.parts(system) for system in CODE_SYSTEMS}),
            note=row["note"],
        )
    return MappingProxyType(table)


def plain_name(text: str) -> str:
    """`text` in lower case, punctuation as single blanks: 'Calcium, Total' -> 'calcium total'."""
    return re.sub(r"[\s_\-,./():]+", " ", text.lower()).strip()


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Analyte]:
    table: dict[str, Analyte] = {}
    for analyte in analytes().values():
        spoken = (analyte.name, analyte.label, *analyte.names)
        coded = (code for system in _NAMED_SYSTEMS for code in analyte.codes[system])
        for name in (*spoken, *coded):
            other = table.setdefault(plain_name(name), analyte)
            if other is not analyte:
                raise ValueError(f"analytes.csv: {name!r} stands for {other.name} and for {analyte.name}")
    return table


@lru_cache(maxsize=1)
def _by_code() -> dict[tuple[str, str], Analyte]:
    table: dict[tuple[str, str], Analyte] = {}
    for analyte in analytes().values():
        for system, codes in analyte.codes.items():
            for code in codes:
                if table.setdefault((system, code), analyte) is not analyte:
                    raise ValueError(f"analytes.csv: {system} {code} stands for two analytes")
    return table


def find_analyte(name: str) -> Analyte | None:
    """The analyte called `name` (also a LOINC code, a CLIF, eICU or NHANES label), or None."""
    return _by_name().get(plain_name(name))


def analyte_of_code(system: str, code: str) -> Analyte | None:
    """The analyte that `code` of `system` (one of `CODE_SYSTEMS`) stands for, or None."""
    return _by_code().get((system, code.strip()))


def suggest_analyte(name: str) -> str | None:
    """The name of a known analyte so like `name` that `name` is taken for a slip of the pen, or None."""
    from difflib import get_close_matches

    near = get_close_matches(plain_name(name), list(_by_name()), n=1, cutoff=0.85)
    return _by_name()[near[0]].name if near else None
