"""OMOP CDM 5.3 and 5.4: a folder of tables as .csv, .csv.gz or .parquet.

Read: person, measurement, condition_occurrence, procedure_occurrence, drug_exposure, device_exposure,
visit_occurrence, death; person and measurement must be there. Source codes are tried before concepts;
concept 0 is none. The unit is the source's word; where that is blank, the unit concept; where both say
different things, the entry is refused.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from livedo.errors import InputError
from livedo.records.analytes import Analyte, analyte_of_code, find_analyte
from livedo.records.codes import ICD, PROCEDURE_CODES, find_concept, plain_code
from livedo.records.files import read_bytes
from livedo.records.raw import RawChart, RawEvent, RawObservation, read_number
from livedo.records.times import EXPECTED, Time, parse_time
from livedo.records.units import find_unit, unit_of_concept

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    Row = dict[str, str]

_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_SEX = {"8507": "male", "8532": "female"}
_STAYS = {
    "9201": "inpatient", "262": "inpatient", "8717": "inpatient", "581379": "inpatient", "32037": "inpatient",
    "9203": "emergency", "8870": "emergency", "581381": "emergency", "581385": "observation",
}  # fmt: skip
_LIMITS = frozenset({"4171756", "4172704", "4171754", "4171755"})


def accepts(path: Path) -> bool:
    """A folder with a person table."""
    return path.is_dir() and bool(_files(path, "person"))


def read_raw(path: Path, patient: str | None = None) -> list[RawChart]:
    """The persons of a CDM folder, by id; where given and there, only `patient` (id or source value)."""
    charts: dict[str, RawChart] = {}
    for row in _rows(path, "person", ("person_id",)):
        alias = row.get("person_source_value", "")
        if patient is not None and patient not in (row["person_id"], alias):
            continue
        birth = row.get("year_of_birth", "")
        charts[row["person_id"]] = RawChart(
            row["person_id"],
            sex=_SEX.get(row.get("gender_concept_id", "")),
            birth_year=int(birth) if birth.isdigit() else None,
            aliases=(alias,) if alias else (),
        )
    if patient is not None and not charts:
        return read_raw(path)
    if not charts:
        raise InputError("the person table is empty", where=str(path), expected="one row a person")
    _read_measurements(path, charts)
    _read_events(path, charts)
    _read_visits(path, charts)
    for row in _rows(path, "death", ("person_id",), charts, needed=False):
        charts[row["person_id"]].died = _time(row, "death", charts[row["person_id"]])
    return [charts[key] for key in sorted(charts)]


def _files(path: Path, table: str) -> list[Path]:
    return [file for suffix in _SUFFIXES if (file := path / (table + suffix)).is_file()]


def _load(file: Path) -> pl.DataFrame:
    import polars as pl

    try:
        if file.suffix == ".parquet":
            return pl.read_parquet(file).cast(pl.String)
        data = read_bytes(file)
        return pl.read_csv(io.BytesIO(data), infer_schema=False) if data.strip() else pl.DataFrame()
    except pl.exceptions.PolarsError as error:
        raise InputError(f"not a readable table ({str(error).splitlines()[0]})", where=str(file)) from None


def _rows(
    path: Path,
    table: str,
    required: tuple[str, ...],
    charts: dict[str, RawChart] | None = None,
    *,
    needed: bool = True,
) -> Iterator[Row]:
    """The rows of a table as text without outer blanks, with `source`; where given, only of `charts`."""
    import polars as pl

    files = _files(path, table)
    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise InputError(f"the table is there more than once: {names}", where=str(path), expected="one of them")
    if not files:
        if needed:
            raise InputError(f"no {table} table", where=str(path), expected=f"{table}.csv, .csv.gz or .parquet")
        return
    frame = _load(files[0])
    plain = [name.strip().lower() for name in frame.columns]
    doubled = next((name for name in plain if plain.count(name) > 1), None)
    if doubled is not None:
        raise InputError("the column stands twice", where=files[0].name, field=doubled, expected="each column once")
    frame.columns = plain
    missing = [name for name in required if name not in frame.columns]
    if missing:
        raise InputError(
            f"missing column {', '.join(missing)}",
            where=files[0].name,
            field=missing[0],
            expected="the columns of OMOP CDM 5.3 or 5.4",
        )
    if charts is not None:
        frame = frame.filter(pl.col("person_id").str.strip_chars().is_in(list(charts)))
    key = f"{table}_id"
    for number, row in enumerate(frame.iter_rows(named=True), start=2):
        cells = {name: (cell or "").strip() for name, cell in row.items()}
        cells["source"] = f"{files[0].name} {key} {cells[key]}" if cells.get(key) else f"{files[0].name} row {number}"
        yield cells


def _parse(cell: str, where: str, column: str) -> Time:
    try:
        return parse_time(cell)
    except ValueError:
        raise InputError("not a date or time", where=where, field=column, value=cell, expected=EXPECTED) from None


def _when(row: Row, stem: str) -> Time | None:
    """`stem`_datetime, else `stem`_date with `stem`_time where there is one (CDM 5.2), else None."""
    cell, column = row.get(f"{stem}_datetime", ""), f"{stem}_datetime"
    if not cell:
        cell, column = row.get(f"{stem}_date", ""), f"{stem}_date"
        if cell and row.get(f"{stem}_time", ""):
            cell += " " + row[f"{stem}_time"]
    return _parse(cell, row["source"], column) if cell else None


def _time(row: Row, stem: str, chart: RawChart, *, end: bool = False) -> datetime | None:
    try:
        time = _when(row, stem)
    except InputError as problem:
        chart.problems.append(problem)
        return None
    return None if time is None else time.end if end else time.local


def _analyte(row: Row) -> Analyte | None:
    found = analyte_of_code("omop", row["measurement_concept_id"])
    if found is None and row["measurement_concept_id"] in ("", "0"):
        source = row.get("measurement_source_value", "")
        found = analyte_of_code("loinc", source) or analyte_of_code("mimic", source)
        found = found or (find_analyte(source) if source else None)
    return found


def _unit(row: Row) -> str | None:
    word, concept = row.get("unit_source_value", ""), row.get("unit_concept_id", "")
    known = unit_of_concept(concept) if concept not in ("", "0") else None
    if not word:
        if known is None and concept not in ("", "0"):
            return f"OMOP unit concept {concept}"
        return known.name if known else None
    spelt = find_unit(word)
    if known is not None and spelt is not None and spelt.kind + str(spelt.factor) != known.kind + str(known.factor):
        raise InputError(
            "the unit and the unit concept say different things",
            where=row["source"],
            field="unit_source_value",
            value=word,
            expected=f"{known.name}, as unit_concept_id {concept}",
        )
    return word if spelt is not None or known is None else known.name


def _read_measurements(path: Path, charts: dict[str, RawChart]) -> None:
    required = ("person_id", "measurement_concept_id", "measurement_date", "value_as_number")
    for row in _rows(path, "measurement", required, charts):
        chart = charts[row["person_id"]]
        analyte = _analyte(row)
        if analyte is None:
            chart.notes.add("unknown_analyte", "measurement")
            continue
        try:
            observation = _measurement(row, analyte, chart)
        except InputError as problem:
            chart.problems.append(problem)
        else:
            if observation is not None:
                chart.observations.append(observation)


def _measurement(row: Row, analyte: Analyte, chart: RawChart) -> RawObservation | None:
    time = _when(row, "measurement")
    cell = row["value_as_number"]
    number, why = read_number(cell, where=row["source"], column="value_as_number")
    if number is not None and row.get("operator_concept_id", "") in _LIMITS:
        number, why = None, "censored_result"
    if number is None and not cell:
        _, why = read_number(_as_text(row.get("value_source_value", "")), where=row["source"], column="")
    if number is None:
        chart.notes.add(why or "text_result", analyte.observed_as)
        return None
    if time is None:
        chart.notes.add("no_time", "measurement")
        return None
    return RawObservation(time, analyte, number, _unit(row), None, None, row["source"])


def _as_text(cell: str) -> str:
    """A source value that stands beside an empty number is text, whatever it looks like."""
    return cell if cell[:1] in "<>≤≥" else ""


def _codings(row: Row, table: str, systems: tuple[str, ...]) -> list[tuple[str, str]]:
    source = row.get(f"{table}_source_value", "")
    pairs = [(system, source) for system in systems] if source else []
    concepts = [row.get(f"{table}_source_concept_id", ""), row.get(f"{table}_concept_id", "")]
    return pairs + [("OMOP", concept) for concept in concepts if concept not in ("", "0")]


_TABLES = (
    ("condition_occurrence", "condition", "condition", "condition_start", "condition_end", ICD),
    ("procedure_occurrence", "procedure", "procedure", "procedure", "procedure_end", PROCEDURE_CODES),
    ("drug_exposure", "drug", "drug", "drug_exposure_start", "drug_exposure_end", ()),
    ("device_exposure", "device", "procedure", "device_exposure_start", "device_exposure_end", ("MIMIC",)),
)


def _read_events(path: Path, charts: dict[str, RawChart]) -> None:
    for table, stem, kind, start, end, systems in _TABLES:
        required = ("person_id", f"{stem}_concept_id", f"{start}_date")
        for row in _rows(path, table, required, charts, needed=False):
            chart = charts[row["person_id"]]
            codings = _codings(row, stem, systems)
            source = row.get(f"{stem}_source_value", "")
            concept = find_concept(kind, codings, source)
            if stem == "device" and concept is None:
                chart.notes.add("devices", table)
                continue
            system, code = ("", source) if source else (codings or [("", "")])[-1]
            if concept is not None and concept.match != "regex":
                system = concept.system
                code = plain_code(system, source) if system != "OMOP" else concept.code
            dose = _dose(row, chart) if kind == "drug" else (None, None, None)
            event = RawEvent(
                kind, _time(row, start, chart), _time(row, end, chart, end=True), concept, system, code,
                source or None, row["source"], *dose,
            )  # fmt: skip
            if event.time is None:
                chart.notes.add("no_time", table)
            chart.events.append(event)


def _dose(row: Row, chart: RawChart) -> tuple[float | None, str | None, str | None]:
    """Dose, unit and route; `quantity` is a dose only where the source gives it a dose unit."""
    unit, route = row.get("dose_unit_source_value", "") or None, row.get("route_source_value", "") or None
    if unit is None:
        return None, None, route
    try:
        number, _ = read_number(row.get("quantity", ""), where=row["source"], column="quantity")
    except InputError:
        chart.notes.add("text_result", "drug doses")
        number = None
    return number, unit, route


def _read_visits(path: Path, charts: dict[str, RawChart]) -> None:
    required = ("person_id", "visit_concept_id", "visit_start_date", "visit_end_date")
    for row in _rows(path, "visit_occurrence", required, charts, needed=False):
        chart = charts[row["person_id"]]
        chart.stays_recorded = True
        kind = _STAYS.get(row["visit_concept_id"], "outpatient")
        start, end = _time(row, "visit_start", chart), _time(row, "visit_end", chart, end=True)
        chart.events.append(RawEvent("stay", start, end, None, "", kind, None, row["source"]))
