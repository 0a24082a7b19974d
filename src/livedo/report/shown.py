"""What the report shows, in which units and with how many decimals.

Two tables say it, beside that of the quantities in ``livedo.tracking``: ``analytes_shown.csv`` (the figures) and
``second_units.csv`` (the other unit of a quantity). Factors between units come from ``livedo.records`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from livedo.records.units import express, resolve_analyte
from livedo.tables import Row, read_table
from livedo.tracking.outcomes import quantities
from livedo.wording import number

if TYPE_CHECKING:
    from livedo.care.targets import Target

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Shown:
    """An analyte that has a figure: the body's ``symbol``, its canonical ``unit`` and the conventional one.

    ``at_end`` is the quantity that says where it stands at the end of a run.
    """

    analyte: str
    symbol: str
    label: str
    unit: str
    decimals: int
    conventional: str
    conventional_decimals: int
    at_end: str
    note: str

    def to_conventional(self, value: float) -> float:
        """``value`` in the canonical unit, in the conventional one."""
        return express(value, self.analyte, self.conventional)

    @property
    def target(self) -> Target | None:
        """The range that counts as in target, if there is one."""
        from livedo.care.targets import targets

        return targets().get(self.analyte)

    def both(self, value: float) -> str:
        """``value`` with both units: '1.70 mmol/L (5.3 mg/dL)'."""
        other = number(self.to_conventional(value), self.conventional_decimals)
        return f"{number(value, self.decimals)} {self.unit} ({other} {self.conventional})"


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of ``disease_shown.csv``: a trajectory of the disease that has a figure, shown in one unit.

    Values times ``factor`` are in ``unit``.
    """

    symbol: str
    label: str
    unit: str
    decimals: int
    factor: float
    note: str

    conventional = ""
    target = None

    def to_conventional(self, value: float) -> float:
        """There is one unit alone."""
        return value


@dataclass(frozen=True, slots=True)
class SecondUnit:
    """The other unit of a quantity: values times ``factor`` are in ``unit``."""

    unit: str
    factor: float
    decimals: int


@dataclass(frozen=True, slots=True)
class HarmNotModelled:
    """One row of ``harms_not_modelled.csv``."""

    harm: str
    arises_with: str
    reason: str
    source: str


@lru_cache(maxsize=1)
def analytes_shown() -> tuple[Shown, ...]:
    """The analytes that have a figure, in order."""
    from livedo.body import ANALYTES

    return tuple(
        Shown(
            analyte=row["analyte"],
            symbol=ANALYTES[row["analyte"]],
            label=row["label"],
            unit=resolve_analyte(row["analyte"]).unit,
            decimals=row.whole("decimals"),
            conventional=row["conventional"],
            conventional_decimals=row.whole("conventional_decimals"),
            at_end=row["at_end"],
            note=row["note"],
        )
        for row in read_table(HERE / "analytes_shown.csv", "analyte")
    )


@lru_cache(maxsize=1)
def second_units() -> Mapping[str, SecondUnit]:
    """Quantity -> its other unit, for those that have one.

    Raises
    ------
    ValueError
        A second unit that cannot be had from the quantity's own.
    """
    own = {quantity.key: quantity.unit for quantity in quantities()}
    rows = read_table(HERE / "second_units.csv", "quantity")
    return MappingProxyType({row["quantity"]: _second(own[row["quantity"]], row) for row in rows})


def _second(unit: str, row: Row) -> SecondUnit:
    analyte = resolve_analyte(row["analyte"])
    mass, _, per = unit.partition("/")
    if unit == analyte.unit:
        factor = express(1.0, analyte, row["unit"])
    elif mass == "mg" and row["unit"] == f"mmol/{per}" and analyte.molar_mass is not None:
        factor = 1.0 / analyte.molar_mass
    else:
        raise ValueError(f"second_units.csv: {row['quantity']} in {unit} cannot be shown in {row['unit']}")
    return SecondUnit(row["unit"], factor, row.whole("decimals"))


@lru_cache(maxsize=1)
def measures() -> tuple[Measure, ...]:
    """The figures of the disease, in the order in which they are shown."""
    rows = read_table(HERE / "disease_shown.csv", "symbol")
    return tuple(
        Measure(**{**row, "decimals": row.whole("decimals"), "factor": row.number("factor")})  # type: ignore[arg-type]
        for row in rows
    )


@lru_cache(maxsize=1)
def harms_not_modelled() -> tuple[HarmNotModelled, ...]:
    """The harms a reader must look for elsewhere."""
    return tuple(HarmNotModelled(**row) for row in read_table(HERE / "harms_not_modelled.csv"))
