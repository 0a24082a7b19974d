"""Reading records: which reader takes a path, and which of its patients is meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast, overload

from livedo.errors import InputError
from livedo.records.assemble import assemble
from livedo.records.dialysis import Dialysis, dialysis_evidence

if TYPE_CHECKING:
    from livedo.records.chart import Chart
    from livedo.records.raw import RawChart

READERS = {
    "OMOP CDM": "livedo.records.omop",
    "FHIR R4": "livedo.records.fhir",
    "long table": "livedo.records.long_table",
}
"""The forms of records, tried in this order: a reader is a module with `accepts` and `read_raw`."""


class Reader(Protocol):
    """What a reader module offers."""

    accepts: Callable[[Path], bool]
    read_raw: Callable[[Path, str | None], list[RawChart]]


class PatientEntry(NamedTuple):
    """One patient of the records, before a chart is made."""

    patient_id: str
    aliases: tuple[str, ...]
    sex: str | None
    birth_year: int | None
    dialysis: Dialysis


def _reader(path: Path) -> Reader:
    if not path.exists():
        raise InputError("no such file or folder", where=str(path))
    for module in READERS.values():
        reader = cast("Reader", import_module(module))
        if reader.accepts(path):
            return reader
    raise InputError(
        "no reader takes this file or folder",
        where=str(path),
        expected="FHIR R4 (.json, .ndjson, also .gz, or a folder of them), an OMOP CDM folder, "
        "or a long table (.csv, .csv.gz, .xlsx)",
    )


def _entry(raw: RawChart) -> PatientEntry:
    return PatientEntry(raw.patient_id, raw.aliases, raw.sex, raw.birth_year, dialysis_evidence(raw))


def _list_ids(raws: Iterable[RawChart]) -> str:
    ids = [raw.patient_id + (f" ({', '.join(raw.aliases)})" if raw.aliases else "") for raw in raws]
    return ", ".join(ids[:50]) + (f" and {len(ids) - 50} more" if len(ids) > 50 else "")


def _choose(raws: list[RawChart], patient: str | None, where: str) -> tuple[RawChart, bool]:
    """The patient meant, and whether that was found out from the records."""
    if patient is not None:
        found = [raw for raw in raws if raw.patient_id == patient]
        found = found or [raw for raw in raws if patient in raw.aliases]
        if len(found) == 1:
            return found[0], False
        message = "several patients have this id" if found else "no such patient"
        expected = "one of " + _list_ids(found or raws)
        raise InputError(message, where=where, field="patient", value=patient, expected=expected)
    dialysed = [raw for raw in raws if dialysis_evidence(raw).on]
    if len(dialysed) == 1 or len(raws) == 1:
        return (dialysed or raws)[0], True
    message = f"{len(dialysed)} dialysis patients in the records; one must be named"
    if not dialysed:
        message = "nothing recorded says that a patient is on dialysis; one must be named"
    raise InputError(message, where=where, field="patient", expected="one of " + _list_ids(dialysed or raws))


def _check_set_aside(set_aside: Collection[str], raws: Iterable[RawChart], where: str) -> None:
    known = {observation.source for raw in raws for observation in raw.observations}
    known |= {problem.where for raw in raws for problem in raw.problems}
    unknown = sorted(set(set_aside) - known)
    if unknown:
        raise InputError(
            "no such observation to set aside", where=where, field="set_aside", value=unknown[0],
            expected="an entry as an error names it, such as 'labs.csv row 17'",
        )  # fmt: skip


def read(path: str | Path, patient: str | int | None = None, *, set_aside: Collection[str] = ()) -> Chart:
    """Read one patient's chart.

    Parameters
    ----------
    path:
        A FHIR R4 Bundle or NDJSON file or a folder of them, an OMOP CDM folder, or a long CSV or XLSX table.
    patient:
        The patient's id or alias. Without it, the only dialysis patient in the records is taken, and a
        finding says so.
    set_aside:
        Observations to leave out, by their source as an error names it.

    Raises
    ------
    InputError
        The records cannot be read, the patient is not there or not to be told, an entry has an unusable unit
        or an implausible value, or nothing usable was measured.
    """
    path, name = Path(path), None if patient is None else str(patient)
    raws = _reader(path).read_raw(path, name)
    raw, found_out = _choose(raws, name, str(path))
    if found_out:
        raw.notes.add("chosen_patient", detail=raw.patient_id)
    if set_aside:
        _check_set_aside(set_aside, [raw], str(path))
    chart = assemble(raw, frozenset(set_aside))
    if chart.observations.is_empty():
        raise InputError(
            f"the chart of patient {raw.patient_id} holds no usable observation",
            where=str(path),
            value="; ".join(map(str, chart.findings)) or None,
            expected="at least one result with a number, of an analyte that Livedo knows",
        )
    return chart


class Charts(Sequence["Chart"]):
    """The charts of all patients, each made when it is asked for."""

    def __init__(self, raws: list[RawChart], set_aside: frozenset[str]) -> None:
        self._raws, self._set_aside = raws, set_aside
        self.entries = tuple(_entry(raw) for raw in raws)

    def __len__(self) -> int:
        return len(self._raws)

    @overload
    def __getitem__(self, index: int) -> Chart: ...
    @overload
    def __getitem__(self, index: slice) -> Charts: ...
    def __getitem__(self, index: int | slice) -> Chart | Charts:
        if isinstance(index, slice):
            return Charts(self._raws[index], self._set_aside)
        return assemble(self._raws[index], self._set_aside)

    def __iter__(self) -> Iterator[Chart]:
        return (assemble(raw, self._set_aside) for raw in self._raws)


def read_all(path: str | Path, *, set_aside: Collection[str] = ()) -> Charts:
    """Read all patients; a chart that cannot be used raises when it is asked for (see `read`)."""
    path = Path(path)
    raws = _reader(path).read_raw(path, None)
    if set_aside:
        _check_set_aside(set_aside, raws, str(path))
    return Charts(raws, frozenset(set_aside))


def list_patients(path: str | Path) -> tuple[PatientEntry, ...]:
    """The patients: id, aliases, sex, year of birth, and whether each is on dialysis and why."""
    path = Path(path)
    return tuple(_entry(raw) for raw in _reader(path).read_raw(path, None))
