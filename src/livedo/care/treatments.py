"""The table of drugs: one frozen row a drug, read from ``treatments.csv``, and of their classes, ``classes.csv``.

A drug is a row of numbers for its class. A class without a section of its own in a plan is a row of ``classes.csv``; its drugs
stand in a plan under ``medicines``. Every row names its source, status and confidence; the
limits on dose name theirs. Nothing about a drug stands in the code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from livedo.errors import InputError
from livedo.tables import CONFIDENCES, STATUSES, Row, read_table

BINDER: Final = "phosphate binder"
VITAMIN_D: Final = "vitamin D receptor agonist"
CALCIMIMETIC: Final = "calcimimetic"
SUPPLEMENT: Final = "calcium supplement"
NUTRITIONAL: Final = "vitamin D supplement"
SECTIONED: Final = (BINDER, VITAMIN_D, CALCIMIMETIC, SUPPLEMENT)
"""Classes that have a section of their own in a plan."""
MEDICINE: Final = "medicine"
"""Any drug of a class of ``classes.csv``."""

_REQUIRED_EFFECT: Final = {
    BINDER: ("pbed_per_g", "elemental_calcium"),
    VITAMIN_D: ("calcitriol_equivalent", "oral_bioavailability"),
    CALCIMIMETIC: ("b_per_mg_day",),
    SUPPLEMENT: ("elemental_calcium",),
    NUTRITIONAL: ("calcidiol_per_ug_day", "nmol_per_ug"),
}


_NOT_NEGATIVE: Final = ("a finite number, not negative", lambda value: 0 <= value < math.inf)


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
    for row in read_table(Path(__file__).with_name("classes.csv"), "class"):
        name, when = row["class"], row.choice("at_sessions", ("start", "end", "through"))
        found[name] = DrugClass(name, when, row.flag("needs_sessions"), row["what"], row["source"])
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
    return Treatments(tuple(_drug(row) for row in read_table(path, ("class", "drug"))))


def _drug(row: Row) -> Treatment:
    drug_class = row.choice("class", CLASSES)
    needed = _REQUIRED_EFFECT.get(drug_class, ("per_unit",))

    def number(column: str, required: bool = False) -> float | None:
        return row.number(column, *_NOT_NEGATIVE) if required else row.number_or(column, None, *_NOT_NEGATIVE)

    def effect(column: str) -> float | None:
        return number(column, column in needed)

    elemental = effect("elemental_calcium")
    factor = number("basis_per_other")
    if factor is None and row["other_basis"] == "elemental" and elemental:
        factor = 1 / elemental
    if row["other_basis"] and factor is None:
        raise row.refuse("a drug row is not complete", "basis_per_other", "weight by basis per weight by other_basis")
    return Treatment(
        drug_class=drug_class,
        drug=row.text("drug"),
        names=row.parts("names"),
        routes=row.parts("routes") or (row.text("routes"),),
        schedules=row.parts("schedules"),
        dose_unit=row.choice("dose_unit", ("mg", "ug")),
        basis=row["basis"],
        other_basis=row["other_basis"],
        basis_per_other=factor,
        pbed_per_g=effect("pbed_per_g"),
        elemental_calcium=elemental,
        calcitriol_equivalent=effect("calcitriol_equivalent"),
        oral_bioavailability=effect("oral_bioavailability"),
        b_per_mg_day=effect("b_per_mg_day"),
        calcidiol_per_ug_day=effect("calcidiol_per_ug_day"),
        nmol_per_ug=effect("nmol_per_ug"),
        inputs=row.parts("inputs") or (row.text("inputs"),),
        source=row.text("source"),
        status=row.choice("status", STATUSES),
        confidence=row.choice("confidence", CONFIDENCES),
        usual_max_oral=number("usual_max_oral"),
        usual_max_iv=number("usual_max_iv"),
        max_refused=row.number("max_refused", *_NOT_NEGATIVE),
        max_per=row.choice("max_per", ("day", "week", "dose")),
        max_source=row.text("max_source"),
        max_status=row.choice("max_status", STATUSES),
        max_confidence=row.choice("max_confidence", CONFIDENCES),
        tablets=tuple(_positive(part, "tablets", row) for part in row.parts("tablets")),
        tablet_source=row["tablet_source"],
        note=row["note"],
        per_unit=effect("per_unit"),
        pools=tuple(_pool(part, row) for part in row.parts("pools")),
    )


def _pool(text: str, row: Row) -> tuple[str, float]:
    name, _, share = text.partition(":")
    return name, _positive(share or "1", "pools", row)


def _positive(text: str, column: str, row: Row) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not _NOT_NEGATIVE[1](value):
        raise row.refuse("not a number", column, _NOT_NEGATIVE[0])
    return value
