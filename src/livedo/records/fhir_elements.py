"""The elements of FHIR resources: lists, objects, codes, times and quantities, taken as they come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from livedo.errors import InputError
from livedo.records.analytes import Analyte, analyte_of_code
from livedo.records.times import EXPECTED, Time, parse_time
from livedo.records.units import find_unit

_SYSTEMS = {
    "http://snomed.info/sct": ("SNOMED",),
    "http://hl7.org/fhir/sid/icd-10-cm": ("ICD10CM",),
    "http://hl7.org/fhir/sid/icd-10": ("ICD10", "ICD10CM"),
    "http://hl7.org/fhir/sid/icd-9-cm": ("ICD9CM", "ICD9PROC"),
    "http://www.cms.gov/Medicare/Coding/ICD10": ("ICD10PCS",),
    "http://www.ama-assn.org/go/cpt": ("CPT",),
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": ("HCPCS",),
    "http://www.nlm.nih.gov/research/umls/rxnorm": ("RXNORM",),
    "http://www.whocc.no/atc": ("ATC",),
}
_LOINC = "http://loinc.org"
_LARGEST = 1e300


def items(value: Any) -> list[Any]:
    """A JSON array, or nothing."""
    return value if isinstance(value, list) else []


def element(value: Any) -> dict[str, Any]:
    """A JSON object, or nothing."""
    return value if isinstance(value, dict) else {}


def word(value: Any) -> str | None:
    """A JSON string that is not blank, or None."""
    return value if isinstance(value, str) and value.strip() else None


def number(value: Any) -> float | None:
    """A JSON number that a float can hold, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return None
    return float(value)


def words(concept: dict[str, Any]) -> str | None:
    """The words of a CodeableConcept: its text, else the display of its first coding that has one."""
    shown = (word(element(coding).get("display")) for coding in items(concept.get("coding")))
    return word(concept.get("text")) or next((text for text in shown if text), None)


def codings(concept: dict[str, Any]) -> list[tuple[str, str]]:
    """Known code systems and codes of a CodeableConcept."""
    pairs: list[tuple[str, str]] = []
    for coding in map(element, items(concept.get("coding"))):
        code = word(coding.get("code"))
        if code is not None:
            pairs += [(system, code) for system in _SYSTEMS.get(word(coding.get("system")) or "", ())]
    return pairs


def analyte_of(concept: dict[str, Any]) -> Analyte | None:
    """The analyte of a CodeableConcept, by LOINC."""
    for coding in map(element, items(concept.get("coding"))):
        if coding.get("system", _LOINC) == _LOINC:
            found = analyte_of_code("loinc", str(coding.get("code", "")))
            if found is not None:
                return found
    return None


def parse_day(text: Any, where: str, field: str) -> Time | None:
    """A FHIR date or dateTime; None where it gives no day (2005, 2005-07) or is missing."""
    if not isinstance(text, str) or (len(text) in (4, 7) and text.replace("-", "").isdigit()):
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise InputError("not a date or time", where=where, field=field, value=text, expected=EXPECTED) from None


def period_of(resource: dict[str, Any], stems: tuple[str, ...], where: str) -> tuple[Time | None, datetime | None]:
    """Start and end from `<stem>Period`, `<stem>DateTime`, `<stem>Instant` or `<stem>`: first found."""
    for stem in stems:
        period = element(resource.get(f"{stem}Period"))
        if period:
            start = parse_day(period.get("start"), where, f"{stem}Period.start")
            end = parse_day(period.get("end"), where, f"{stem}Period.end")
            return start, end.end if end else None
        for field in (f"{stem}DateTime", f"{stem}Instant", stem):
            time = parse_day(resource.get(field), where, field)
            if time is not None:
                return time, None
    return None, None


def quantity_of(part: dict[str, Any], where: str) -> tuple[float | None, str | None, str | None]:
    """The number and unit of an Observation or component, or why there is none."""
    quantity = element(part.get("valueQuantity"))
    value = quantity.get("value", part.get("valueInteger"))
    if quantity.get("comparator") in ("<", "<=", ">", ">="):
        return None, None, "censored_result"
    if value is None:
        return None, None, "text_result"
    size = number(value)
    if size is None:
        raise InputError("not a number", where=where, field="valueQuantity.value", value=value, expected="a number")
    code, text = word(quantity.get("code")), word(quantity.get("unit"))
    if code and text:
        one, other = find_unit(code), find_unit(text)
        if one and other and (one.kind, one.factor) != (other.kind, other.factor):
            raise InputError(
                "the unit and its code say different things",
                where=where,
                field="valueQuantity",
                value=f"unit {text}, code {code}",
                expected="one unit",
            )
    return size, code or text, None
