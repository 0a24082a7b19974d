from __future__ import annotations

import csv
from pathlib import Path

import pytest

from livedo.care import treatments
from livedo.care.effects import daily_effect
from livedo.care.limits import load_limits
from livedo.care.treatments import CLASSES, load_treatments
from livedo.errors import InputError
from livedo.records import express
from livedo.tables import CONFIDENCES, STATUSES

SHIPPED = Path(treatments.__file__).with_name("treatments.csv")
ROWS = list(load_treatments())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.drug_class}: {row.drug}")
def test_every_drug_has_its_source_status_and_confidence(row: treatments.Treatment) -> None:
    assert row.source
    assert row.max_source
    assert row.status in STATUSES
    assert row.max_status in STATUSES
    assert row.confidence in CONFIDENCES
    assert row.max_confidence in CONFIDENCES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.drug_class}: {row.drug}")
def test_the_usual_highest_dose_lies_below_the_refused_one(row: treatments.Treatment) -> None:
    usual = [one for one in (row.usual_max_oral, row.usual_max_iv) if one is not None]
    assert usual
    assert max(usual) < row.max_refused


def test_the_first_classes_hold_their_drugs() -> None:
    drugs = {(row.drug_class, row.drug) for row in ROWS if row.drug_class in CLASSES[:5]}
    binder, vitamin_d, calcimimetic, supplement = CLASSES[0], CLASSES[1], CLASSES[2], CLASSES[3]
    assert drugs == {
        (binder, "calcium carbonate"),
        (binder, "calcium acetate"),
        (binder, "sevelamer"),
        (binder, "lanthanum"),
        (binder, "sucroferric oxyhydroxide"),
        (binder, "ferric citrate"),
        (vitamin_d, "calcitriol"),
        (vitamin_d, "alfacalcidol"),
        (vitamin_d, "paricalcitol"),
        (vitamin_d, "doxercalciferol"),
        (calcimimetic, "cinacalcet"),
        (calcimimetic, "etelcalcetide"),
        (supplement, "calcium carbonate"),
        (CLASSES[4], "cholecalciferol"),
        (CLASSES[4], "ergocalciferol"),
    }


def test_calcium_salts_hold_what_their_molar_masses_say() -> None:
    table = load_treatments()
    for salt, mass in (("calcium carbonate", 100.087), ("calcium acetate", 158.17)):
        row = table.find("phosphate binder", salt)
        assert row.elemental_calcium == pytest.approx(40.078 / mass, rel=1e-4)
        assert row.basis_per_other == pytest.approx(mass / 40.078, rel=1e-4)


def test_calcimimetic_occupancy_at_the_published_doses() -> None:
    table = load_treatments()
    cinacalcet = table.find("calcimimetic", "cinacalcet").b_per_mg_day
    etelcalcetide = table.find("calcimimetic", "etelcalcetide").b_per_mg_day
    assert cinacalcet is not None
    assert etelcalcetide is not None
    assert 75 * cinacalcet == pytest.approx(0.05, rel=1e-2)
    assert 3 * 7.5 / 7 * etelcalcetide == pytest.approx(0.06, rel=1e-2)


def test_a_drug_acts_through_the_first_of_its_inputs_that_the_body_has() -> None:
    table = load_treatments()
    cinacalcet = table.find("calcimimetic", "cinacalcet")
    assert daily_effect(cinacalcet, 48.0, "oral", {"calcimimetic_level"}).keys() == {"calcimimetic_level"}
    assert daily_effect(cinacalcet, 48.0, "oral", {"calcimimetic_level", "cinacalcet_dose"}) == {"cinacalcet_dose": 2.0}
    with pytest.raises(InputError, match="no input"):
        daily_effect(cinacalcet, 48.0, "oral", {"P"})


def test_ergocalciferol_is_less_than_a_third_of_cholecalciferol() -> None:
    table = load_treatments()
    names, known = ("ergocalciferol", "cholecalciferol"), {"cholecalciferol_dose"}
    weak, strong = (daily_effect(table.find(CLASSES[4], n), 25.0, "oral", known)["cholecalciferol_dose"] for n in names)
    assert weak / strong == pytest.approx(60.2 / 204.7, rel=1e-2)


def test_cholecalciferol_raises_25_hydroxyvitamin_d_as_published() -> None:
    drug = load_treatments().find("vitamin D supplement", "vitamin D3")
    rise = daily_effect(drug, 25.0, "oral", {"vitamin_D_supply"})["vitamin_D_supply"]
    assert express(rise, "calcidiol", "ng/mL") == pytest.approx(12.3, rel=0.01)
    assert daily_effect(drug, 25.0, "oral", {"cholecalciferol_dose"})["cholecalciferol_dose"] == pytest.approx(
        65 / 24, rel=0.01
    )


def test_brand_names_lead_to_the_drug_in_any_case() -> None:
    assert load_treatments().find("phosphate binder", " Renvela ").drug == "sevelamer"


def test_a_drug_of_another_class_is_said_to_be_one() -> None:
    with pytest.raises(InputError, match="is a calcimimetic, not a phosphate binder"):
        load_treatments().find("phosphate binder", "cinacalcet")


def _altered(tmp_path: Path, column: str, value: str) -> Path:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0][column] = value
    path = tmp_path / "treatments.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("source", ""),
        ("status", "guessed"),
        ("confidence", ""),
        ("pbed_per_g", "much"),
        ("pbed_per_g", ""),
        ("max_refused", "-1"),
        ("max_refused", "inf"),
        ("class", "herb"),
        ("dose_unit", "IU"),
        ("drug", "calcium acetate"),
    ],
)
def test_a_row_that_is_not_whole_is_refused(tmp_path: Path, column: str, value: str) -> None:
    with pytest.raises(InputError):
        load_treatments(_altered(tmp_path, column, value))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "treatments.csv"
    path.write_text("class,drug\nphosphate binder,sevelamer\n", encoding="utf-8")
    with pytest.raises(InputError, match="a column is missing"):
        load_treatments(path)


def test_limits_have_source_status_and_confidence() -> None:
    for limit in load_limits().values():
        assert limit.source
        assert limit.status in STATUSES
        assert limit.confidence in CONFIDENCES
