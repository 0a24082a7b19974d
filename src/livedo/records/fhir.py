"""HL7 FHIR R4: Bundles and resources as JSON, bulk exports as NDJSON, plain or gzipped, a file or a folder.

Read: Patient, Observation (also its components, as blood pressure), Condition, Procedure, MedicationRequest,
MedicationAdministration, Encounter; Medication where one of these refers to it. References are resolved by
fullUrl (`urn:uuid:`), by `Type/id` and among contained resources. A quantity's UCUM `code` is its unit;
without a code, the `unit` text; where both are known and differ, the entry is refused. Names, addresses and
national numbers are not read.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livedo.errors import InputError
from livedo.records.codes import find_concept, plain_code
from livedo.records.fhir_elements import (
    analyte_of,
    codings,
    element,
    items,
    number,
    parse_day,
    period_of,
    quantity_of,
    word,
    words,
)
from livedo.records.files import load_json, read_text
from livedo.records.raw import RawChart, RawEvent, RawObservation
from livedo.records.times import Time

if TYPE_CHECKING:
    from collections.abc import Iterator

    Resource = dict[str, Any]

_SUFFIXES = (".json", ".json.gz", ".ndjson", ".ndjson.gz")
_WITHDRAWN = frozenset({"entered-in-error", "cancelled", "not-done", "draft", "preparation", "refuted", "planned"})
_STAYS = {
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "EMER": "emergency",
    "OBSENC": "observation",
}
_PRIVATE = frozenset({"SS", "DL", "PPN", "NI", "NNxxx", "TAX"})
_DAYS = {"h": 1 / 24, "d": 1, "wk": 7}


def accepts(path: Path) -> bool:
    """A .json or .ndjson file (also .gz), or a folder that holds such files."""
    return bool(_files(path))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.name.lower().endswith(_SUFFIXES) and file.is_file())
    return [path] if path.name.lower().endswith(_SUFFIXES) else []


def read_raw(path: Path, patient: str | None = None) -> list[RawChart]:
    """The patients of a Bundle, NDJSON file or folder, in the order of their ids.

    Raises
    ------
    InputError
        The JSON is not valid or not FHIR, there is no Patient, or an entry refers to a patient who is not
        there.
    """
    store = _Store()
    for file in _files(path):
        for resource, url, entry in _resources(file):
            store.add(resource, url, file.name, entry)
    if not store.charts:
        raise InputError("no Patient resource", where=str(path), expected="a FHIR R4 Bundle with a Patient")
    for resource, where in store.entries:
        store.read(resource, where)
    return [store.charts[key] for key in sorted(store.charts)]


def _resources(file: Path) -> Iterator[tuple[Resource, str | None, str]]:
    """The resources of a file, each with its fullUrl where it has one and the place where it stands."""
    text = read_text(file)
    if not text.strip():
        raise InputError("the file is empty", where=str(file), expected="FHIR R4 resources")
    if ".ndjson" in file.name.lower():
        for row, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield (
                    _resource(load_json(line, f"{file} line {row}"), f"{file} line {row}"),
                    None,
                    f"{file.name} line {row}",
                )
        return
    top = _resource(load_json(text, str(file)), str(file))
    if top["resourceType"] != "Bundle":
        yield top, None, file.name
        return
    for index, entry in enumerate(items(top.get("entry"))):
        where = f"{file.name} entry {index}"
        if not isinstance(entry, dict):
            raise InputError("not a Bundle entry", where=where, expected="an object with a resource")
        if "resource" in entry:
            yield _resource(entry["resource"], where), word(entry.get("fullUrl")), where


def _resource(data: Any, where: str) -> Resource:
    if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
        raise InputError("not a FHIR resource", where=where, field="resourceType", expected="a FHIR R4 resource")
    return data


class _Store:
    """The resources of one reading: patients first, then what refers to them."""

    def __init__(self) -> None:
        self.charts: dict[str, RawChart] = {}
        self.entries: list[tuple[Resource, str]] = []
        self._patients: dict[str, str] = {}
        self._medications: dict[str, Resource] = {}

    def add(self, resource: Resource, url: str | None, table: str, entry: str) -> None:
        kind, key = resource["resourceType"], str(resource.get("id") or (url or "").rpartition(":")[2])
        names = [name for name in (url, f"{kind}/{key}", f"urn:uuid:{key}") if name]
        if kind == "Patient":
            if not key:
                raise InputError("a Patient without an id", where=table, field="id", expected="an id or a fullUrl")
            if key in self.charts:
                raise InputError("two Patients with one id", where=table, field="id", value=key, expected="one")
            self.charts[key] = _patient(resource, key, f"{table} Patient/{key}")
            self._patients.update(dict.fromkeys(names, key))
            self._patients.update((f"Patient?identifier={i}", key) for i in _identifiers(resource, with_system=True))
        elif kind == "Medication":
            self._medications.update(dict.fromkeys(names, resource))
        elif kind in _READERS:
            self.entries.append(
                (resource, f"{table} {kind}/{resource['id']}" if resource.get("id") else f"{entry} ({kind})")
            )

    def read(self, resource: Resource, where: str) -> None:
        kind = resource["resourceType"]
        chart = self._chart(resource, where)
        status = [str(resource.get("status", ""))] + [
            str(element(coding).get("code"))
            for coding in items(element(resource.get("verificationStatus")).get("coding"))
        ]
        if _WITHDRAWN.intersection(status):
            chart.notes.add("withdrawn", kind)
            return
        try:
            _READERS[kind](self, resource, chart, where)
        except InputError as problem:
            chart.problems.append(problem)

    def _chart(self, resource: Resource, where: str) -> RawChart:
        reference = element(resource.get("subject") or resource.get("patient")).get("reference")
        key = self._patients.get(str(reference))
        if key is None and isinstance(reference, str) and "Patient/" in reference:
            key = self._patients.get("Patient/" + reference.split("Patient/", 1)[1].split("/")[0])
        if key is None:
            raise InputError(
                "refers to a patient who is not in the records",
                where=where,
                field="subject",
                value=reference,
                expected="one of " + ", ".join(sorted(self.charts)),
            )
        return self.charts[key]

    def medication(self, resource: Resource) -> dict[str, Any]:
        """The CodeableConcept of what is given, looked up where it is referred to."""
        direct = resource.get("medicationCodeableConcept")
        if isinstance(direct, dict):
            return direct
        reference = str(element(resource.get("medicationReference")).get("reference", ""))
        if reference.startswith("#"):
            held = next((r for r in items(resource.get("contained")) if element(r).get("id") == reference[1:]), None)
            return element(element(held).get("code"))
        return element(self._medications.get(reference, {}).get("code"))


def _identifiers(patient: Resource, *, with_system: bool) -> list[str]:
    """Identifiers of a patient, without those of the person (social security, licence, passport)."""
    found: list[str] = []
    for identifier in map(element, items(patient.get("identifier"))):
        kinds = {word(element(c).get("code")) for c in items(element(identifier.get("type")).get("coding"))}
        value = identifier.get("value")
        if isinstance(value, str) and not kinds & _PRIVATE and "us-ssn" not in str(identifier.get("system")):
            found.append(f"{identifier.get('system', '')}|{value}" if with_system else value)
    return found


def _patient(resource: Resource, key: str, where: str) -> RawChart:
    sex, birth = resource.get("gender"), str(resource.get("birthDate") or "")
    if birth and not (birth[:4].isdigit() and len(birth) >= 4):
        raise InputError("not a date", where=where, field="birthDate", value=birth, expected="YYYY-MM-DD or YYYY")
    died = parse_day(resource.get("deceasedDateTime"), where, "deceasedDateTime")
    return RawChart(
        key,
        sex=sex if sex in ("female", "male") else None,
        birth_year=int(birth[:4]) if birth else None,
        aliases=tuple(i for i in _identifiers(resource, with_system=False) if i != key),
        died=died.local if died else None,
    )


def _observation(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    time, _ = period_of(resource, ("effective",), where)
    components = [element(part) for part in items(resource.get("component"))]
    whole = analyte_of(element(resource.get("code")))
    if whole is None and not components:
        chart.notes.add("unknown_analyte", "Observation")
        return
    if time is None:
        chart.notes.add("no_time", "Observation")
        return
    parts = [(whole, resource)] if whole is not None else []
    parts += [(analyte_of(element(part.get("code"))), part) for part in components]
    for analyte, part in parts:
        if analyte is None:
            chart.notes.add("unknown_analyte", "Observation")
            continue
        value, unit, why = quantity_of(part, where)
        if value is None:
            if part is resource and components:
                continue
            chart.notes.add(why or "text_result", analyte.observed_as)
            continue
        chart.observations.append(RawObservation(time, analyte, value, unit, None, None, where))


def _event(
    kind: str, concept: dict[str, Any], time: Time | None, end: datetime | None, where: str, **dose: Any
) -> RawEvent:
    pairs, text = codings(concept), words(concept)
    known = find_concept(kind, pairs, text)
    coding = element(next(iter(items(concept.get("coding"))), {}))
    system, code = pairs[0] if pairs else ("", word(coding.get("code")) or "")
    if known is not None and known.match != "regex":
        system, code = next((p for p in pairs if find_concept(kind, [p]) is known), (system, code))
    local = time.local if time else None
    return RawEvent(kind, local, end, known, system, plain_code(system, code), text, where, **dose)


def _keep(chart: RawChart, event: RawEvent, kind: str) -> None:
    if event.time is None:
        chart.notes.add("no_time", kind)
    chart.events.append(event)


def _condition(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    time, end = period_of(resource, ("onset", "recordedDate"), where)
    gone = period_of(resource, ("abatement",), where)[0]
    _keep(
        chart,
        _event("condition", element(resource.get("code")), time, gone.end if gone else end, where),
        "Condition",
    )


def _procedure(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    time, end = period_of(resource, ("performed", "occurrence"), where)
    _keep(chart, _event("procedure", element(resource.get("code")), time, end, where), "Procedure")


def _dose(quantity: dict[str, Any], route: Any) -> dict[str, Any]:
    return {
        "dose": number(quantity.get("value")),
        "dose_unit": word(quantity.get("code")) or word(quantity.get("unit")),
        "route": words(element(route)),
    }


def _request(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    time, _ = period_of(resource, ("authoredOn",), where)
    dispense = element(resource.get("dispenseRequest"))
    _, end = period_of(dispense, ("validity",), where)
    supply = element(dispense.get("expectedSupplyDuration"))
    days, value = _DAYS.get(str(supply.get("code"))), number(supply.get("value"))
    if end is None and time is not None and days is not None and value is not None:
        with suppress(OverflowError):
            end = time.local + timedelta(days=days * value)
    first = element(next(iter(items(resource.get("dosageInstruction"))), {}))
    rate = element(next(iter(items(first.get("doseAndRate"))), {}))
    dose = _dose(element(rate.get("doseQuantity")), first.get("route"))
    _keep(chart, _event("drug", store.medication(resource), time, end, where, **dose), "MedicationRequest")


def _administration(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    time, end = period_of(resource, ("effective",), where)
    given = element(resource.get("dosage"))
    dose = _dose(element(given.get("dose")), given.get("route"))
    _keep(
        chart,
        _event("drug", store.medication(resource), time, end, where, **dose),
        "MedicationAdministration",
    )


def _encounter(store: _Store, resource: Resource, chart: RawChart, where: str) -> None:
    period = {"stayPeriod": resource.get("period")}
    time, end = period_of(period, ("stay",), where)
    if time is None:
        chart.notes.add("no_time", "Encounter")
        return
    chart.stays_recorded = True
    kind = _STAYS.get(str(element(resource.get("class")).get("code")), "outpatient")
    chart.events.append(RawEvent("stay", time.local, end, None, "", kind, None, where))


_READERS = {
    "Observation": _observation,
    "Condition": _condition,
    "Procedure": _procedure,
    "MedicationRequest": _request,
    "MedicationAdministration": _administration,
    "Encounter": _encounter,
}
