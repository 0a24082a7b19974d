"""What a record tells of the person: values it gives, conditions it names, drugs that a plan leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import load_body
from livedo.care import read_plan
from livedo.patients import prior_of
from livedo.patients.conditions import load_conditions
from livedo.records import read
from livedo.records.codes import concepts, find_concept
from livedo.tracking.person import OBESE, charted_conditions, not_ordered, person

COLUMNS = "patient,sex,birth_year,datetime,analyte,value,unit\n"


def chart_of(tmp_path, *rows, sex="female", born="1960"):
    path = tmp_path / "labs.csv"
    path.write_text(COLUMNS + "".join(f"A1,{sex},{born},2024-0{i + 1}-03 08:00,{row}\n" for i, row in enumerate(rows)))
    return read(path)


def test_every_charted_condition_is_one_that_records_name_and_conditions_know():
    named = {code.name for code in concepts() if code.kind == "condition"}
    for row in charted_conditions():
        assert row.charted in named
        assert row.condition in load_conditions()


def test_age_sex_and_blood_of_the_record_are_taken(tmp_path):
    chart = chart_of(tmp_path, "haemoglobin,95,g/L", "haemoglobin,10.1,g/dL", "haemoglobin,97,g/L", "CRP,12,mg/L")
    found = person(chart, load_body())
    assert found.given["age"] == 64
    assert found.given["haemoglobin"] == 97
    assert found.given["CRP"] == 12
    assert found.conditions == ("female sex",)


def test_what_is_not_in_the_record_is_said_to_be_drawn(tmp_path):
    found = person(chart_of(tmp_path, "phosphate,1.8,mmol/L", sex="", born=""), load_body())
    assert not found.given
    drawn = next(s for s in found.said if s.startswith("Not told by the record"))
    for words in ("age", "sexes", "body mass index", "haemoglobin", "C-reactive protein"):
        assert words in drawn


def test_what_the_record_holds_and_cannot_tell_now_is_said_to_be_drawn_with_the_reason(tmp_path):
    path = tmp_path / "labs.csv"
    path.write_text(
        COLUMNS + "A1,F,1960,2010-01-03 08:00,haemoglobin,95,g/L\nA1,F,1960,2024-01-03 08:00,phosphate,1.8,mmol/L\n"
    )
    said = " ".join(person(read(path), load_body()).said)
    assert "haemoglobin (left out of 1 draw: 1 too old to describe the patient now)" in said


def test_c_reactive_protein_is_not_taken_beside_a_given_lesion(tmp_path):
    chart = chart_of(tmp_path, "CRP,80,mg/L")
    assert "CRP" not in person(chart, load_body(), lesion=True).given


@pytest.mark.parametrize(("height", "obese"), [("150", True), ("185", False)])
def test_obesity_follows_from_weight_and_height(tmp_path, height, obese):
    chart = chart_of(tmp_path, "body_weight,80,kg", f"body_height,{height},cm")
    found = person(chart, load_body())
    assert found.given["BMI"] == pytest.approx(80 / (int(height) / 100) ** 2)
    assert ("obesity" in found.conditions) == (found.given["BMI"] >= OBESE) == obese


def test_conditions_move_what_the_table_says_in_every_version(tmp_path):
    body = load_body()
    found = person(chart_of(tmp_path, "phosphate,1.8,mmol/L"), body, dialysed=False)
    numbers = np.arange(5)
    prior = prior_of(body, found.given)
    drawn = prior.values(prior.scores(numbers, 1))
    moved = found.values(body, drawn, 1, numbers)
    for effect in load_conditions()["female sex"]:
        before = drawn.get(effect.symbol, np.full(5, body.parameters[effect.symbol].value))
        np.testing.assert_allclose(moved[effect.symbol], effect.of(before))


def test_a_charted_protein_is_not_moved_by_what_the_person_has(tmp_path):
    body = load_body()
    found = person(chart_of(tmp_path, "crp,12,mg/L"), body, conditions=["diabetes"])
    assert found.values(body, {"CRP": np.full(3, 12.0)}, 1, np.arange(3))["CRP"].tolist() == [12.0] * 3


def test_what_the_record_lacks_is_told_beside_people_on_dialysis(tmp_path):
    told, untold = (
        person(chart_of(tmp_path, "phosphate,1.8,mmol/L"), load_body(), dialysed=dialysed) for dialysed in (True, False)
    )
    assert set(told.common) == {"female sex", "diabetes"}
    assert not untold.common
    assert "taken as absent" in " ".join(told.said)


def test_the_real_patient_has_cirrhosis_and_drugs_that_the_plan_leaves_out(shared, root):
    chart = read(shared / "data/mimic_iv_demo_omop_esrd", patient="10039708")
    assert "liver cirrhosis" in person(chart, load_body()).conditions
    said = not_ordered(chart, read_plan(root / "examples/plans/usual_care.yaml"))
    assert "doxercalciferol" in said[0]


def test_the_example_patient_has_diabetes_and_obesity(root):
    chart = read(root / "examples/records/Ira_Gerhold.bundle.json.gz")
    assert person(chart, load_body()).conditions == ("diabetes", "obesity")


@pytest.mark.parametrize(
    ("system", "code", "name"),
    [
        ("ICD10CM", "E11.9", "diabetes"),
        ("ICD9CM", "250.40", "diabetes"),
        ("ICD10CM", "E66.9", "obesity"),
        ("ICD9CM", "571.5", "cirrhosis"),
    ],
)
def test_usual_codes_of_conditions_are_known(system, code, name):
    assert find_concept("condition", [(system, code)]).name == name
