"""Long tables: one entry a row, as CSV (also gzipped) or as the first sheet of an XLSX workbook.

Columns, in any order: `patient`, `datetime`, `analyte`, `value`, `unit`; optional `prepost` (pre, post),
`setting` (inpatient, outpatient), `sex` (female, male) and `birth_year`. `analyte` is a name, a LOINC code,
or a CLIF, eICU or NHANES label. A row may also be a session, drug or condition by the name Livedo gives it:
`haemodialysis_session` (`value` its length in h or min, which may be blank), `sevelamer` (`value` and `unit`
the dose), `esrd`. Where a name is both, as calcitriol, the analyte is meant; `drug:calcitriol` says
otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livedo.errors import InputError
from livedo.records.analytes import find_analyte, suggest_analyte
from livedo.records.codes import find_named
from livedo.records.files import csv_rows
from livedo.records.raw import RawChart, RawEvent, RawObservation, read_number
from livedo.records.times import EXPECTED, Time, parse_time
from livedo.records.units import find_unit
from livedo.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livedo.records.codes import Concept

REQUIRED = ("patient", "datetime", "analyte", "value", "unit")
OPTIONAL = ("prepost", "setting", "sex", "birth_year")
_LONGEST = 31 * 24 * 3600
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_PREPOST = {"pre": "pre", "post": "post", "": None, "unk": None, "unknown": None, "na": None}
_SETTING = {"inpatient": "inpatient", "outpatient": "outpatient", "": None, "unknown": None}
_SEX = {"female": "female", "f": "female", "male": "male", "m": "male", "": None, "unknown": None}


def accepts(path: Path) -> bool:
    """A file named .csv, .csv.gz or .xlsx."""
    return path.is_file() and path.name.lower().endswith((".csv", ".csv.gz", ".xlsx"))


def read_raw(path: Path, patient: str | None = None) -> list[RawChart]:
    """The patients of a long table, in the order of their ids.

    Raises
    ------
    InputError
        A column is missing or doubled, there are no rows, or a row names no patient.
    """
    rows, sheets_left = (_sheet_rows(path), 0) if path.suffix.lower() != ".xlsx" else _workbook_rows(path)
    header = next(rows, None)
    if not header or not any(cell.strip() for cell in header):
        raise InputError("the table is empty", where=str(path), expected="a header row and entries")
    columns = _columns(header, str(path))
    least = 1 + max(columns[name] for name in REQUIRED)
    charts: dict[str, RawChart] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        where = f"{path.name} row {number}"
        if not least <= len(cells) <= len(header):
            expected = f"{len(header)}, as the header"
            raise InputError(f"the row has {counted(len(cells), 'cell')}", where=where, expected=expected)
        row = {name: cells[index].strip() if index < len(cells) else "" for name, index in columns.items()}
        if not row["patient"]:
            raise InputError("the row names no patient", where=where, field="patient", expected="an id")
        chart = charts.setdefault(row["patient"], RawChart(row["patient"]))
        try:
            _read_row(row, chart, where, path.name)
        except InputError as problem:
            chart.problems.append(problem)
    if not charts:
        raise InputError("the table has no entries", where=str(path), expected="rows below the header")
    for chart in charts.values():
        chart.notes.add("other_sheets", path.name, count=sheets_left)
    return [charts[key] for key in sorted(charts)]


def _sheet_rows(path: Path) -> Iterator[list[str]]:
    yield from csv_rows(path)


def _workbook_rows(path: Path) -> tuple[Iterator[list[str]], int]:
    """The cells of the first sheet as text, and how many sheets were left."""
    import fastexcel

    try:
        workbook = fastexcel.read_excel(str(path))
        frame: Any = workbook.load_sheet(0, header_row=None, dtypes="string").to_polars()
    except FileNotFoundError:
        raise InputError("no such file", where=str(path)) from None
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"not a readable workbook ({reason})", where=str(path), expected="an XLSX file") from None
    cells = ([cell or "" for cell in row] for row in frame.iter_rows())
    return cells, len(workbook.sheet_names) - 1


def _columns(header: list[str], where: str) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    missing = [name for name in REQUIRED if name not in names]
    if len(names) == 1 and (other := next((s for s in _OTHER_SEPARATORS if s in names[0]), None)):
        message = f"the columns are separated by {_OTHER_SEPARATORS[other]}"
        raise InputError(message, where=where, value=header[0], expected="columns separated by commas")
    if missing:
        raise InputError(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            where=where,
            field=missing[0],
            value=", ".join(header),
            expected="columns " + ", ".join(REQUIRED) + f" and perhaps {', '.join(OPTIONAL)}, separated by commas",
        )
    doubled = [name for name in (*REQUIRED, *OPTIONAL) if names.count(name) > 1]
    if doubled:
        raise InputError("the column stands twice", where=where, field=doubled[0], expected="each column once")
    return {name: names.index(name) for name in (*REQUIRED, *OPTIONAL) if name in names}


def _word(row: dict[str, str], column: str, words: dict[str, str | None], where: str) -> str | None:
    cell = row.get(column, "")
    if cell.lower() not in words:
        expected = ", ".join(word for word, meaning in words.items() if meaning) + " or nothing"
        raise InputError("unknown word", where=where, field=column, value=cell, expected=expected)
    return words[cell.lower()]


def _read_person(row: dict[str, str], chart: RawChart, where: str) -> None:
    sex = _word(row, "sex", _SEX, where)
    if sex is not None and chart.sex not in (None, sex):
        raise InputError(
            f"patient {chart.patient_id} is given both sexes",
            where=where,
            field="sex",
            value=sex,
            expected=chart.sex,
        )
    chart.sex = sex or chart.sex
    cell = row.get("birth_year", "")
    if not cell:
        return
    year = int(cell) if cell.isascii() and cell.isdigit() and len(cell) == 4 else None
    if year is None or chart.birth_year not in (None, year):
        expected = str(chart.birth_year) if chart.birth_year else "a year as YYYY"
        raise InputError("unusable year of birth", where=where, field="birth_year", value=cell, expected=expected)
    chart.birth_year = year


def _read_row(row: dict[str, str], chart: RawChart, where: str, table: str) -> None:
    _read_person(row, chart, where)
    time = _time(row["datetime"], where)
    name = row["analyte"]
    analyte = None if ":" in name else find_analyte(name)
    if analyte is None:
        concept = find_named(name) if name else None
        if concept is not None:
            chart.events.append(_event(row, concept, time, where))
            return
        _unknown(name, chart, where, table)
        return
    prepost = _word(row, "prepost", _PREPOST, where)
    setting = _word(row, "setting", _SETTING, where)
    number, why = read_number(row["value"], where=where, column="value")
    if number is None:
        chart.notes.add(why or "text_result", analyte.observed_as)
        return
    chart.observations.append(RawObservation(time, analyte, number, row["unit"] or None, prepost, setting, where))


def _time(cell: str, where: str) -> Time:
    try:
        return parse_time(cell)
    except ValueError:
        raise InputError("not a date or time", where=where, field="datetime", value=cell, expected=EXPECTED) from None


def _unknown(name: str, chart: RawChart, where: str, table: str) -> None:
    near = suggest_analyte(name) if name else None
    if not name or near is not None:
        raise InputError(
            "unknown analyte" if name else "the row names no analyte",
            where=where,
            field="analyte",
            value=name,
            expected=f"the name of an analyte, perhaps {near}" if near else "the name of an analyte",
        )
    chart.notes.add("unknown_analyte", table, detail=name)


def _event(row: dict[str, str], concept: Concept, time: Time, where: str) -> RawEvent:
    """A row that is a session, drug or condition."""
    number: float | None = None
    if row["value"] and concept.kind != "condition":
        number, _ = read_number(row["value"], where=where, column="value")
    end = None
    if concept.kind == "procedure" and number is not None:
        unit = find_unit(row["unit"])
        if unit is None or unit.kind != "time" or not 0 < number * unit.factor <= _LONGEST:
            raise InputError(
                "not a length of time",
                where=where,
                field="value",
                value=f"{row['value']} {row['unit']}".strip(),
                expected=f"the length of the {concept.name} in h or min, 31 days at most",
            )
        end = time.local + timedelta(seconds=number * unit.factor)
    drug = concept.kind == "drug"
    return RawEvent(
        concept.kind,
        time.local,
        end,
        concept,
        "",
        row["analyte"],
        None,
        where,
        number if drug else None,
        (row["unit"] or None) if drug else None,
    )
