"""Quantities as a plan writes them: a number and its unit, turned into canonical units.

A plan says ``2.5 mEq/L`` or ``300 mL/min``; inside Livedo the same facts are 1.25 mmol/L and 18 L/h.
Nothing is guessed: a number without a unit, an unknown unit or a decimal comma is refused with the
reason. Each kind of quantity lists the units it accepts, so a flow cannot be read as a dose.

Valence and molar masses come from the table of analytes (``livedo.records``): dialysate calcium of 2.5 mEq/L
is 1.25 mmol/L. Dietary phosphate is counted as phosphorus.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from livedo.errors import InputError
from livedo.records.analytes import analytes
from livedo.records.units import convert

DIALYSATE_CALCIUM: Final = "dialysate_calcium"


def _molar_mass(analyte: str) -> float:
    mass = analytes()[analyte].molar_mass
    if mass is None:
        raise InputError("the analyte has no molar mass", where="analytes.csv", value=analyte)
    return mass


CALCIUM_MG_PER_MMOL: Final = _molar_mass(DIALYSATE_CALCIUM)
PHOSPHORUS_MG_PER_MMOL: Final = _molar_mass("phosphate")
CALCITRIOL_PMOL_PER_UG: Final = 1e6 / _molar_mass("calcitriol")
HOURS_PER_DAY: Final = 24.0
HOURS_PER_WEEK: Final = 168.0
HOURS_PER_YEAR: Final = 8766.0

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(\S.*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_TABLETS = re.compile(rf"({_NUMBER})\s*(?:tablets?|capsules?)(?:\s+of\s+(\S.*))?", re.IGNORECASE)
_ISO = re.compile(r"P(?:([0-9]+)W|(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?)?)")
_COUNTED = re.compile(rf"(day|week)\s+({_NUMBER})|({_NUMBER})\s+(days?|weeks?)", re.IGNORECASE)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_MEALS = re.compile(r"with (?:each of )?([1-9]) meals?(?: a day)?|with (each|every) meal")
_TIMES = re.compile(r"([1-9]) times (?:a|per) day")

BASES: Final = ("elemental", "salt", "iron")
"""Words that say what a drug's weight counts, as in ``500 mg elemental``."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a canonical unit, and how the plan wrote it (not part of equality)."""

    value: float
    unit: str
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of quantity: its canonical unit, the accepted units with their factors, an example."""

    name: str
    unit: str
    factors: Mapping[str, float]
    example: str

    @property
    def expected(self) -> str:
        """The accepted units and an example, for error messages."""
        units = ", ".join(self.factors)
        return f"{self.name} as a number with one of the units {units}, such as {self.example!r}"


@dataclass(frozen=True, slots=True)
class Dose:
    """One intake of a drug as written.

    ``mass_mg`` is the whole dose, or the strength of one tablet when ``tablets`` is given; it is None
    for a bare count of tablets, whose strength then comes from the drug's row. ``basis`` is the word
    that says what the weight counts (elemental, salt, iron), or None.
    """

    mass_mg: float | None
    tablets: float | None = None
    basis: str | None = None
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in hours from the plan's start, and how the plan wrote it."""

    hours: float
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Intake:
    """How often a dose is taken in a day; ``times`` is None when the dose is the day's total."""

    times: int | None
    meals: bool = False
    text: str = field(default="", compare=False)


def _per_day(mass: float) -> dict[str, float]:
    return {
        "mg/day": 1 / mass / HOURS_PER_DAY,
        "g/day": 1000 / mass / HOURS_PER_DAY,
        "mmol/day": 1 / HOURS_PER_DAY,
    }


DURATION = Kind("a duration", "h", {"h": 1.0, "hours": 1.0, "hour": 1.0, "min": 1 / 60}, "4 h")
MOMENT = Kind("a time from the plan's start", "h", {"days": HOURS_PER_DAY}, "day 28")
FLOW = Kind("a flow", "L/h", {"mL/min": 0.06, "L/min": 60.0, "L/h": 1.0, "mL/h": 1e-3}, "300 mL/min")
CALCIUM = Kind(
    "a calcium concentration",
    "mmol/L",
    {unit: convert(1.0, unit, DIALYSATE_CALCIUM) for unit in ("mmol/L", "mEq/L")},
    "1.25 mmol/L",
)
WEIGHT = Kind("a weight", "kg", {"kg": 1.0}, "72.5 kg")
PHOSPHATE_INTAKE = Kind("a daily amount of phosphorus", "mmol/h", _per_day(PHOSPHORUS_MG_PER_MMOL), "1000 mg/day")
CALCIUM_INTAKE = Kind("a daily amount of calcium", "mmol/h", _per_day(CALCIUM_MG_PER_MMOL), "800 mg/day")
FLUID_INTAKE = Kind(
    "a daily amount of fluid",
    "L/h",
    {"L/day": 1 / HOURS_PER_DAY, "mL/day": 1e-3 / HOURS_PER_DAY},
    "1.5 L/day",
)
VOLUME = Kind("a volume", "L", {"L": 1.0, "mL": 1e-3}, "2 L")
FILTRATION = Kind("a kidney function (eGFR)", "L/h", {"mL/min": 0.06, "mL/min/1.73m2": 0.06}, "45 mL/min")
DECLINE = Kind("a loss of kidney function", "L/h2", {"mL/min/year": 0.06 / HOURS_PER_YEAR}, "3 mL/min/year")
DAILY_DRUG = Kind("a daily dose", "mg/h", {"mg/day": 1 / HOURS_PER_DAY}, "5 mg/day")
MAGNESIUM = Kind("a magnesium concentration", "mmol/L", {"mmol/L": 1.0, "mEq/L": 0.5}, "0.5 mmol/L")
BICARBONATE = Kind("a bicarbonate concentration", "mmol/L", {"mmol/L": 1.0, "mEq/L": 1.0}, "32 mmol/L")
PHOSPHATE = Kind(
    "a phosphate concentration", "mmol/L", {"mmol/L": 1.0, "mg/dL": 10 / PHOSPHORUS_MG_PER_MMOL}, "0.8 mmol/L"
)
CITRATE = Kind("a citrate concentration", "mmol/L", {"mmol/L": 1.0, "mEq/L": 1 / 3}, "0.8 mmol/L")
MASS = Kind("a weight of drug", "mg", {"mg": 1.0, "g": 1e3, "ug": 1e-3, "mcg": 1e-3, "µg": 1e-3}, "800 mg")


def parse_quantity(text: object, kind: Kind) -> Quantity:
    """Read ``text`` as a quantity of ``kind``, in its canonical unit.

    Raises
    ------
    InputError
        No unit, an unknown unit, a decimal comma, or no finite number.
    """
    written = _words(text, kind.expected)
    number, unit = _split(written, kind.expected)
    return Quantity(number * _factor(unit, kind, written), kind.unit, written)


def parse_dose(text: object) -> Dose:
    """Read a dose: ``800 mg``, ``500 mg elemental``, ``2 tablets`` or ``2 tablets of 800 mg``.

    Raises
    ------
    InputError
        No unit, an unknown unit or word, or no finite number.
    """
    expected = "a dose such as '800 mg', '500 mg elemental' or '2 tablets of 800 mg'"
    written = _words(text, expected)
    if counted := _TABLETS.fullmatch(written):
        tablets = _finite(counted[1], written, expected)
        if counted[2] is None:
            return Dose(None, tablets, None, written)
        mass, basis = _mass(counted[2], expected)
        return Dose(mass, tablets, basis, written)
    mass, basis = _mass(written, expected)
    return Dose(mass, None, basis, written)


def parse_moment(text: object) -> Moment:
    """Read a time from the plan's start: ``day 28``, ``28 days``, ``week 4``, ``P28D``, ``P4W`` or ``PT12H``.

    Day 0 begins at Monday 00:00 of the plan's first week. Calendar months and years have no fixed
    length and are refused.

    Raises
    ------
    InputError
        Not one of these forms, or before day 0.
    """
    expected = "a time from the plan's start, such as 'day 0', '28 days', 'week 4' or 'P28D'"
    written = _words(text, expected)
    if counted := _COUNTED.fullmatch(written):
        unit, number = (counted[1], counted[2]) if counted[1] else (counted[4], counted[3])
        per = HOURS_PER_WEEK if unit.lower().startswith("week") else HOURS_PER_DAY
        hours = _finite(number, written, expected) * per
    elif (iso := _ISO.fullmatch(written)) and any(iso.groups()):
        weeks, days, clock, minutes = (float(part or 0) for part in iso.groups())
        hours = weeks * HOURS_PER_WEEK + days * HOURS_PER_DAY + clock + minutes / 60
    else:
        why = "has no unit" if re.fullmatch(_NUMBER, written) else "is not a time from the plan's start"
        if re.match(r"P[0-9.]+[YM]", written):
            why = "counts calendar months or years, which have no fixed length"
        raise InputError(why, value=text, expected=expected)
    if not math.isfinite(hours) or hours < 0:
        raise InputError("is before the plan's start or not a finite time", value=text, expected=expected)
    return Moment(hours, written)


def parse_clock(text: object) -> Moment:
    """Read a time of day, ``08:00``, in hours after midnight.

    Raises
    ------
    InputError
        Not hours and minutes.
    """
    expected = "a time of day such as '08:00'"
    written = _words(text, expected)
    clock = _CLOCK.fullmatch(written)
    if clock is None:
        raise InputError("is not a time of day", value=text, expected=expected)
    return Moment(int(clock[1]) + int(clock[2]) / 60, written)


def parse_intake(text: object) -> Intake:
    """Read how often a dose is taken: ``with 3 meals``, ``twice a day``, ``3 times a day`` or ``per day``.

    ``per day`` means that the dose is the day's total.

    Raises
    ------
    InputError
        Not one of these forms; ``with each meal`` does not say how many meals there are.
    """
    expected = "'with 3 meals', 'once a day', '3 times a day', or 'per day' when the dose is the day's total"
    written = _words(text, expected)
    plain = " ".join(written.lower().split())
    if plain == "per day":
        return Intake(None, False, written)
    if plain in ("once a day", "twice a day"):
        return Intake(1 if plain.startswith("once") else 2, False, written)
    if meals := _MEALS.fullmatch(plain):
        if meals[1] is None:
            raise InputError("does not say how many meals", value=text, expected=expected)
        return Intake(int(meals[1]), True, written)
    if times := _TIMES.fullmatch(plain):
        return Intake(int(times[1]), False, written)
    raise InputError("is not a way of taking a dose", value=text, expected=expected)


def _words(text: object, expected: str) -> str:
    if isinstance(text, bool) or not isinstance(text, int | float | str):
        raise InputError("is not a quantity", value=text, expected=expected)
    written = " ".join(str(text).replace("\u03bc", "\u00b5").split())
    if not written:
        raise InputError("is empty", value=text, expected=expected)
    return written


def _split(written: str, expected: str) -> tuple[float, str]:
    if _DECIMAL_COMMA.match(written):
        raise InputError("has a decimal comma; write a decimal point", value=written, expected=expected)
    found = _QUANTITY.fullmatch(written)
    if found is None:
        raise InputError("does not begin with a number", value=written, expected=expected)
    if found[2] is None:
        raise InputError("has no unit", value=written, expected=expected)
    return _finite(found[1], written, expected), found[2]


def _finite(number: str, written: str, expected: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise InputError("is not a finite number", value=written, expected=expected)
    return value


def _factor(unit: str, kind: Kind, written: str) -> float:
    """Factor of ``unit``; a litre may be written l or L, other letters keep their case."""
    for known, factor in kind.factors.items():
        if unit in (known, known.replace("L", "l")):
            return factor
    meant = [known for known in kind.factors if known.lower() == unit.lower()]
    hint = f" (did you mean {meant[0]!r}?)" if meant else ""
    raise InputError(
        f"has the unit {unit!r}, which is not accepted for {kind.name}{hint}",
        value=written,
        expected=kind.expected,
    )


def _mass(written: str, expected: str) -> tuple[float, str | None]:
    number, unit = _split(written, expected)
    unit, _, basis = unit.partition(" ")
    if basis and basis not in BASES:
        raise InputError(
            f"says {basis!r} after the unit",
            value=written,
            expected=f"nothing there, or one of {', '.join(BASES)}",
        )
    return number * _factor(unit, MASS, written), basis or None
