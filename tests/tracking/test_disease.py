"""The disease under plans: vessels carried from years on dialysis, a lesion grown from them, chances that add up."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

import livedo.tracking.estimate
from livedo.body import load_body
from livedo.care import read_plan
from livedo.care.actions import find
from livedo.care.plan import Action
from livedo.errors import InputError
from livedo.evidence.registry import load_figures
from livedo.patients import prior_of
from livedo.patients.vintage import LONGEST
from livedo.records import read
from livedo.skin.outcomes import hazards
from livedo.tracking import compare
from livedo.tracking.disease import base_rates, chance_first, expected
from livedo.tracking.history import years_on_dialysis

MEMBERS = 6
YEARS = 0.2


@pytest.fixture(scope="module")
def few():
    """The estimate with few people: what is tested here does not hang on how well labs are met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(livedo.tracking.estimate, "ENSEMBLE", 8)
        yield patch


@pytest.fixture(scope="module")
def chart(root):
    return read(root / "examples/records/unit.csv", patient="U03")


@pytest.fixture(scope="module")
def plans(root):
    return {
        n: read_plan(root / f"examples/plans/{n}.yaml") for n in ("usual_care", "wound_care", "debride_vacuum_graft")
    }


def ordering(plan, name, *actions):
    return plan.model_copy(update={"name": name, "actions": tuple(Action.model_validate(a) for a in actions)})


@pytest.fixture(scope="module")
def lesion(few, chart, plans):
    first, second = plans["wound_care"], plans["debride_vacuum_graft"]
    early = ordering(first, "Vacuum on eschar", {"action": "vacuum dressing", "site": "calf"})
    return compare(chart, [first, second, early], years=YEARS, members=MEMBERS, seed=1, lesion="calf")


@pytest.fixture(scope="module")
def whole(few, chart, plans):
    return compare(chart, [plans["usual_care"], plans["debride_vacuum_graft"]], years=YEARS, members=MEMBERS, seed=1)


def test_chances_of_what_competes_and_of_neither_add_to_one():
    rng = np.random.default_rng(3)
    each = np.cumsum(rng.exponential(0.1, (3, 5, 40)), axis=2)
    total = each.sum(axis=0)
    found = sum(chance_first(one, total) for one in each)
    np.testing.assert_allclose(found + np.exp(-total), 1.0, rtol=1e-12)


def test_events_expected_without_death_are_their_hazard():
    hazard = np.cumsum(np.full((2, 10), 0.3), axis=1)
    np.testing.assert_allclose(expected(hazard, np.zeros_like(hazard)), hazard)


def test_deaths_by_cause_and_those_alive_are_everyone(lesion):
    for outcome in lesion.outcomes:
        dead = sum(outcome.values[f"died_{h.name}"] for h in hazards("death"))
        np.testing.assert_allclose(dead + outcome.values["alive"], 1.0, rtol=1e-9)


def test_a_given_lesion_is_there_at_the_start_and_the_same_under_every_plan(lesion):
    first, *others = lesion.outcomes
    dead = first.values["eschar"] + first.values["wound_area"] + first.values["healed"]
    assert (dead[:, 0] > 0.1).mean() > 0.5
    for outcome in others:
        for name in ("eschar", "wound_area", "plaque"):
            np.testing.assert_allclose(outcome.values[name][:, 0], first.values[name][:, 0], rtol=0.05, atol=0.1)
        np.testing.assert_allclose(outcome.values["lumen"][:, 0], first.values["lumen"][:, 0], rtol=1e-4)


def test_debridement_takes_eschar(lesion):
    kept, cut, _ = lesion.outcomes
    had = kept.values["eschar"][:, 1] > 1.0
    assert had.any()
    assert (cut.values["eschar"][had, 1] < 0.5 * kept.values["eschar"][had, 1]).all()


def test_vacuum_on_eschar_is_refused_with_its_reason_in_those_who_have_eschar(lesion):
    refused = [r for r in lesion.outcomes[2].refused if "eschar" in r.reason]
    assert refused
    limit = load_body().parameters["vacuum_eschar_most"].value
    first = lesion.outcomes[2].values
    dead = (first["eschar"] + first["wound_area"])[:, 0]
    clear = (dead > 1.0) & (first["eschar"][:, 0] > 2 * limit * dead)
    assert clear.any()
    assert set(np.flatnonzero(clear)) <= set(refused[0].who)


def test_with_every_effect_at_zero_arms_are_equal(few, chart, plans):
    compared = sys.modules["livedo.tracking.compare"]
    doses = [
        (
            {"action": "opioid", "dose": f"{dose} mg/day"},
            {"action": "alteplase", "dose": f"{tpa} mg/day", "stop": "week 2"},
        )
        for dose, tpa in ((60, 10), (120, 20))
    ]
    arms = [ordering(plans["wound_care"], f"arm {k}", *actions) for k, actions in enumerate(doses)]
    effects = {e for actions in doses for a in actions for e in find(a["action"]).effects}
    own = compared._plan_free_inputs

    def compared_with(**changed: float):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compared, "_plan_free_inputs", lambda k, v: own(k, v) | changed)
            return compare(chart, arms, years=0.1, members=3, seed=1, lesion="calf").outcomes

    without = compared_with(**dict.fromkeys(effects, np.float64(0.0)))
    for name, values in without[0].values.items():
        np.testing.assert_array_equal(values, without[1].values[name], err_msg=name)
    acting = compared_with()
    assert (acting[0].values["pain_score"][:, -1] > acting[1].values["pain_score"][:, -1]).all()


def test_summary_is_the_end_of_the_trajectories(lesion, whole):
    for outcome in lesion.outcomes:
        for key, name, factor in (
            ("wound_last", "wound_area", 1),
            ("alive_last", "alive", 100),
            ("bwat_last", "bwat_cua", 1),
        ):
            np.testing.assert_array_equal(outcome.summary[key], factor * outcome.values[name][:, -1])
    for outcome in whole.outcomes:
        np.testing.assert_array_equal(outcome.summary["lesion_risk"], 100 * outcome.values["lesion_risk"][:, -1])
        np.testing.assert_array_equal(outcome.summary["lumen_last"], 100 * outcome.values["lumen"][:, -1])


def test_risk_rises_through_the_run_and_its_rate_is_the_hazard_over_time(whole):
    outcome = whole.outcomes[0]
    risk = outcome.values["lesion_risk"]
    assert (np.diff(risk, axis=1) > 0).all()
    years = outcome.days[-1] / 365.25
    np.testing.assert_allclose(outcome.summary["lesion_rate"], -1000 * np.log(1 - risk[:, -1]) / years, rtol=1e-9)


def test_no_lesion_begins_without_one_and_treating_none_is_said(whole):
    treated = whole.outcomes[1]
    assert not treated.refused
    assert any("no lesion is given" in warning for warning in treated.warnings)


def test_who_is_given_a_lesion_has_narrower_arterioles_than_others(lesion, whole):
    given, others = (c.outcomes[0].values["lumen"][:, 0] for c in (lesion, whole))
    assert given.mean() < others.mean()


def test_members_on_dialysis_for_longer_carry_more_mineral(chart):
    unknown = replace(chart, sessions=chart.sessions.head(0))
    drawn, said = years_on_dialysis(unknown, 400, seed=2)
    assert 3.0 < drawn.mean() < 4.5
    assert drawn.max() <= LONGEST
    assert "drawn" in said


def test_recorded_sessions_tell_the_years_on_dialysis(root):
    ira = read(root / "examples/records/Ira_Gerhold.bundle.json.gz")
    found, said = years_on_dialysis(ira, 3, seed=2)
    first, last = ira.sessions["time"].min(), max(ira.observations["time"].max(), ira.sessions["time"].max())
    assert found.tolist() == pytest.approx([(last - first).total_seconds() / 3600 / 8766] * 3)
    assert "first recorded session" in said


def test_base_rates_are_those_of_the_registry():
    registry = {figure.id: figure for figure in load_figures()}
    known = [row for row in base_rates() if row.row in registry]
    assert {row.row for row in known} >= {"VS180", "DIA-022"}
    for row in known:
        assert row.per_1000 == registry[row.row].value


def test_lesion_at_no_site_is_refused(chart, plans):
    with pytest.raises(InputError, match="not a site of the skin"):
        compare(chart, [plans["usual_care"]], years=YEARS, members=2, seed=1, lesion="knee")


def test_candidates_differ_in_what_the_skin_makes_of_plasma():
    names = {p.name for p in load_body().traits if p.organ in ("arterioles", "skin")}
    assert names <= set(prior_of(load_body()).names)
    assert "arteriole_tendency" in names


def test_a_lesion_of_a_later_week_begins_then_and_not_before(few, chart, plans):
    week = 6
    found = compare(chart, [plans["wound_care"]], years=0.3, members=MEMBERS, seed=1, lesion="calf", lesion_week=week)
    values = found.outcomes[0].values
    dead = values["eschar"] + values["wound_area"] + values["plaque"]
    before = found.outcomes[0].days < 7 * week
    assert np.abs(dead[:, before]).max() < 1e-9
    assert (dead[:, -1] > 0.1).mean() > 0.5


@pytest.mark.parametrize(("lesion", "week"), [(None, 3.0), ("calf", 60.0), ("calf", -1.0)])
def test_a_week_in_which_no_lesion_could_begin_is_refused(chart, plans, lesion, week):
    with pytest.raises(InputError, match="lesion_week"):
        compare(chart, [plans["wound_care"]], years=1.0, members=2, seed=1, lesion=lesion, lesion_week=week)
