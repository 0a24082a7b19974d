"""The order of entries in a file does not change the chart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livedo.records import Chart, read

HEADER = "patient,datetime,analyte,value,unit,prepost\n"
ROWS = [
    "A,2026-01-05 07:30,calcium,9.1,mg/dL,pre",
    "A,2026-01-05 07:30,calcium,9.1,mg/dL,pre",
    "A,2026-01-05 07:30,calcium,9.4,mg/dL,pre",
    "A,2026-01-05 07:30,calcium,2.3,mmol/L,",
    "A,2026-01-05 07:30:00+01:00,calcium,9.1,mg/dL,pre",
    "A,2026-01-05,phosphate,5.5,mg/dL,pre",
    "A,2026-01-05 11:30,phosphate,2.5,mg/dL,post",
    "A,2026-01-07 07:30,phosphate,___,mg/dL,pre",
    "A,2026-01-07 07:30,crp,<1,mg/L,",
    "A,2026-01-05 07:00,haemodialysis_session,4,h,",
    "A,2026-01-05 07:00,haemodialysis_session,4,h,",
    "A,2026-01-06 07:00,continuous_dialysis,,,",
    "A,2026-01-06 19:00,continuous_dialysis,,,",
    "A,2026-01-05,sevelamer,800,mg,",
    "A,2026-01-05,sevelamer,800,mg,",
    "A,2019-01-05,esrd,,,",
    "A,2026-01-05,oxalate,800,umol/L,",
    "B,2026-01-05,calcium,9.2,mg/dL,",
]


def content(chart: Chart, *, source: bool) -> tuple[Any, ...]:
    frames = (
        chart.observations,
        chart.conditions,
        chart.drugs,
        chart.procedures,
        chart.sessions,
        chart.spans,
    )
    rows = tuple(tuple((frame if source else frame.drop("source")).rows()) for frame in frames)
    return (
        chart.patient_id,
        chart.sex,
        chart.birth_year,
        chart.aliases,
        chart.dialysis,
        chart.findings,
        rows,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("order")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(rows=st.permutations(ROWS))
def test_any_order_of_rows_gives_the_same_chart(folder: Path, rows: list[str]) -> None:
    def chart(name: str, lines: list[str]) -> Chart:
        path = folder / name
        path.write_text(HEADER + "\n".join(lines), encoding="utf-8")
        return read(path, "A")

    assert content(chart("labs.csv", rows), source=False) == content(chart("labs.csv", ROWS), source=False)


def resources() -> list[dict[str, Any]]:
    person = {"resource": {"resourceType": "Patient", "id": "p1", "gender": "male"}, "fullUrl": "urn:uuid:1"}
    entries: list[dict[str, Any]] = [person]
    for index, (code, value) in enumerate([("17861-6", 9.1), ("17861-6", 9.1), ("17861-6", 9.3), ("2777-1", 5.5)]):
        observation = {
            "resourceType": "Observation",
            "id": f"o{index}",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "subject": {"reference": "urn:uuid:1" if index % 2 else "Patient/p1"},
            "effectiveDateTime": "2026-01-05T07:30:00Z",
            "valueQuantity": {"value": value, "unit": "mg/dL"},
        }
        procedure = {
            "resourceType": "Procedure",
            "id": f"s{index}",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "302497006"}]},
            "subject": {"reference": "Patient/p1"},
            "performedDateTime": f"2026-01-0{index // 2 + 1}",
        }
        entries += [{"resource": observation}, {"resource": procedure}]
    return entries


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(entries=st.permutations(resources()))
def test_any_order_of_entries_gives_the_same_chart_and_sources(folder: Path, entries: list[dict[str, Any]]) -> None:
    def chart(listed: list[dict[str, Any]]) -> Chart:
        path = folder / "b.json"
        path.write_text(json.dumps({"resourceType": "Bundle", "entry": listed}), encoding="utf-8")
        return read(path, "p1")

    assert content(chart(entries), source=True) == content(chart(resources()), source=True)
