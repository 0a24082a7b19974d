"""The tables of analytes, units and codes hold together."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from livedo.records import accepted_units, analytes, convert, find_analyte
from livedo.records.analytes import analyte_of_code
from livedo.records.codes import concepts, find_concept, find_named
from livedo.records.units import units


@pytest.mark.parametrize("name", list(analytes()))
def test_analyte_row_is_whole(name: str) -> None:
    analyte = analytes()[name]
    assert analyte.label
    assert analyte.low < analyte.high
    assert analyte.observed_as in analytes()
    assert analytes()[analyte.observed_as].unit == analyte.unit
    assert set(accepted_units(analyte)) <= set(units())
    assert all(convert(1.0, unit, analyte) > 0 for unit in accepted_units(analyte))
    assert find_analyte(name) is analyte
    if analyte.typical_low is not None and analyte.typical_high is not None:
        assert analyte.low < analyte.typical_low < analyte.typical_high < analyte.high


@pytest.mark.parametrize(
    ("name", "analyte"),
    [
        ("Calcium, Total", "calcium_total"),
        ("free calcium", "calcium_ionised"),
        ("25-OH vitamin D", "calcidiol"),
        ("1,25-dihydroxyvitamin D", "calcitriol"),
        ("INR(PT)", "inr"),
        ("alkaline_phosphatase", "alp"),
        ("17861-6", "calcium_total"),
        ("LBXSPH", "phosphate"),
    ],
)
def test_analyte_is_found_by_its_other_names(name: str, analyte: str) -> None:
    found = find_analyte(name)
    assert found is not None
    assert found.name == analyte


def test_analyte_codes_and_ranges_agree_with_the_shared_table(shared: Path) -> None:
    systems = {
        "LOINC": "loinc", "OMOP": "omop", "MIMIC-IV itemid": "mimic", "CLIF lab_category": "clif",
        "eICU labname": "eicu", "NHANES": "nhanes",
    }  # fmt: skip
    apart = {"urea", "urea_nitrogen", "urea_nitrogen_pre", "urea_nitrogen_post", "calcitriol"}
    with (shared / "codes.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in ("lab", "vital", "wound") and row["code"]]
    for row in rows:
        analyte = analyte_of_code(systems[row["system"]], row["code"])
        assert analyte is not None, row
        unit = {"1": analyte.unit, "mL/min/1.73m2": "mL/min/{1.73_m2}"}.get(row["unit"], row["unit"])
        if analyte.name in apart or unit not in accepted_units(analyte):
            continue
        low, high = float(row["plausible_low"]), float(row["plausible_high"])
        assert convert(low, unit, analyte) == pytest.approx(analyte.low, rel=0.35), row
        assert convert(high, unit, analyte) == pytest.approx(analyte.high, rel=0.35), row


@pytest.mark.parametrize(
    ("kind", "system", "code", "name"),
    [
        ("condition", "ICD10CM", "N18.6", "esrd"),
        ("condition", "ICD10CM", "N186   ", "esrd"),
        ("condition", "ICD9CM", "5856 ", "esrd"),
        ("condition", "ICD10CM", "L97.512", "skin_ulcer"),
        ("condition", "ICD10CM", "E83.59", "other_calcium_metabolism"),
        ("procedure", "SNOMED", "302497006", "haemodialysis_session"),
        ("procedure", "MIMIC", "225802", "continuous_dialysis"),
        ("drug", "ATC", "V03AE02", "sevelamer"),
        ("drug", "RXNORM", "855332", "warfarin"),
    ],
)
def test_code_is_named(kind: str, system: str, code: str, name: str) -> None:
    found = find_concept(kind, [(system, code)])
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sensipar 30 mg", "cinacalcet"),
        ("Renvela 800 MG Oral Tablet", "sevelamer"),
        ("calcitriol 0.25 MCG Oral Capsule", "calcitriol"),
        ("Phoslo", "calcium_acetate"),
    ],
)
def test_drug_is_named_from_free_text(text: str, name: str) -> None:
    found = find_concept("drug", [], text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "text", ["Insertion of hemodialysis catheter", "Hemodialysis education", "Creation of fistula"]
)
def test_procedure_about_dialysis_is_not_a_session(text: str) -> None:
    assert find_concept("procedure", [], text) is None


def test_names_are_found_in_both_spellings() -> None:
    for name in ("haemodialysis_session", "hemodialysis session"):
        found = find_named(name)
        assert found is not None
        assert found.group == "haemodialysis"


def test_no_terms_of_licensed_code_systems_are_shipped() -> None:
    assert {c.system for c in concepts()} >= {"CPT", "SNOMED"}
    for concept in concepts():
        assert " " not in concept.name
        assert concept.system not in ("CPT", "SNOMED") or concept.code.isalnum()
