"""Which patient is read, and what is said where that cannot be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.records import list_patients, read, read_all

HEADER = "patient,datetime,analyte,value,unit\n"
LAB = "{0},2026-01-05 07:30,calcium,9.1,mg/dL\n"
SICK = "{0},2020-01-01,esrd,,\n"


def table(folder: Path, *rows: str) -> Path:
    path = folder / "unit.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def test_the_only_dialysis_patient_is_taken_and_a_finding_says_so(tmp_path: Path) -> None:
    chart = read(table(tmp_path, LAB.format("A"), LAB.format("B"), SICK.format("B")))
    assert chart.patient_id == "B"
    assert any(f.code == "chosen_patient" and "B" in f.message for f in chart.findings)


def test_named_patient_needs_no_finding(tmp_path: Path) -> None:
    chart = read(table(tmp_path, LAB.format("A"), SICK.format("A")), "A")
    assert "chosen_patient" not in {f.code for f in chart.findings}


def test_several_dialysis_patients_are_listed(tmp_path: Path) -> None:
    rows = [form.format(name) for name in "ABC" for form in (LAB, SICK)]
    with pytest.raises(InputError, match="3 dialysis patients") as caught:
        read(table(tmp_path, *rows))
    assert caught.value.field == "patient"
    assert "A, B, C" in str(caught.value)


def test_no_dialysis_patient_is_said_and_all_are_listed(tmp_path: Path) -> None:
    path = table(tmp_path, LAB.format("A"), LAB.format("B"))
    with pytest.raises(InputError, match="nothing recorded says") as caught:
        read(path)
    assert "A, B" in str(caught.value)
    assert "not_dialysed" in {f.code for f in read(path, "A").findings}


def test_patient_who_is_not_there_is_refused_with_those_who_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such patient") as caught:
        read(table(tmp_path, LAB.format("A"), LAB.format("B")), "Z")
    assert (caught.value.field, caught.value.value) == ("patient", "Z")
    assert "A, B" in str(caught.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder") as caught:
        read(tmp_path / "gone.csv")
    assert "gone.csv" in str(caught.value)


def test_file_of_unknown_form_is_refused_with_the_forms(tmp_path: Path) -> None:
    path = tmp_path / "notes.docx"
    path.write_text("x", encoding="utf-8")
    for unknown in (path, tmp_path):
        with pytest.raises(InputError, match="no reader takes") as caught:
            read(unknown)
        assert "OMOP CDM folder" in str(caught.value)


def test_patients_are_listed_with_their_evidence(tmp_path: Path) -> None:
    entries = list_patients(table(tmp_path, LAB.format("A"), LAB.format("B"), SICK.format("B")))
    assert [(entry.patient_id, entry.dialysis.on) for entry in entries] == [("A", False), ("B", True)]


def test_all_charts_are_made_when_asked_for(tmp_path: Path) -> None:
    charts = read_all(table(tmp_path, LAB.format("A"), LAB.format("B")))
    assert [chart.patient_id for chart in charts] == ["A", "B"]
    assert [chart.patient_id for chart in charts[1:]] == ["B"]
