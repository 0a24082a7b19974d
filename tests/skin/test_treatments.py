"""What each action does to the skin and no more: alone, together, without flow, and with its effects at zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from livedo.care.actions import actions, carry_out
from livedo.care.plan import Action

WEEK = 168.0
ONE = np.zeros(1, dtype=int)
#: An eschar in skin whose vessels are open enough to heal, and in skin whose vessels are not.
ESCHAR = {"eschar_calf": 30.0, "lumen": 0.95}
ISCHAEMIC = {**ESCHAR, "flow_shift_calf": -0.95}
SKIN = tuple(f"{n}_calf" for n in ("eschar", "wound_area", "healed", "granulation", "bacteria", "plaque"))


def action(name: str, **given: Any) -> Action:
    return Action.model_validate({"action": name, **given})


def healed(skin: Any, given: dict[str, float], *planned: Action, weeks: int = 16, **more: Any) -> float:
    """Share of a wound closed, mean over the course: earlier closing counts more."""
    schedule = carry_out(planned, people=ONE, body=skin.body)
    run = skin.run(weeks, schedule, **{**given, **more})
    area = run["eschar_calf"][0] + run["wound_area_calf"][0]
    return float(np.clip(1.0 - area / 30.0, -1.0, 1.0).mean())


def sequence() -> tuple[Action, ...]:
    return (
        action("debridement", site="calf", start="day 3"),
        action("vacuum dressing", site="calf", start="day 4", stop="day 32"),
        action("skin graft", site="calf", start="day 32"),
    )


def lucky(skin: Any, given: dict[str, float], *planned: Action) -> float:
    """Mean over the luck of grafts."""
    people = np.arange(40)
    schedule = carry_out(planned, people=people, body=skin.body)
    run = skin.run(16, schedule, **{k: np.full(40, v) for k, v in given.items()})
    area = run["eschar_calf"] + run["wound_area_calf"]
    return float(np.clip(1.0 - area / 30.0, -1.0, 1.0).mean())


def test_debridement_then_vacuum_then_graft_is_faster_than_any_alone_where_flow_is_left(skin: Any) -> None:
    together = lucky(skin, ESCHAR, *sequence())
    alone = [lucky(skin, ESCHAR, part) for part in sequence()]
    assert together > max(*alone, lucky(skin, ESCHAR)) + 0.05


def test_the_sequence_does_not_help_an_ischaemic_wound(skin: Any) -> None:
    assert lucky(skin, ISCHAEMIC, *sequence()) < lucky(skin, ESCHAR) - 0.2
    gain = lucky(skin, ISCHAEMIC, *sequence()) - lucky(skin, ISCHAEMIC)
    assert gain < 0.25 * (lucky(skin, ESCHAR, *sequence()) - lucky(skin, ESCHAR))


def test_hyperbaric_oxygen_raises_oxygen_where_flow_brings_it_and_hardly_elsewhere(skin: Any) -> None:
    run = skin.run(1 / 7, hyperbaric=np.array([0.0, 2.4]), lumen=0.95)
    starved = skin.run(1 / 7, hyperbaric=np.array([0.0, 2.4]), flow_shift_calf=-0.95)
    gain = np.diff(run["TcPO2_calf"][:, 0])[0]
    assert gain > 200
    assert np.diff(starved["TcPO2_calf"][:, 0])[0] < 0.25 * gain


def test_hyperbaric_oxygen_without_perfusion_does_not_help(skin: Any) -> None:
    sessions = action("hyperbaric oxygen", sessions=40)
    gain = healed(skin, ISCHAEMIC, sessions, angiogenic_gain=1.0) - healed(skin, ISCHAEMIC, angiogenic_gain=1.0)
    whole = {**ESCHAR, "lumen": 1.0}
    fed = healed(skin, whole, sessions, angiogenic_gain=1.0) - healed(skin, whole, angiogenic_gain=1.0)
    assert fed > 0.01
    assert abs(gain) < 0.2 * fed


def test_hyperbaric_oxygen_helps_by_its_sessions_alone_very_little(skin: Any) -> None:
    gain = healed(skin, ESCHAR, action("hyperbaric oxygen", sessions=40)) - healed(skin, ESCHAR)
    assert abs(gain) < 0.05


def test_a_vacuum_dressing_on_eschar_does_nothing(skin: Any) -> None:
    early = skin.run(2, carry_out([action("vacuum dressing", site="calf")], people=ONE, body=skin.body), **ESCHAR)
    plain = skin.run(2, carry_out([action("vacuum dressing", site="acral")], people=ONE, body=skin.body), **ESCHAR)
    for name in SKIN:
        # the acral site, where a dressing acts on nothing, moves the solver's own steps
        assert early[name] == pytest.approx(plain[name], rel=1e-5, abs=1e-6), name


def test_a_graft_on_an_infected_bed_does_not_take(skin: Any) -> None:
    bed = {"wound_area_calf": 20.0, "granulation_calf": 0.9, "bacteria_calf": 7.0}
    run = skin.run(1, carry_out([action("skin graft", site="calf")], people=np.arange(20), body=skin.body), **bed)
    assert run["graft_take_chance_calf"].max() == 0.0
    assert run["wound_area_calf"][:, -1].min() > 15.0


def test_a_graft_takes_more_often_in_a_granulating_clean_bed_with_flow(skin: Any) -> None:
    run = skin.run(
        1 / 7,
        wound_area_calf=20.0,
        granulation_calf=np.array([0.9, 0.2, 0.9, 0.9]),
        bacteria_calf=np.array([2.0, 2.0, 5.2, 2.0]),
        lumen=np.array([1.0, 1.0, 1.0, 0.75]),
    )
    good, *worse = run["graft_take_chance_calf"][:, 0]
    assert 0.6 < good < 1.0
    assert all(chance < good - 0.02 for chance in worse)


def test_opioids_move_the_score_and_nothing_else(skin: Any) -> None:
    given = skin.lesion("calf")
    strong = skin.run(12, carry_out([action("opioid", dose="120 mg/day")], people=ONE, body=skin.body), **given)
    none = skin.run(12, carry_out([action("opioid", dose="0 mg/day")], people=ONE, body=skin.body), **given)
    assert strong["pain_score"][0, -1] < none["pain_score"][0, -1] - 1.0
    assert strong["sensitisation"][0, -1] == pytest.approx(none["sensitisation"][0, -1], rel=1e-6)
    assert strong["eschar_calf"][0, -1] == pytest.approx(none["eschar_calf"][0, -1], rel=1e-4)


def test_antibiotics_lower_bacteria_and_the_hazard_of_sepsis(skin: Any) -> None:
    given = {**skin.lesion("calf"), "lumen": 0.8}
    treated = skin.run(16, carry_out([action("antibiotic")], people=ONE, body=skin.body), **given)
    plain = skin.run(16, **given)
    assert treated["bacteria_calf"][0, -1] < plain["bacteria_calf"][0, -1]
    assert treated["hazard_sepsis"][0, -1] < plain["hazard_sepsis"][0, -1]


def test_biofilm_hides_bacteria_from_antibiotics_until_a_debridement_breaks_it_up(skin: Any) -> None:
    given = {**ESCHAR, "bacteria_calf": 6.0, "biofilm_calf": 0.78}

    def killed(*before: Action) -> float:
        """What three days of an antibiotic take, log10 CFU/g."""
        plans = (before, (*before, action("antibiotic", start="day 1")))
        runs = [skin.run(4 / 7, carry_out(p, people=ONE, body=skin.body), every=24.0, **given) for p in plans]
        return float(runs[0]["bacteria_calf"][0, -1] - runs[1]["bacteria_calf"][0, -1])

    assert killed(action("debridement", site="calf", start="day 1")) > 1.5 * killed() > 0


def test_biofilm_is_back_some_days_after_a_debridement(skin: Any) -> None:
    plan = [action("debridement", site="calf", start="day 3")]
    film = skin.run(2, carry_out(plan, people=ONE, body=skin.body), every=24.0, **ESCHAR, biofilm_calf=0.78)
    assert film["biofilm_calf"][0, 4] < 0.5 < film["biofilm_calf"][0, 8]


def test_alteplase_opens_what_a_clot_has_closed(skin: Any) -> None:
    given = skin.lesion("calf")
    plain = skin.run(10, **given)["occlusion_calf"][0, -1]
    assert (
        skin.run(10, carry_out([action("alteplase")], people=ONE, body=skin.body), **given)["occlusion_calf"][0, -1]
        < 0.7 * plain
    )


@pytest.mark.parametrize("symbol", ["PTH_pain_gain", "PTH_healing_gain"])
def test_hypotheses_on_parathyroid_hormone_are_off_and_can_be_switched_on(skin: Any, symbol: str) -> None:
    given = {**skin.lesion("calf"), "PTH": np.array([20.0, 120.0])}
    off, on = skin.run(12, **given), skin.run(12, **given, **{symbol: 0.2})
    reading = "pain_score" if symbol == "PTH_pain_gain" else "advance_calf"
    assert off[reading][0, -1] == off[reading][1, -1]
    assert on[reading][0, -1] != on[reading][1, -1]


def test_high_hormone_below_the_harmless_level_changes_nothing_under_either_hypothesis(skin: Any) -> None:
    given = {**skin.lesion("calf"), "PTH": np.array([5.0, 30.0]), "PTH_pain_gain": 0.2, "PTH_healing_gain": 0.2}
    run = skin.run(12, **given)
    assert np.array_equal(run["pain_score"][0], run["pain_score"][1])


SIMULATED = [k for k in actions().values() if k.kind not in ("elsewhere", "operation", "level")]


@pytest.mark.parametrize("kind", SIMULATED, ids=lambda k: k.name)
def test_an_action_whose_effects_are_zero_is_bit_equal_to_none(skin: Any, kind: Any) -> None:
    """The same events at the same hours, once at the usual dose and once at dose zero."""
    site = {"site": "calf"} if kind.sited else {}
    unit = f" {kind.dose_unit}" if kind.dose_unit else ""
    zero = dict.fromkeys(kind.effects, 0.0)
    ends = {"sessions": 10} if kind.kind == "sessions" else {"stop": "day 50"} if kind.kind == "course" else {}

    def run(dose: str) -> Any:
        planned = [action(kind.name, dose=dose, start="day 9", **site, **ends)]
        return skin.run(12, carry_out(planned, people=ONE, body=skin.body), **skin.lesion("calf"), **zero)

    with_dose, without = run(f"{kind.dose:g}{unit}"), run(f"0{unit}")
    for name in (*SKIN, "pain_score", "CRP_wound", "hazard_death_sepsis", "hazard_death_wasting"):
        assert np.array_equal(with_dose[name], without[name]), name


@pytest.mark.parametrize("kind", [k for k in SIMULATED if not k.hypothesis], ids=lambda k: k.name)
def test_an_action_at_its_usual_dose_does_something(skin: Any, kind: Any) -> None:
    site = {"site": "calf"} if kind.sited else {}
    before = [action("debridement", site="calf", start="day 3")] if kind.needs_before else []
    planned = [*before, action(kind.name, start="day 32", **site)]
    given, people = {**skin.lesion("calf"), **ESCHAR, "lumen": np.full(12, 0.95)}, np.arange(12)
    if kind.needs_before:
        del given["onset_draw_calf"]
    run = skin.run(16, carry_out(planned, people=people, body=skin.body), **given)
    base = skin.run(16, carry_out(before, people=people, body=skin.body), **given)
    changed = [np.any(np.abs(run[n] - base[n])[:, -1] > 1e-3 * np.abs(base[n][:, -1])) for n in (*SKIN, "pain_score")]
    assert any(changed)


@pytest.mark.parametrize("kind", [k for k in SIMULATED if k.hypothesis], ids=lambda k: k.name)
def test_what_is_unproven_is_off(skin: Any, kind: Any) -> None:
    for parameter in kind.hypothesis:
        assert skin.body.parameters[parameter].value == 0.0
