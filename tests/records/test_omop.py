"""OMOP CDM: ids, codes as exports really write them, units, stays, and what is refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.records import Chart, read

PERSON = "person_id,gender_concept_id,year_of_birth,person_source_value\n-7,8532,1961,10039\n"
MEASURED = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number,"
    "unit_concept_id,measurement_source_value,unit_source_value,operator_concept_id,value_source_value\n"
)
CALCIUM = "1,-7,3006906,2026-01-05,2026-01-05 07:30:00,9.0,8840,Calcium,mg/dL,,\n"
CONDITIONS = "person_id,condition_concept_id,condition_start_date,condition_source_value\n"
PROCEDURES = "person_id,procedure_concept_id,procedure_date,procedure_datetime,procedure_source_value\n"
VISITS = "person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime\n"


def folder_of(folder: Path, measured: str = CALCIUM, **tables: str) -> Path:
    (folder / "person.csv").write_text(PERSON, encoding="utf-8")
    (folder / "measurement.csv").write_text(MEASURED + measured, encoding="utf-8")
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def chart_of(folder: Path, measured: str = CALCIUM, **tables: str) -> Chart:
    return read(folder_of(folder, measured, **tables), "10039")


def counts(chart: Chart) -> dict[str, int]:
    return {finding.code: finding.count for finding in chart.findings}


def test_person_is_found_by_id_or_source_value(tmp_path: Path) -> None:
    path = folder_of(tmp_path)
    chart = read(path, -7)
    assert (chart.patient_id, chart.aliases, chart.sex, chart.birth_year) == (
        "-7",
        ("10039",),
        "female",
        1961,
    )
    assert read(path, "10039").patient_id == "-7"
    with pytest.raises(InputError, match="no such patient") as caught:
        read(path, "10040")
    assert "-7 (10039)" in str(caught.value)


@pytest.mark.parametrize(
    ("concept", "word", "value"), [("8840", "mg/dL", 2.2456), ("8840", "", 2.2456), ("0", "mg/dl", 2.2456)]
)
def test_unit_comes_from_the_source_or_the_concept(tmp_path: Path, concept: str, word: str, value: float) -> None:
    row = f"1,-7,3006906,2026-01-05,,9.0,{concept},Calcium,{word},,\n"
    assert chart_of(tmp_path, row).values("calcium")["value"].item() == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,-7,3006906,2026-01-05,,9.0,8753,Calcium,mg/dL,,\n", "say different things"),
        ("1,-7,3006906,2026-01-05,,9.0,0,Calcium,,,\n", "unit is missing"),
        ("1,-7,3006906,2026-01-05,,9.0,99999,Calcium,,,\n", "unknown unit"),
        ("1,-7,3006906,2026-01-05,,9.1,8753,Calcium,mmol/L,,\n", "9.1 mg/dL would be plausible"),
        ("1,-7,3006906,2026-13-05,,9.1,8840,Calcium,mg/dL,,\n", "not a date or time"),
        ("1,-7,3006906,2026-01-05,,9.1x,8840,Calcium,mg/dL,,\n", "not a number"),
    ],
)
def test_unusable_measurement_is_refused_by_its_id(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        chart_of(tmp_path, row)
    assert caught.value.where == "measurement.csv measurement_id 1"
    assert words in str(caught.value)


def test_concept_zero_falls_back_on_the_source(tmp_path: Path) -> None:
    rows = CALCIUM + "2,-7,0,2026-01-05,,5.5,8840,2777-1,mg/dL,,\n3,-7,0,2026-01-05,,5.5,8840,who knows,mg/dL,,\n"
    chart = chart_of(tmp_path, rows)
    assert chart.values("phosphate").height == 1
    assert counts(chart)["unknown_analyte"] == 1


def test_text_and_limits_are_counted(tmp_path: Path) -> None:
    rows = CALCIUM + (
        "2,-7,3011904,2026-01-05,,,8840,P,mg/dL,,UNABLE TO REPORT\n"
        "3,-7,3020460,2026-01-05,,0.3,8751,CRP,mg/L,4171756,\n"
        "4,-7,3020460,2026-01-06,,,8751,CRP,mg/L,,<0.3\n"
    )
    chart = chart_of(tmp_path, rows)
    assert chart.observations.height == 1
    assert counts(chart) | {"text_result": 1, "censored_result": 2} == counts(chart)


@pytest.mark.parametrize("code", ["N186   ", "N18.6", "5856", "585.6 "])
def test_icd_code_is_known_without_dots_and_with_blanks(tmp_path: Path, code: str) -> None:
    chart = chart_of(tmp_path, condition_occurrence=CONDITIONS + f"-7,0,2026-01-01,{code}\n")
    assert chart.conditions["name"].to_list() == ["esrd"]
    assert chart.dialysis.on


def test_condition_is_known_by_its_concept_where_the_source_is_not(tmp_path: Path) -> None:
    chart = chart_of(tmp_path, condition_occurrence=CONDITIONS + "-7,193782,2026-01-01,local-4\n")
    assert chart.conditions["name"].to_list() == ["esrd"]


def test_stays_and_continuous_dialysis_become_spans(tmp_path: Path) -> None:
    chart = chart_of(
        tmp_path,
        CALCIUM + "2,-7,3006906,2026-01-20,2026-01-20 07:30:00,9.1,8840,Calcium,mg/dL,,\n",
        visit_occurrence=VISITS
        + "-7,9201,2026-01-04,2026-01-04 12:00:00,2026-01-09,2026-01-09 12:00:00\n"
        + "-7,9203,2026-02-01,2026-02-01 12:00:00,2026-02-01,2026-02-01 15:00:00\n"
        + "-7,581385,2026-03-01,2026-03-01 12:00:00,2026-03-03,2026-03-03 15:00:00\n"
        + "-7,9202,2026-04-01,,2026-04-01,\n",
        procedure_occurrence=PROCEDURES
        + "-7,0,2026-01-05,2026-01-05 00:00:00,225802\n"
        + "-7,0,2026-01-05,2026-01-05 10:00:00,225802\n"
        + "-7,4120120,2026-01-08,2026-01-08 09:00:00,x\n"
        + "-7,0,2026-01-09,2026-01-09 12:00:00,5A1D70Z\n",
    )
    kinds = dict(zip(chart.spans["time"], zip(chart.spans["kind"], chart.spans["end"], strict=True), strict=True))
    assert kinds == {
        datetime(2026, 1, 4, 12): ("inpatient", datetime(2026, 1, 9, 12)),
        datetime(2026, 1, 5): ("continuous_dialysis", datetime(2026, 1, 5, 10)),
        datetime(2026, 1, 5, 10): ("continuous_dialysis", datetime(2026, 1, 6, 10)),
        datetime(2026, 2, 1, 12): ("emergency", datetime(2026, 2, 1, 15)),
        datetime(2026, 3, 1, 12): ("inpatient", datetime(2026, 3, 3, 15)),
    }
    assert chart.values("calcium")["setting"].to_list() == ["inpatient", "outpatient"]
    assert chart.values("calcium")["continuous_dialysis"].to_list() == [True, False]
    assert chart.values("calcium", outpatient_only=True)["recorded_value"].to_list() == [9.1]
    assert chart.sessions["time"].to_list() == [datetime(2026, 1, 8, 9)]
    assert counts(chart) | {"billing_time": 1, "crrt_end_assumed": 2} == counts(chart)


def test_dialysis_procedures_within_ninety_days_are_not_chronic(tmp_path: Path) -> None:
    def dialysed(*days: str) -> bool:
        rows = "".join(f"-7,4120120,{day},,x\n" for day in days)
        return chart_of(tmp_path, procedure_occurrence=PROCEDURES + rows).dialysis.on

    assert not dialysed("2026-01-01", "2026-02-01")
    assert dialysed("2026-01-01", "2026-06-01")


def test_transplant_after_the_last_dialysis_ends_it(tmp_path: Path) -> None:
    chart = chart_of(
        tmp_path,
        condition_occurrence=CONDITIONS + "-7,0,2025-01-01,N186\n",
        procedure_occurrence=PROCEDURES + "-7,4120120,2025-06-01,,x\n-7,0,2026-01-01,,0TY00Z0\n",
    )
    assert not chart.dialysis.on
    assert "transplant on 2026-01-01" in chart.dialysis.why


def test_death_and_drug_dose_are_read(tmp_path: Path) -> None:
    drugs = (
        "person_id,drug_concept_id,drug_exposure_start_date,quantity,dose_unit_source_value,route_source_value\n"
        "-7,19127954,2026-01-05,800,mg,PO\n-7,0,2026-01-05,1,,PO\n"
    )
    chart = chart_of(tmp_path, drug_exposure=drugs, death="person_id,death_date\n-7,2026-05-01\n")
    assert chart.died == datetime(2026, 5, 1)
    named = chart.drugs.filter(chart.drugs["name"] == "sevelamer").row(0, named=True)
    assert (named["dose"], named["dose_unit"], named["route"]) == (800.0, "mg", "PO")
    assert chart.drugs["dose"].null_count() == 1


def test_missing_table_and_column_are_named(tmp_path: Path) -> None:
    path = folder_of(tmp_path)
    (path / "measurement.csv").write_text("person_id,measurement_date\n", encoding="utf-8")
    with pytest.raises(InputError, match="missing column measurement_concept_id") as caught:
        read(path)
    assert caught.value.where == "measurement.csv"
    (path / "measurement.csv").unlink()
    with pytest.raises(InputError, match="no measurement table"):
        read(path)


def test_doubled_column_is_refused(tmp_path: Path) -> None:
    path = folder_of(tmp_path, death="person_id,death_date,Death_Date\n-7,2026-01-01,2026-01-02\n")
    with pytest.raises(InputError, match="stands twice") as caught:
        read(path)
    assert (caught.value.where, caught.value.field) == ("death.csv", "death_date")


def test_table_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = folder_of(tmp_path)
    (path / "measurement.csv.gz").write_bytes((path / "measurement.csv").read_bytes())
    with pytest.raises(InputError, match="more than once"):
        read(path)


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    import polars as pl

    path = folder_of(tmp_path)
    pl.read_csv(path / "measurement.csv").write_parquet(path / "measurement.parquet")
    (path / "measurement.csv").unlink()
    assert read(path, "10039").values("calcium")["recorded_value"].to_list() == [9.0]
