"""The table of drugs: one frozen row a drug, read from ``treatments.csv``, and of their classes, ``classes.csv``.

A drug is a row of numbers for its class. A class without a section of its own in a plan is a row of ``classes.csv``; its drugs
stand in a plan under ``medicines``. Every row names its source, status and confidence; the
limits on dose name theirs. Nothing about a drug stands in the code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from livedo.errors import InputError

BINDER: Final = "phosphate binder"
VITAMIN_D: Final = "vitamin D receptor agonist"
CALCIMIMETIC: Final = "calcimimetic"
SUPPLEMENT: Final = "calcium supplement"
NUTRITIONAL: Final = "vitamin D supplement"
SECTIONED: Final = (BINDER, VITAMIN_D, CALCIMIMETIC, SUPPLEMENT)
"""Classes that have a section of their own in a plan."""
MEDICINE: Final = "medicine"
"""Any drug of a class of ``classes.csv``."""
STATUSES: Final = ("measured", "fitted", "assumed", "calibrated", "input")
CONFIDENCES: Final = ("high", "moderate", "low")

_REQUIRED_EFFECT: Final = {
    BINDER: ("pbed_per_g", "elemental_calcium"),
    VITAMIN_D: ("calcitriol_equivalent", "oral_bioavailability"),
    CALCIMIMETIC: ("b_per_mg_day",),
    SUPPLEMENT: ("elemental_calcium",),
    NUTRITIONAL: ("calcidiol_per_ug_day", "nmol_per_ug"),
}


@dataclass(frozen=True, slots=True)
class DrugClass:
    """One row of ``classes.csv``.

    ``at_sessions`` says when a dose of each session is given: at its ``start``, its ``end`` or all ``through`` it;
    ``needs_sessions`` that it is given at sessions only; ``what`` it does, in words; ``source`` is the organ that says how.
    """

    name: str
    at_sessions: str
    needs_sessions: bool
    what: str
    source: str


@lru_cache(maxsize=1)
def drug_classes() -> Mapping[str, DrugClass]:
    """Class -> row of ``classes.csv``."""
    found: dict[str, DrugClass] = {}
    with Path(__file__).with_name("classes.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            for column, allowed in (("at_sessions", ("start", "end", "through")), ("needs_sessions", ("yes", "no"))):
                if row[column] not in allowed:
                    where = f"classes.csv, line {number}"
                    raise InputError(
                        "not a choice", where=where, field=column, value=row[column], expected=" or ".join(allowed)
                    )
            name = row["class"]
            found[name] = DrugClass(
                name, row["at_sessions"], row["needs_sessions"] == "yes", row["what"], row["source"]
            )
    return MappingProxyType(found)


CLASSES: Final = (*SECTIONED, *drug_classes())
"""Every class of drugs."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """One drug.

    Attributes
    ----------
    drug_class, drug, names:
        Class, name used by Livedo, and other names, all compared without regard to case.
    routes, schedules:
        ``oral``, ``iv`` and ``sc``; ``daily``, ``each session``, ``once`` and ``every`` (empty for drugs taken by the day).
    dose_unit:
        ``mg`` or ``ug``, the unit of the limits and tablets.
    basis, other_basis, basis_per_other:
        What the weight counts; a second way of stating it, and weight by the first per weight by the second.
    pbed_per_g:
        Grams of calcium carbonate that bind as much phosphate as one gram (phosphate-binder-equivalent dose).
    elemental_calcium:
        Grams of calcium in one gram.
    calcitriol_equivalent, oral_bioavailability:
        Micrograms of calcitriol in plasma per microgram given by vein; share of that when swallowed.
    b_per_mg_day:
        Steady-state occupancy b (dimensionless) per mg of mean daily dose.
    usual_max_oral, usual_max_iv, max_refused, max_per:
        Usual highest doses by route and the dose that is refused, in ``dose_unit`` per ``day`` or ``week``.
    calcidiol_per_ug_day, nmol_per_ug:
        Rise of 25-hydroxyvitamin D (nmol/L) for a microgram a day; nanomoles of cholecalciferol that a microgram is worth.
    inputs:
        Inputs of the body through which the drug acts, the preferred one first; with ``per_unit``, all of them.
    per_unit, pools:
        Of drugs under ``medicines``: what one ``dose_unit`` puts into the body, in the unit of the pools; and the states
        that a dose given at one time enters, each with the share of the dose that counts there.
    tablets:
        Strengths of one tablet or capsule, in ``dose_unit``, by ``basis``.
    source, status, confidence:
        Of the effect numbers; ``max_source``, ``max_status``, ``max_confidence`` of the limits.
    """

    drug_class: str
    drug: str
    names: tuple[str, ...]
    routes: tuple[str, ...]
    schedules: tuple[str, ...]
    dose_unit: str
    basis: str
    other_basis: str
    basis_per_other: float | None
    pbed_per_g: float | None
    elemental_calcium: float | None
    calcitriol_equivalent: float | None
    oral_bioavailability: float | None
    b_per_mg_day: float | None
    calcidiol_per_ug_day: float | None
    nmol_per_ug: float | None
    inputs: tuple[str, ...]
    source: str
    status: str
    confidence: str
    usual_max_oral: float | None
    usual_max_iv: float | None
    max_refused: float
    max_per: str
    max_source: str
    max_status: str
    max_confidence: str
    tablets: tuple[float, ...]
    tablet_source: str
    note: str
    per_unit: float | None = None
    pools: tuple[tuple[str, float], ...] = ()

    def answers_to(self, name: str) -> bool:
        """Whether ``name`` is this drug's name or one of its other names."""
        return name.strip().lower() in (self.drug.lower(), *(other.lower() for other in self.names))


@dataclass(frozen=True, slots=True)
class Treatments:
    """All drugs, in the order of the table."""

    rows: tuple[Treatment, ...]

    def __iter__(self) -> Iterator[Treatment]:
        return iter(self.rows)

    def find(self, drug_class: str, name: str) -> Treatment:
        """Return the drug of ``drug_class`` called ``name``.

        Raises
        ------
        InputError
            No such drug in that class; the message lists the drugs of the class, or says where the
            drug belongs.
        """
        wanted = tuple(drug_classes()) if drug_class == MEDICINE else (drug_class,)
        for row in self.rows:
            if row.drug_class in wanted and row.answers_to(name):
                return row
        known = ", ".join(row.drug for row in self.rows if row.drug_class in wanted)
        elsewhere = [row.drug_class for row in self.rows if row.answers_to(name)]
        message = f"is a {elsewhere[0]}, not a {drug_class}" if elsewhere else f"is not a known {drug_class}"
        raise InputError(message, field="drug", value=name, expected=f"one of {known}")


def load_treatments(path: str | Path | None = None) -> Treatments:
    """Read the table of drugs; without ``path``, the one that comes with Livedo.

    Raises
    ------
    InputError
        A missing column, a number that is none, or a row without source, status or confidence.
    """
    if path is None:
        return _shipped()
    return _read(Path(path))


@lru_cache(maxsize=1)
def _shipped() -> Treatments:
    return _read(Path(__file__).with_name("treatments.csv"))


def _read(path: Path) -> Treatments:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = tuple(_row(line, f"{path.name}, row {reader.line_num}") for line in reader)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read", where=str(path), expected="a table of drugs") from error
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.drug_class, row.drug)
        if key in seen:
            raise InputError("the drug stands twice", where=path.name, field="drug", value=row.drug)
        seen.add(key)
    return Treatments(rows)


def _row(line: dict[str, str | None], where: str) -> Treatment:
    def text(column: str, allowed: tuple[str, ...] = (), required: bool = False) -> str:
        value = line.get(column)
        if value is None:
            raise InputError("a column is missing", where=where, field=column)
        value = value.strip()
        if (required and not value) or (allowed and value not in allowed):
            raise InputError(
                "a drug row is not complete",
                where=where,
                field=column,
                value=value,
                expected=f"one of {', '.join(allowed)}" if allowed else "something written here",
            )
        return value

    def number(column: str, required: bool = False) -> float | None:
        value = text(column, required=required)
        if not value:
            return None
        return _positive(value, column, where)

    drug_class = text("class", CLASSES)
    if drug_class not in _REQUIRED_EFFECT:
        number("per_unit", required=True)
    elemental = number("elemental_calcium", "elemental_calcium" in _REQUIRED_EFFECT.get(drug_class, ()))
    other = text("other_basis")
    factor = number("basis_per_other")
    if factor is None and other == "elemental" and elemental:
        factor = 1 / elemental
    refused = number("max_refused", required=True)
    if refused is None or (other and factor is None):
        raise InputError("a drug row is not complete", where=where, field="basis_per_other")
    needed = _REQUIRED_EFFECT.get(drug_class, ())
    return Treatment(
        drug_class=drug_class,
        drug=text("drug", required=True),
        names=_parts(text("names")),
        routes=_parts(text("routes", required=True)),
        schedules=_parts(text("schedules")),
        dose_unit=text("dose_unit", ("mg", "ug")),
        basis=text("basis"),
        other_basis=other,
        basis_per_other=factor,
        pbed_per_g=number("pbed_per_g", "pbed_per_g" in needed),
        elemental_calcium=elemental,
        calcitriol_equivalent=number("calcitriol_equivalent", "calcitriol_equivalent" in needed),
        oral_bioavailability=number("oral_bioavailability", "oral_bioavailability" in needed),
        b_per_mg_day=number("b_per_mg_day", "b_per_mg_day" in needed),
        calcidiol_per_ug_day=number("calcidiol_per_ug_day", "calcidiol_per_ug_day" in needed),
        nmol_per_ug=number("nmol_per_ug", "nmol_per_ug" in needed),
        inputs=_parts(text("inputs", required=True)),
        source=text("source", required=True),
        status=text("status", STATUSES),
        confidence=text("confidence", CONFIDENCES),
        usual_max_oral=number("usual_max_oral"),
        usual_max_iv=number("usual_max_iv"),
        max_refused=refused,
        max_per=text("max_per", ("day", "week", "dose")),
        max_source=text("max_source", required=True),
        max_status=text("max_status", STATUSES),
        max_confidence=text("max_confidence", CONFIDENCES),
        tablets=tuple(_positive(part, "tablets", where) for part in _parts(text("tablets"))),
        tablet_source=text("tablet_source"),
        note=text("note"),
        per_unit=number("per_unit") if line.get("per_unit") else None,
        pools=tuple(_pool(part, where) for part in _parts(line.get("pools") or "")),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _pool(text: str, where: str) -> tuple[str, float]:
    name, _, share = text.partition(":")
    return name, _positive(share or "1", "pools", where)


def _positive(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise InputError(
            "not a number", where=where, field=column, value=text, expected="a finite number, not negative"
        )
    return value
