"""Harms at published rates: once a course, by time a year, nothing of what a plan does not order."""

from __future__ import annotations

import pytest

from livedo.care import read_plan
from livedo.care.harm_rates import YEAR, expected, harm_rates
from livedo.care.plan import Action
from livedo.errors import InputError


@pytest.fixture
def plan(root):
    return read_plan(root / "examples/plans/wound_care.yaml")


def ordering(plan, *actions):
    return plan.model_copy(update={"actions": tuple(Action.model_validate(a) for a in actions)})


def chances(plan, years):
    return {(e.rate.what, e.rate.harm): e.chance for e in expected(plan, years * YEAR)}


def test_a_plan_without_a_treatment_has_none_of_its_harms(plan):
    assert {e.rate.what for e in expected(ordering(plan), YEAR)} == set()


def test_harm_of_a_course_does_not_grow_with_the_run(plan):
    operated = ordering(plan, {"action": "parathyroidectomy", "start": "day 3"})
    assert chances(operated, 0.5) == chances(operated, 5)


def test_what_begins_after_the_run_does_no_harm_in_it(plan):
    assert not expected(ordering(plan, {"action": "parathyroidectomy", "start": "day 30"}), 20 * 24.0)


def test_harm_of_a_year_grows_with_the_time_given(plan):
    always = ordering(plan, {"action": "opioid"})
    half = ordering(plan, {"action": "opioid", "stop": "week 26"})
    year = {rate.harm: rate.chance for rate in harm_rates() if rate.what == "opioid"}
    for (_, harm), chance in chances(always, 1).items():
        assert chance == pytest.approx(year[harm])
        assert chances(half, 1)["opioid", harm] == pytest.approx(chances(always, 26 * 168 / YEAR)["opioid", harm])
        assert chances(always, 3)["opioid", harm] < 3 * chance


def test_what_would_come_anyway_is_less_than_what_comes(plan):
    for harm in harm_rates():
        if harm.without is not None:
            assert harm.without < harm.chance
        if harm.low is not None:
            assert harm.low < harm.chance < harm.high


def test_a_row_for_what_no_plan_can_order_is_refused(tmp_path):
    header = "what,harm,per,chance,people,low,high,without,ratio,among,source,confidence\n"
    path = tmp_path / "harm_rates.csv"
    path.write_text(header + "leeches,anaemia,course,5,,,,,,people,a book,low\n")
    with pytest.raises(InputError, match="leeches"):
        harm_rates(path)
