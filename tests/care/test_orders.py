from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livedo.care import treatments
from livedo.care.fields import DAYS
from livedo.care.orders import DRUG_INPUTS, Order, inputs_at, orders, session_doses, sessions
from livedo.care.plan import Plan
from livedo.care.treatments import load_treatments
from livedo.errors import InputError

MakePlan = Callable[..., Plan]
MakeSession = Callable[..., dict[str, Any]]
SHIPPED = Path(treatments.__file__).with_name("treatments.csv")
INFINITE = float("inf")


def value(plan: Plan, symbol: str, hour: float = 0.0) -> float:
    return inputs_at(plan, hour)[symbol]


def test_a_plan_without_drugs_orders_zeros_for_ever(plan: MakePlan) -> None:
    assert orders(plan()) == [Order(0.0, INFINITE, symbol, 0.0) for symbol in DRUG_INPUTS]


@pytest.mark.parametrize(
    ("drug", "dose", "taken", "grams_a_day"),
    [
        ("sevelamer", "1600 mg", "with 3 meals", 3.6),
        ("sevelamer", "2 tablets", "with 3 meals", 3.6),
        ("lanthanum", "500 mg", "with 3 meals", 3.0),
        ("sucroferric oxyhydroxide", "1500 mg", "per day", 4.8),
        ("ferric citrate", "420 mg iron", "with 3 meals", 6 * 0.67),
        ("ferric citrate", "2 g salt", "with 3 meals", 6 * 0.67),
        ("calcium carbonate", "750 mg salt", "with 2 meals", 1.5),
        ("calcium carbonate", "500 mg elemental", "per day", 1.2487),
    ],
)
def test_binders_in_grams_of_calcium_carbonate(
    plan: MakePlan, drug: str, dose: str, taken: str, grams_a_day: float
) -> None:
    with_binder = plan(binders=[{"drug": drug, "dose": dose, "taken": taken}])
    assert value(with_binder, "binder_PBED") * 24 == pytest.approx(grams_a_day, rel=2e-3)


def test_calcium_of_binders_and_supplements_is_elemental(plan: MakePlan) -> None:
    calcium = {"drug": "calcium carbonate", "dose": "500 mg elemental", "taken": "twice a day"}
    with_calcium = plan(binders=[calcium], calcium=[calcium])
    assert value(with_calcium, "binder_Ca") * 24 * 40.078 == pytest.approx(1000)
    assert value(with_calcium, "supplement_Ca") * 24 * 40.078 == pytest.approx(1000)


def test_a_supplement_binds_no_phosphate(plan: MakePlan) -> None:
    taken = {"drug": "calcium carbonate", "dose": "500 mg elemental", "taken": "per day"}
    assert value(plan(calcium=[taken]), "binder_PBED") == 0


@pytest.mark.parametrize(
    ("drug", "route", "share"),
    [
        ("calcitriol", "by vein", 1.0),
        ("calcitriol", "by mouth", 0.722),
        ("alfacalcidol", "by vein", 0.42),
        ("alfacalcidol", "by mouth", 0.298),
    ],
)
def test_vitamin_d_by_what_reaches_plasma_as_calcitriol(plan: MakePlan, drug: str, route: str, share: float) -> None:
    given_daily = {"drug": drug, "dose": "1 ug", "schedule": "daily", "route": route}
    rate = value(plan(active_vitamin_d=[given_daily]), "calcitriol_dose")
    assert rate * 24 == pytest.approx(share * 1e6 / 416.64, rel=1e-3)


def test_a_dose_each_session_is_spread_over_the_week_or_given_at_sessions(plan: MakePlan) -> None:
    drug = {"drug": "calcitriol", "dose": "1 ug", "schedule": "each session", "route": "by vein"}
    thrice = plan(active_vitamin_d=[drug])
    (dose,) = session_doses(thrice)
    assert value(thrice, "calcitriol_dose") * 168 == pytest.approx(3 * dose.amount)
    assert inputs_at(thrice, 0.0, spread_session_doses=False)["calcitriol_dose"] == 0


def test_calcimimetics_by_their_mean_daily_dose(plan: MakePlan) -> None:
    cinacalcet = {"drug": "cinacalcet", "dose": "60 mg", "schedule": "daily"}
    etelcalcetide = {"drug": "etelcalcetide", "dose": "7.5 mg", "schedule": "each session"}
    assert value(plan(calcimimetic=[cinacalcet]), "calcimimetic_level") == pytest.approx(0.04, rel=1e-2)
    assert value(plan(calcimimetic=[etelcalcetide]), "calcimimetic_level") == pytest.approx(0.06, rel=1e-2)


def test_diet_is_ordered_only_when_stated(plan: MakePlan) -> None:
    assert "diet_P" not in inputs_at(plan(), 0.0)
    stated = inputs_at(plan(diet={"phosphate": "24 mmol/day", "fluid": "1.2 L/day"}), 0.0)
    assert stated["diet_P"] == pytest.approx(1.0)
    assert stated["fluid_intake"] == pytest.approx(0.05)
    assert "diet_Ca" not in stated


def test_an_order_holds_from_start_up_to_stop(plan: MakePlan) -> None:
    binder = {"drug": "sevelamer", "dose": "800 mg", "taken": "with 3 meals"}
    stepped = plan(binders=[{**binder, "start": "day 7", "stop": "day 14"}])
    laid = [one for one in orders(stepped) if one.symbol == "binder_PBED"]
    assert [(one.start_h, one.stop_h) for one in laid] == [(0, 168), (168, 336), (336, INFINITE)]
    assert [one.value * 24 for one in laid] == pytest.approx([0, 1.8, 0])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 40)), min_size=1, max_size=6))
def test_orders_tile_time_and_agree_with_inputs_at(spans: list[tuple[int, int, int]]) -> None:
    made = Plan.model_validate(
        {
            "name": "steps",
            "binders": [
                {
                    "drug": "sevelamer",
                    "dose": f"{100 * dose} mg",
                    "taken": "per day",
                    "start": f"day {start}",
                    "stop": f"day {start + length}",
                }
                for start, length, dose in spans
            ],
        }
    )
    laid = orders(made)
    for symbol in DRUG_INPUTS:
        own = [one for one in laid if one.symbol == symbol]
        assert own[0].start_h == 0
        assert own[-1].stop_h == INFINITE
        for before, after in pairwise(own):
            assert before.stop_h == after.start_h
            assert before.value != after.value
    for day in range(102):
        expected = sum(dose for start, length, dose in spans if start <= day < start + length)
        held = next(one.value for one in laid if one.symbol == "binder_PBED" and one.start_h <= day * 24 < one.stop_h)
        assert held * 24 == pytest.approx(expected * 0.1 * 0.75)


def test_sessions_are_weekly_rules_from_monday_midnight(plan: MakePlan, session: MakeSession) -> None:
    rules = sessions(plan(dialysis=[session(days=["fri", "mon"], at="06:30", start="day 7", dry_weight="70 kg")]))
    assert [rule.start_h for rule in rules] == [6.5, 4 * 24 + 6.5]
    first = rules[0]
    assert (first.hours, first.Qb, first.Qd, first.Ca_dialysate) == pytest.approx((4, 18, 30, 1.5))
    assert (first.from_h, first.until_h, first.dry_weight_kg) == (168, INFINITE, 70)


@given(st.sets(st.sampled_from(DAYS), min_size=1))
def test_there_is_one_rule_for_each_day(days: set[str]) -> None:
    made = Plan.model_validate(
        {
            "name": "days",
            "dialysis": [
                {
                    "days": sorted(days),
                    "hours": "4 h",
                    "blood_flow": "300 mL/min",
                    "dialysate_flow": "500 mL/min",
                    "dialysate_calcium": "2.5 mEq/L",
                }
            ],
        }
    )
    assert {DAYS[int(rule.start_h // 24)] for rule in sessions(made)} == days
    assert made.sessions_per_week() == len(days)


def test_a_changed_drug_row_changes_the_orders(plan: MakePlan, tmp_path: Path) -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["drug"] == "sevelamer":
            row["pbed_per_g"] = "1.5"
    path = tmp_path / "treatments.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    taking = plan(binders=[{"drug": "sevelamer", "dose": "800 mg", "taken": "with 3 meals"}])
    before = inputs_at(taking, 0.0)["binder_PBED"]
    assert inputs_at(taking, 0.0, load_treatments(path))["binder_PBED"] == pytest.approx(2 * before)


def test_an_unknown_drug_cannot_be_ordered(plan: MakePlan) -> None:
    with pytest.raises(InputError, match="not a known phosphate binder"):
        orders(plan(binders=[{"drug": "chalk", "dose": "1 g", "taken": "per day"}]))
