"""Open real and synthetic records kept beside the repository: MIMIC-IV demo, Synthea, US Core examples."""

from __future__ import annotations

import csv
import gzip
import io
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from livedo.errors import InputError
from livedo.records import Chart, find_analyte, list_patients, read

SUBJECT = "10039708"
TOTALS = {"calcium_total": 107, "phosphate": 108, "alp": 54, "albumin": 28, "inr": 86, "ferritin": 6}


@pytest.fixture(scope="module")
def omop(shared: Path) -> Chart:
    return read(shared / "data" / "mimic_iv_demo_omop_esrd", SUBJECT)


@pytest.fixture(scope="module")
def native_rows(shared: Path) -> list[dict[str, str]]:
    packed = (shared / "data" / "mimic_iv_demo" / "labs.csv.gz").read_bytes()
    return list(csv.DictReader(io.StringIO(gzip.decompress(packed).decode("utf-8"))))


@pytest.fixture(scope="module")
def native(native_rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """The same patient's labs in their native form, written as a long table."""
    path = tmp_path_factory.mktemp("mimic") / "labs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "datetime", "analyte", "value", "unit"])
        for row in native_rows:
            if row["subject_id"] == SUBJECT:
                cells = row["charttime"], row["lab_category"], row["value"] or row["value_text"], row["unit"]
                writer.writerow([row["subject_id"], *cells])
    return read(path, SUBJECT)


def test_both_forms_of_one_patient_agree_value_for_value(omop: Chart, native: Chart) -> None:
    shared_analytes = set(omop.observations["analyte"]) & set(native.observations["analyte"])
    assert shared_analytes >= {
        "calcium_total",
        "phosphate",
        "alp",
        "albumin",
        "bicarbonate",
        "creatinine",
        "urea",
    }
    for analyte in shared_analytes:
        one, other = omop.values(analyte), native.values(analyte)
        assert one["value"].to_list() == other["value"].to_list(), analyte
        assert one["unit"].unique().to_list() == other["unit"].unique().to_list()
        shifts = {later - sooner for sooner, later in zip(one["time"], other["time"], strict=True)}
        # Whole days, alike but for a 29 February.
        assert len({shift.days for shift in shifts}) <= 2, analyte
        assert all(shift.seconds == 0 for shift in shifts), analyte
        assert max(shifts) - min(shifts) <= timedelta(days=1), analyte


def test_real_chart_holds_what_the_records_hold(omop: Chart) -> None:
    counts = Counter(omop.observations["analyte"])
    assert {name: counts[name] for name in TOTALS} == TOTALS
    assert (omop.sex, omop.birth_year, omop.aliases) == ("female", 1970, (SUBJECT,))
    assert omop.values("calcium")["recorded_value"].median() == pytest.approx(8.6)
    assert omop.values("pth").is_empty()
    assert omop.dialysis.on
    assert {"sevelamer", "doxercalciferol", "epoetin", "warfarin"} <= set(omop.drugs["name"])


def test_hospital_and_continuous_dialysis_are_flagged(omop: Chart) -> None:
    kinds = Counter(omop.spans["kind"])
    assert kinds == {"inpatient": 9, "emergency": 1, "continuous_dialysis": 6}
    assert set(omop.observations["setting"]) == {"inpatient"}
    assert 0 < omop.observations["continuous_dialysis"].sum() < omop.observations.height
    assert omop.values("calcium", outpatient_only=True).is_empty()
    assert "no_sessions" in {finding.code for finding in omop.findings}


def test_all_three_real_patients_are_on_dialysis_and_must_be_told_apart(shared: Path) -> None:
    path = shared / "data" / "mimic_iv_demo_omop_esrd"
    entries = list_patients(path)
    assert {alias for entry in entries for alias in entry.aliases} == {"10039708", "10010471", "10021938"}
    assert all(entry.dialysis.on for entry in entries)
    with pytest.raises(InputError, match="3 dialysis patients"):
        read(path)


def test_free_calcium_is_believed_by_its_unit_and_refused_under_another(
    native: Chart, native_rows: list[dict[str, str]], tmp_path: Path
) -> None:
    ionised = native.values("calcium_ionised")
    assert ionised.height == 41
    assert set(ionised["recorded_unit"]) == {"mg/dL"}
    assert ionised["value"].median() == pytest.approx(4.68 / 4.0078, abs=1e-3)
    row = next(row for row in native_rows if row["lab_category"] == "calcium_ionized")
    path = tmp_path / "labs.csv"
    for value, unit in ((row["value"], "mmol/L"), (str(float(row["value"]) / 4), "mg/dL")):
        path.write_text(
            f"patient,datetime,analyte,value,unit\nA,2026-01-05,free calcium,{value},{unit}\n",
            encoding="utf-8",
        )
        with pytest.raises(InputError, match="would be plausible"):
            read(path, "A")


def test_text_results_of_the_real_labs_are_counted(native_rows: list[dict[str, str]], tmp_path: Path) -> None:
    known = [row for row in native_rows if find_analyte(row["lab_category"]) is not None]
    empty = [row for row in known if not row["value"]]
    assert len(empty) > 30
    path = tmp_path / "labs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "datetime", "analyte", "value", "unit"])
        writer.writerow(["A", "2026-01-05", "calcium", "9.1", "mg/dL"])
        writer.writerows(["A", r["charttime"], r["lab_category"], r["value_text"], r["unit"]] for r in empty)
    chart = read(path, "A")
    assert chart.observations.height == 1
    assert sum(f.count for f in chart.findings if f.code in ("text_result", "censored_result")) == len(empty)


@pytest.mark.parametrize("name", ["Diane_McDermott", "Edith_Tromp"])
def test_synthetic_bundle_is_read_without_naming_the_patient(shared: Path, name: str) -> None:
    start = time.perf_counter()
    chart = read(shared / "data" / "synthea_dialysis_fhir" / f"{name}.bundle.json.gz")
    assert time.perf_counter() - start < 10
    assert chart.dialysis.on
    assert chart.values("calcium").height > 40
    assert chart.values("albumin").height > 20
    assert chart.values("pth").is_empty()
    assert chart.sessions.height > 50
    codes = {finding.code for finding in chart.findings}
    assert codes >= {"chosen_patient", "duplicate", "conflict", "childhood", "utc", "unknown_analyte"}


def test_phosphate_of_the_synthetic_patients_is_absent_or_two_draws_of_one_stay(shared: Path) -> None:
    folder = shared / "data" / "synthea_dialysis_fhir"
    assert read(folder / "Edith_Tromp.bundle.json.gz").values("phosphate").is_empty()
    assert read(folder / "Diane_McDermott.bundle.json.gz").values("phosphate").height == 2


def test_bulk_export_gives_the_same_chart_as_the_bundle(shared: Path) -> None:
    folder = shared / "data" / "synthea_dialysis_fhir"
    one = read(folder / "Edith_Tromp.bundle.json.gz")
    other = read(folder / "bulk", one.patient_id)
    assert one.observations.drop("source").equals(other.observations.drop("source"))
    assert one.sessions.drop("source").equals(other.sessions.drop("source"))
    assert one.drugs.drop("source").equals(other.drugs.drop("source"))


def test_patient_after_a_transplant_is_not_taken_for_a_dialysis_patient(shared: Path) -> None:
    entries = list_patients(shared / "data" / "synthea_dialysis_fhir" / "bulk")
    assert [entry.dialysis.on for entry in entries] == [True, False, True]
    assert "transplant" in entries[1].dialysis.why


def test_us_core_examples_are_read_without_unit_codes(shared: Path) -> None:
    chart = read(shared / "data" / "us_core_examples", "example")
    assert chart.values("calcium")["recorded_value"].to_list() == [7.7]
    assert chart.values("haemoglobin")["unit"].to_list() == ["g/L"]
