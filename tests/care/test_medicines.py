"""Drugs under ``medicines``: found in their table, laid out at their hours, refused where they cannot be given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livedo.body import PHYSIOLOGY, load_body
from livedo.care.checks import check_plan
from livedo.care.orders import inputs_at, medicine_inputs, sessions
from livedo.care.plan import Plan
from livedo.care.pulses import pulse_schedule, pulses
from livedo.care.reading import examine_plan, read_plan
from livedo.care.treatments import drug_classes, load_treatments

MakePlan = Callable[..., Plan]
ROWS = [row for row in load_treatments() if row.drug_class in drug_classes()]


def medicine(drug: str, dose: str, schedule: str, **more: Any) -> dict[str, Any]:
    return {"drug": drug, "dose": dose, "schedule": schedule, **more}


def errors(plan: Plan) -> list[str]:
    return [issue.code for issue in check_plan(plan) if issue.severity == "error"]


def test_every_class_has_a_drug_and_an_organ_of_the_body() -> None:
    organs = PHYSIOLOGY
    assert {row.drug_class for row in ROWS} == set(drug_classes())
    for one in drug_classes().values():
        assert (organs / one.source).is_file(), one.name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.drug)
def test_what_a_drug_acts_through_is_in_the_body(row: Any) -> None:
    body = load_body()
    assert set(row.inputs) & set(body.inputs)
    for pool, share in row.pools:
        assert pool in body.model.states
        assert share > 0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.drug)
def test_a_plan_can_name_every_drug(plan: MakePlan, row: Any) -> None:
    kind = {"every": "every 26 weeks"}.get(row.schedules[0], row.schedules[0])
    basis = f" {row.basis}" if row.other_basis else ""
    one = plan(medicines=[medicine(row.drug, f"{row.tablets[0] if row.tablets else 1} {row.dose_unit}{basis}", kind)])
    assert not errors(one)
    assert row.drug.capitalize() in one.describe()
    known = load_body().inputs
    held = {s: v for s, v in inputs_at(one, 0.0, known=known).items() if s in medicine_inputs(load_treatments()) and v}
    given, infused = pulses(one, sessions(one))
    assert bool(held) != bool(given or infused)


def test_a_swallowed_drug_is_a_rate_and_an_injected_one_a_dose_at_its_hour(plan: MakePlan) -> None:
    one = plan(
        medicines=[
            medicine("warfarin", "5 mg", "daily"),
            medicine("apixaban", "2.5 mg", "twice a day"),
            medicine("denosumab", "60 mg", "every 26 weeks", start="day 7"),
            medicine("teriparatide", "20 ug", "daily"),
        ]
    )
    held = inputs_at(one, 0.0, known=load_body().inputs)
    assert held["warfarin_dose"] == pytest.approx(5 / 24)
    assert held["apixaban_dose"] == pytest.approx(5 / 24)
    given = {pulse.pool: pulse for pulse in pulses(one, sessions(one))[0]}
    assert given["denosumab_depot"].amount == pytest.approx(60 * 0.729)
    assert (given["denosumab_depot"].at_h, given["denosumab_depot"].every_h) == (7 * 24 + 8.0, 26 * 168.0)
    assert given["teriparatide_depot"].every_h == 24.0


def test_a_dose_each_session_goes_in_at_its_start_its_end_or_through_it(plan: MakePlan) -> None:
    one = plan(
        medicines=[
            medicine("heparin", "36 mg", "each session"),
            medicine("sodium thiosulfate", "25 g", "each session"),
            medicine("hexasodium fytate", "600 mg", "each session"),
        ]
    )
    given, infused = pulses(one, sessions(one))
    assert sorted(p.at_h for p in given if p.pool == "heparin") == [8.0, 56.0, 104.0]
    assert sorted(p.at_h for p in given if p.pool == "thiosulfate") == [12.0, 60.0, 108.0]
    assert next(p.amount for p in given if p.pool == "thiosulfate") == pytest.approx(100.7, rel=1e-3)
    assert len(infused) == 3
    assert infused[0].rate * 4 == pytest.approx(757.7, rel=1e-3)
    targets = {rule.target for rule in pulse_schedule(one, sessions(one)).rules}
    assert targets == {"heparin", "thiosulfate", "fytate_dose"}


def test_a_preparation_of_iron_reaches_FGF23_as_its_row_says(plan: MakePlan) -> None:
    def pools(drug: str) -> dict[str, float]:
        one = plan(medicines=[medicine(drug, "200 mg", "once")])
        return {p.pool: p.amount for p in pulses(one, sessions(one))[0]}

    assert pools("iron sucrose") == {"iron_stores": 200.0}
    assert pools("ferric carboxymaltose") == {"iron_stores": 200.0, "iron_FGF23": 200.0}
    assert pools("ferric derisomaltose")["iron_FGF23"] == pytest.approx(20.0)


def test_a_drug_starts_and_stops_with_its_entry(plan: MakePlan) -> None:
    one = plan(medicines=[medicine("sodium thiosulfate", "25 g", "each session", start="week 2", stop="week 4")])
    pulse = pulses(one, sessions(one))[0][0]
    assert (pulse.from_h, pulse.until_h) == (2 * 168 + 4.0, 4 * 168 + 4.0)
    assert not pulse_schedule(one, sessions(one), as_at_start=True).rules


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (medicine("snake oil", "1 mg", "daily"), "unknown_drug"),
        (medicine("cinacalcet", "30 mg", "daily"), "unknown_drug"),
        (medicine("warfarin", "-5 mg", "daily"), "dose_not_positive"),
        (medicine("warfarin", "500 mg", "daily"), "dose_impossible"),
        (medicine("warfarin", "5 mg", "each session"), "no_such_schedule"),
        (medicine("sodium thiosulfate", "25 g", "daily"), "no_such_schedule"),
        (medicine("denosumab", "60 mg", "every 26 weeks", route="by mouth"), "no_such_route"),
        (medicine("magnesium oxide", "400 mg", "daily"), "dose_unclear"),
    ],
)
def test_what_cannot_be_given_is_refused(plan: MakePlan, given: dict[str, Any], code: str) -> None:
    assert errors(plan(medicines=[given])) == [code]


@pytest.mark.parametrize("drug", ["sodium thiosulfate", "hexasodium fytate"])
def test_a_drug_of_sessions_without_sessions_is_refused(drug: str) -> None:
    given = medicine(drug, "300 mg", "each session")
    without = Plan.model_validate({"name": "No dialysis", "medicines": [given]})
    (issue,) = [i for i in check_plan(without) if i.severity == "error"]
    assert issue.code == "no_dialysis"
    assert issue.expected == "dialysis in the plan"


def test_fytate_twice_at_once_is_refused(plan: MakePlan) -> None:
    fytate = medicine("hexasodium fytate", "300 mg", "each session")
    assert errors(plan(medicines=[fytate, fytate])) == ["drug_twice"]


@pytest.mark.parametrize("schedule", ["now and then", "every 0 weeks", "every", "0 times a day"])
def test_a_schedule_that_says_nothing_is_refused(write: Callable[[str], Path], schedule: str) -> None:
    text = f"name: A\nmedicines:\n  - drug: warfarin\n    dose: 5 mg\n    schedule: {schedule}\n"
    (issue,) = examine_plan(write(text)).errors
    assert issue.place == ("medicines", 0, "schedule")


def test_the_bath_is_what_the_plan_states(plan: MakePlan, session: Callable[..., dict[str, Any]], write: Any) -> None:
    text = """
name: Citrate and magnesium
dialysis:
  - days: [mon, wed, fri]
    hours: 4 h
    blood_flow: 300 mL/min
    dialysate_flow: 500 mL/min
    dialysate_calcium: 1.5 mmol/L
    dialysate_magnesium: 1.5 mEq/L
    dialysate_bicarbonate: 30 mmol/L
    dialysate_citrate: 0.8 mmol/L
    dialysate_phosphate: 0.5 mmol/L
    plasma_treated: 3 L
"""
    one = read_plan(write(text))
    bath = dict(sessions(one)[0].bath)
    assert bath == pytest.approx(
        {
            "Mg_dialysate": 0.75,
            "HCO3_dialysate": 30.0,
            "citrate_dialysate": 0.8,
            "P_dialysate": 0.5,
            "apheresis_flow": 0.75,
        }
    )
    assert "dialysate citrate 0.8 mmol/L" in one.describe()
    assert sessions(plan())[0].bath == ()
    assert errors(plan(dialysis=[session(dialysate_magnesium="9 mmol/L")])) == ["dialysate_magnesium_out_of_range"]
