"""What a reader hands over: one patient's entries as recorded, before conversion.

Readers know forms; `assemble` knows units, duplicates and stays. A reader finds out which analyte, code and
time an entry has, and leaves the rest alone. What is wrong with single entries it collects in `problems`, so
that a slip in one patient's entries does not keep another patient's chart from being read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from livedo.errors import InputError
from livedo.records.findings import Notes

if TYPE_CHECKING:
    from datetime import datetime

    from livedo.records.analytes import Analyte
    from livedo.records.codes import Concept
    from livedo.records.times import Time


class RawObservation(NamedTuple):
    """One result as recorded: `value` in `unit` (text) at `time`; `source`: file and row or resource."""

    time: Time
    analyte: Analyte
    value: float
    unit: str | None
    prepost: str | None
    setting: str | None
    source: str


class RawEvent(NamedTuple):
    """One condition, drug, procedure or stay as recorded.

    `kind` is condition, drug, procedure or stay; for a stay `system` is blank and `code` is inpatient,
    emergency, observation or outpatient. `concept` is what `codes.csv` knows of it, or None. `dose`,
    `dose_unit` and `route` are for drugs.
    """

    kind: str
    time: datetime | None
    end: datetime | None
    concept: Concept | None
    system: str
    code: str
    text: str | None
    source: str
    dose: float | None = None
    dose_unit: str | None = None
    route: str | None = None


@dataclass(slots=True)
class RawChart:
    """One patient's entries as recorded."""

    patient_id: str
    sex: str | None = None
    birth_year: int | None = None
    aliases: tuple[str, ...] = ()
    died: datetime | None = None
    observations: list[RawObservation] = field(default_factory=list)
    events: list[RawEvent] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    problems: list[InputError] = field(default_factory=list)
    stays_recorded: bool = False


_LIMIT = re.compile(r"(?:[<>≤≥]=?|(?:less|greater|more) than)\s*[+-]?[\d.]", re.IGNORECASE)
_BEGINS_AS_NUMBER = re.compile(r"[+-]?\.?\d")


def read_number(text: str | None, *, where: str, column: str) -> tuple[float | None, str | None]:
    """A result cell as a number and None, or None and why: 'text_result', 'censored_result'.

    A cell without a number (blank, 'UNABLE TO REPORT', '___') is a text result; '<0.5' is a censored one. A
    cell that begins as a number and is none ('9,1', '9.1.2', '1O.2') cannot be told and is refused.

    Raises
    ------
    InputError
        The cell begins as a number but is none.
    """
    cell = (text or "").strip()
    if not cell:
        return None, "text_result"
    if _BEGINS_AS_NUMBER.match(cell):
        try:
            number = float(cell) if "_" not in cell else math.nan
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number, None
        raise InputError(
            "not a number", where=where, field=column, value=text, expected="a number with a decimal point"
        )
    return None, "censored_result" if _LIMIT.match(cell) else "text_result"
