"""Kidney states in the language of plans: what they set, what is refused, and how they read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livedo.care import examine_plan, read_plan, sessions
from livedo.care.kidney_states import filtration_at, kidney_inputs_at, kidney_states
from livedo.care.plan import Plan
from livedo.engine import Schedule
from livedo.errors import InputError

PLANS = Path(__file__).resolve().parents[2] / "examples" / "plans"
DAY = 24.0
CAPD = {"mode": "CAPD", "exchanges": "4", "fill": "2 L", "dialysate_calcium": "1.25 mmol/L"}
APD = {**CAPD, "mode": "APD", "exchanges": "5"}

MakePlan = Callable[..., Plan]
Write = Callable[[str], Path]


def codes(path: Path, severity: str = "error") -> set[str]:
    return {issue.code for issue in examine_plan(path).issues if issue.severity == severity}


@pytest.fixture
def without(plan: MakePlan) -> MakePlan:
    """A plan without haemodialysis, with the given sections."""
    return lambda **sections: plan(**{"dialysis": [], **sections})


@pytest.mark.parametrize("name", sorted(p.name for p in PLANS.glob("*.yaml")))
def test_example_plan_is_read_without_warning(name: str) -> None:
    found = examine_plan(PLANS / name)
    assert found.plan is not None
    assert found.issues == ()


def test_capd_has_one_long_dwell_and_shares_the_rest_of_the_day(without: MakePlan) -> None:
    found = kidney_inputs_at(without(peritoneal_dialysis=[{**CAPD, "night": "9 h"}]), 0.0)
    assert found["pd_short_exchanges"] * DAY == pytest.approx(3)
    assert found["pd_short_dwell"] == pytest.approx(5)
    assert (found["pd_long_exchanges"] * DAY, found["pd_long_dwell"]) == (pytest.approx(1), pytest.approx(9))


@pytest.mark.parametrize(("day", "exchanges"), [("none", 0.0), ("1.5 L", 1.0)])
def test_apd_cycles_by_night_and_may_dwell_by_day(without: MakePlan, day: str, exchanges: float) -> None:
    found = kidney_inputs_at(without(peritoneal_dialysis=[{**APD, "day_dwell": day}]), 0.0)
    assert found["pd_short_exchanges"] * DAY == pytest.approx(5)
    assert found["pd_short_dwell"] == pytest.approx(9 / 5)
    assert found["pd_long_exchanges"] * DAY == pytest.approx(exchanges)
    assert found["pd_long_dwell"] == pytest.approx(15)


def test_substitution_makes_a_session_haemodiafiltration(
    plan: MakePlan, session: Callable[..., dict[str, Any]]
) -> None:
    rules = sessions(plan(dialysis=[session(substitution="20 L")]))
    assert {rule.Qsub for rule in rules} == {5.0}
    assert {rule.Qsub for rule in sessions(plan())} == {0.0}


def test_a_plan_orders_only_the_kidney_sections_it_has(plan: MakePlan) -> None:
    assert kidney_inputs_at(plan(), 0.0) == {}
    assert set(kidney_inputs_at(plan(kidney_function=[{"egfr": "8 mL/min"}]), 0.0)) == {
        "GFR",
        "GFR_decline",
        "graft_GFR",
    }


def test_function_falls_at_its_rate(without: MakePlan) -> None:
    made = without(kidney_function=[{"egfr": "20 mL/min", "decline": "5 mL/min/year"}])
    assert kidney_inputs_at(made, 0.0)["GFR"] == pytest.approx(1.2)
    assert filtration_at(made, 2 * 8766.0) == pytest.approx(10 * 0.06)
    assert filtration_at(made, 10 * 8766.0) == 0.0


def test_a_transplant_takes_over_from_the_own_kidneys_and_is_lost_at_its_stop(without: MakePlan) -> None:
    made = without(
        kidney_function=[{"egfr": "6 mL/min"}],
        transplant=[{"egfr": "50 mL/min", "start": "day 10", "stop": "day 100"}],
    )
    during = kidney_inputs_at(made, 10 * DAY)
    assert (during["GFR"], during["graft_GFR"]) == (0.0, pytest.approx(3.0))
    after = kidney_inputs_at(made, 100 * DAY)
    assert (after["GFR"], after["graft_GFR"], after["GFR_decline"]) == (0.0, 0.0, 0.0)


def test_prednisolone_adds_up(without: MakePlan) -> None:
    made = without(prednisolone=[{"dose": "5 mg/day"}, {"dose": "20 mg/day", "stop": "day 28"}])
    assert kidney_inputs_at(made, 0.0)["prednisolone_dose"] * DAY == pytest.approx(25)
    assert kidney_inputs_at(made, 28 * DAY)["prednisolone_dose"] * DAY == pytest.approx(5)


def test_function_does_not_fall_while_a_patient_settles(without: MakePlan) -> None:
    made = without(kidney_function=[{"egfr": "20 mL/min", "decline": "5 mL/min/year"}])
    settled = {rule.target: rule.value for rule in kidney_states(made, as_at_start=True).rules}
    assert settled["GFR_decline"] == 0.0
    assert settled["GFR"] == pytest.approx(1.2)


def test_loss_of_function_begins_anew_with_each_entry(without: MakePlan) -> None:
    made = without(
        kidney_function=[
            {"egfr": "20 mL/min", "decline": "5 mL/min/year", "stop": "day 50"},
            {"egfr": "12 mL/min", "start": "day 50"},
        ]
    )
    resets = [rule.at for rule in kidney_states(made).rules if rule.target == "kidney_lost"]
    assert resets == [0.0, 50 * DAY]


def test_a_plan_without_kidney_sections_lays_out_nothing(plan: MakePlan) -> None:
    assert kidney_states(plan()) == Schedule()


HEAD = "name: A plan\n"
HD = (
    "dialysis:\n  - {days: [mon, wed, fri], hours: 4 h, blood_flow: 300 mL/min, dialysate_flow: 500 mL/min, "
    "dialysate_calcium: 1.5 mmol/L%s}\n"
)
PD = "peritoneal_dialysis:\n  - {mode: CAPD, exchanges: 4, fill: 2 L, dialysate_calcium: 1.25 mmol/L%s}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HD % "" + PD % "", "two_dialyses"),
        (PD % ", day_dwell: 2 L", "day_dwell_on_capd"),
        ((PD % "").replace("exchanges: 4", "exchanges: 1"), "one_exchange"),
        ((PD % "").replace("exchanges: 4", "exchanges: 0"), "exchanges_out_of_range"),
        ((PD % "").replace("exchanges: 4", "exchanges: many"), "not_a_value"),
        ((PD % "").replace("fill: 2 L", "fill: 2000 L"), "fill_out_of_range"),
        ((PD % "").replace("CAPD", "XPD"), "not_a_value"),
        (PD % "" + (PD % "").split("\n")[1] + "\n", "peritoneal_dialysis_overlap"),
        ("kidney_function:\n  - egfr: -5 mL/min\n", "egfr_out_of_range"),
        ("kidney_function:\n  - egfr: 20 mL/min\n    decline: -3 mL/min/year\n", "decline_out_of_range"),
        ("kidney_function:\n  - egfr: 20\n", "not_a_value"),
        ("kidney_function:\n  - egfr: 20 mL/min\n  - egfr: 10 mL/min\n    start: day 3\n", "kidney_function_overlap"),
        ("transplant:\n  - egfr: 50 mL/min\n  - egfr: 60 mL/min\n    start: day 9\n", "transplant_overlap"),
        ("transplant:\n  - egfr: 50 mL/min\n    start: day 9\n    stop: day 3\n", "stop_before_start"),
        ("prednisolone:\n  - dose: 5 g/day\n", "not_a_value"),
        (HD % ", substitution: 60 L", "filtration_impossible"),
    ],
)
def test_impossible_kidney_state_is_refused_with_its_reason(write: Write, text: str, code: str) -> None:
    path = write(HEAD + text)
    assert code in codes(path)
    with pytest.raises(InputError):
        read_plan(path)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HD % ", substitution: 28 L", "filtration_high"),
        (HD % "" + "transplant:\n  - egfr: 50 mL/min\n    start: day 9\n", "dialysis_with_transplant"),
        ("prednisolone:\n  - dose: 100 mg/day\n", "prednisolone_out_of_range"),
    ],
)
def test_unusual_kidney_state_is_warned_of(write: Write, text: str, code: str) -> None:
    path = write(HEAD + text)
    assert codes(path) == set()
    assert code in codes(path, "warning")


def test_two_dialyses_that_are_meant_are_taken(write: Write) -> None:
    assert codes(write(HEAD + HD % "" + PD % ", with_haemodialysis: yes")) == set()


def test_negative_function_is_named_with_line_key_and_value(write: Write) -> None:
    with pytest.raises(InputError) as caught:
        read_plan(write(HEAD + HD % "" + "kidney_function:\n  - egfr: -5 mL/min\n"))
    said = str(caught.value)
    assert "line 5" in said
    assert "egfr" in said
    assert "-5 mL/min" in said


def test_kidney_states_read_aloud(write: Write) -> None:
    said = read_plan(PLANS / "peritoneal.yaml").describe()
    assert "Peritoneal dialysis, CAPD: 4 exchanges a day of 2 L" in said
    assert "from day 28" in said
    said = read_plan(PLANS / "transplant.yaml").describe()
    assert "Kidney transplant on day 28; within weeks the graft filters 55 mL/min, losing 1.5 mL/min/year." in said
    assert "Prednisolone 20 mg/day" in said
    said = read_plan(PLANS / "haemodiafiltration.yaml").describe()
    assert "Haemodiafiltration on Monday, Wednesday and Friday" in said
    assert "20 L replaced after the filter" in said
    said = read_plan(write(HEAD + "kidney_function:\n  - egfr: 20 mL/min\n    decline: 4 mL/min/year\n")).describe()
    assert "Own kidneys filter 20 mL/min, losing 4 mL/min/year." in said


def test_a_protocol_is_run_on_haemodialysis_alone(plan: MakePlan) -> None:
    from livedo.care.intervals import _constant_sessions

    assert len(_constant_sessions(plan())) == 3
    with pytest.raises(InputError, match="another kidney state"):
        _constant_sessions(plan(prednisolone=[{"dose": "5 mg/day"}]))
