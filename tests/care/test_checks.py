from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from livedo.care import check_plan
from livedo.care.plan import Plan

MakePlan = Callable[..., Plan]
MakeSession = Callable[..., dict[str, Any]]


def codes(plan: Plan) -> list[tuple[str, str]]:
    return [(issue.severity, issue.code) for issue in check_plan(plan)]


def binder(**changed: str) -> dict[str, str]:
    return {"drug": "sevelamer", "dose": "800 mg", "taken": "with 3 meals", **changed}


def vitamin_d(**changed: str) -> dict[str, str]:
    return {"drug": "calcitriol", "dose": "0.25 ug", "schedule": "daily", "route": "by mouth", **changed}


def calcimimetic(**changed: str) -> dict[str, str]:
    return {"drug": "cinacalcet", "dose": "30 mg", "schedule": "daily", **changed}


def test_a_usual_plan_has_no_issue(plan: MakePlan) -> None:
    assert codes(plan(binders=[binder()], active_vitamin_d=[vitamin_d()], calcimimetic=[calcimimetic()])) == []


@pytest.mark.parametrize(
    ("key", "value", "severity"),
    [
        ("hours", "25 h", "error"),
        ("hours", "0 h", "error"),
        ("hours", "-4 h", "error"),
        ("hours", "1 h", "warning"),
        ("blood_flow", "0 mL/min", "error"),
        ("blood_flow", "300 L/h", "error"),
        ("blood_flow", "600 mL/min", "warning"),
        ("dialysate_flow", "0 mL/min", "error"),
        ("dialysate_calcium", "0.4 mmol/L", "error"),
        ("dialysate_calcium", "2.6 mmol/L", "error"),
        ("dialysate_calcium", "5.2 mEq/L", "error"),
        ("dialysate_calcium", "2 mmol/L", "warning"),
        ("dry_weight", "0 kg", "error"),
    ],
)
def test_impossible_and_unusual_sessions(
    plan: MakePlan, session: MakeSession, key: str, value: str, severity: str
) -> None:
    changed = {key: value, "days": ["mon"]}
    assert codes(plan(dialysis=[session(**changed)])) == [(severity, f"{key}_out_of_range")]


@pytest.mark.parametrize("value", ["0.5 mmol/L", "2.5 mmol/L", "5 mEq/L", "1 mEq/L"])
def test_the_ends_of_the_dialysate_calcium_range_are_not_refused(
    plan: MakePlan, session: MakeSession, value: str
) -> None:
    assert all(severity == "warning" for severity, _ in codes(plan(dialysis=[session(dialysate_calcium=value)])))


def test_a_day_named_twice(plan: MakePlan, session: MakeSession) -> None:
    assert codes(plan(dialysis=[session(days=["mon", "mon"])])) == [("error", "day_repeated")]


def test_two_prescriptions_on_the_same_day(plan: MakePlan, session: MakeSession) -> None:
    both = plan(dialysis=[session(), session(days=["fri", "sun"], start="day 7")])
    assert codes(both) == [("error", "dialysis_overlap")]


def test_a_prescription_that_follows_another_does_not_overlap(plan: MakePlan, session: MakeSession) -> None:
    assert codes(plan(dialysis=[session(stop="week 4"), session(start="week 4")])) == []


def test_two_prescriptions_on_different_days_may_run_together(plan: MakePlan, session: MakeSession) -> None:
    assert codes(plan(dialysis=[session(days=["mon", "wed"]), session(days=["fri"], hours="5 h")])) == []


def test_a_session_that_runs_into_the_next(plan: MakePlan, session: MakeSession) -> None:
    night = session(days=["mon"], hours="10 h", at="20:00")
    morning = session(days=["tue"], at="04:00")
    assert codes(plan(dialysis=[night, morning])) == [("error", "session_too_long")]


def test_the_week_is_a_ring(plan: MakePlan, session: MakeSession) -> None:
    late = session(days=["sun"], hours="8 h", at="20:00")
    early = session(days=["mon"], at="01:00")
    assert ("error", "session_too_long") in codes(plan(dialysis=[late, early]))


def test_the_last_session_of_one_prescription_may_not_run_into_the_first_of_the_next(
    plan: MakePlan, session: MakeSession
) -> None:
    first = session(days=["sun"], hours="8 h", at="20:00", stop="week 40")
    then = session(days=["mon"], at="01:00", start="week 40")
    assert codes(plan(dialysis=[first, then])) == [("error", "session_too_long")]


def test_daily_sessions_of_a_whole_day_touch_but_do_not_overlap(plan: MakePlan, session: MakeSession) -> None:
    every_day = session(days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], hours="24 h")
    assert codes(plan(dialysis=[every_day])) == [("warning", "hours_out_of_range")]


@pytest.mark.parametrize("stop", ["day 7", "day 3"])
def test_a_stop_before_the_start(plan: MakePlan, stop: str) -> None:
    assert ("error", "stop_before_start") in codes(plan(binders=[binder(start="day 7", stop=stop)]))


def test_a_drug_nobody_knows_and_one_of_another_class(plan: MakePlan) -> None:
    assert codes(plan(binders=[binder(drug="chalk")])) == [("error", "unknown_drug")]
    assert codes(plan(binders=[binder(drug="cinacalcet")])) == [("error", "unknown_drug")]


@pytest.mark.parametrize("dose", ["0 mg", "-800 mg", "0 tablets", "-1 tablets of 800 mg"])
def test_a_dose_that_is_not_above_zero(plan: MakePlan, dose: str) -> None:
    assert codes(plan(binders=[binder(dose=dose)])) == [("error", "dose_not_positive")]


@pytest.mark.parametrize(
    ("drug", "dose"),
    [
        ("calcium carbonate", "500 mg"),
        ("ferric citrate", "1 g"),
        ("lanthanum", "1 tablet"),
        ("sevelamer", "800 mg elemental"),
        ("calcium acetate", "667 mg iron"),
    ],
)
def test_a_dose_that_can_be_read_in_two_ways(plan: MakePlan, drug: str, dose: str) -> None:
    assert codes(plan(binders=[binder(drug=drug, dose=dose)])) == [("error", "dose_unclear")]


def test_a_route_or_schedule_that_the_drug_does_not_have(plan: MakePlan) -> None:
    assert codes(plan(calcimimetic=[calcimimetic(schedule="each session")])) == [("error", "no_such_schedule")]
    assert codes(plan(calcimimetic=[calcimimetic(drug="etelcalcetide", dose="5 mg")])) == [
        ("error", "no_such_schedule")
    ]


def test_a_dose_above_the_usual_is_a_warning_and_an_impossible_one_an_error(plan: MakePlan) -> None:
    assert codes(plan(binders=[binder(dose="5.6 g")])) == [("warning", "dose_above_usual")]
    assert codes(plan(binders=[binder(dose="800 g")])) == [("error", "dose_impossible")]
    assert ("error", "dose_impossible") in codes(plan(active_vitamin_d=[vitamin_d(dose="0.25 mg")]))


def test_the_usual_maximum_depends_on_the_route(plan: MakePlan) -> None:
    dose = {"drug": "doxercalciferol", "dose": "10 ug", "schedule": "each session"}
    assert codes(plan(active_vitamin_d=[vitamin_d(**dose)])) == []
    assert codes(plan(active_vitamin_d=[vitamin_d(**dose, route="by vein")])) == [("warning", "dose_above_usual")]


def test_a_drug_each_session_needs_dialysis(plan: MakePlan, session: MakeSession) -> None:
    drug = vitamin_d(schedule="each session")
    assert codes(plan(dialysis=[], active_vitamin_d=[drug])) == [("error", "no_dialysis")]
    part = plan(dialysis=[session(stop="day 28")], active_vitamin_d=[drug])
    assert codes(part) == [("warning", "dialysis_in_part")]


def test_a_drug_given_twice_at_once_is_a_warning(plan: MakePlan) -> None:
    assert codes(plan(binders=[binder(), binder(drug="renvela")])) == [("warning", "drug_twice")]
    assert codes(plan(binders=[binder(stop="day 7"), binder(start="day 7")])) == []


def test_calcium_from_all_binders_together_is_watched(plan: MakePlan) -> None:
    acetate = binder(drug="calcium acetate", dose="1334 mg salt")
    carbonate = binder(drug="calcium carbonate", dose="500 mg salt")
    assert codes(plan(binders=[acetate])) == []
    assert codes(plan(binders=[acetate, carbonate])) == [("warning", "binder_calcium_out_of_range")]


def test_a_calcimimetic_beyond_the_linear_range_is_a_warning(plan: MakePlan) -> None:
    assert codes(plan(calcimimetic=[calcimimetic(dose="180 mg")])) == [("warning", "calcimimetic_level_out_of_range")]


def test_a_diet_nobody_eats(plan: MakePlan) -> None:
    assert codes(plan(diet={"phosphate": "1000 mmol/day"})) == [("error", "phosphate_out_of_range")]
    assert codes(plan(diet={"fluid": "1500 L/day"})) == [("error", "fluid_out_of_range")]


def test_errors_come_before_warnings(plan: MakePlan) -> None:
    found = codes(plan(binders=[binder(dose="5.6 g"), binder(drug="chalk")]))
    assert [severity for severity, _ in found] == ["error", "warning"]
