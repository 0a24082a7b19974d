"""Actions on the lesion: the table, how a plan states them, what is refused before and during a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livedo.body import load_body
from livedo.care import read_plan
from livedo.care.actions import (
    KINDS,
    actions,
    begins,
    carry_out,
    find,
    read_for_refusals,
    refusals,
    session_hours,
    weekly,
)
from livedo.care.plan import Action, Plan
from livedo.care.reading import examine_plan
from livedo.care.timetable import timetable
from livedo.errors import InputError

WEEK = 168.0
DIALYSIS = """name: lesion
dialysis:
  - days: [mon, wed, fri]
    hours: 4 h
    blood_flow: 300 mL/min
    dialysate_flow: 500 mL/min
    dialysate_calcium: 1.25 mmol/L
"""


def action(name: str, **given: Any) -> Action:
    return Action.model_validate({"action": name, **given})


def issues(folder: Path, text: str) -> dict[str, str]:
    path = folder / "plan.yaml"
    path.write_text(DIALYSIS + "actions:\n" + text)
    return {i.code: i.severity for i in examine_plan(path).issues}


def test_every_action_has_mechanism_evidence_source_and_harms() -> None:
    for kind in actions().values():
        assert kind.kind in KINDS
        for words in (kind.mechanism, kind.evidence, kind.source, kind.harms):
            assert words, kind.name


def test_every_action_acts_through_symbols_of_the_body() -> None:
    body = load_body()
    for kind in actions().values():
        if kind.kind in ("elsewhere", "operation"):
            continue
        names = [f"{kind.symbol}_{s}" for s in body.sites] if kind.sited else [kind.symbol]
        for name in names:
            assert body.parameters[name].status == "input", name
        for effect in (*kind.effects, *kind.hypothesis):
            assert effect in body.parameters, effect


def test_an_action_is_found_by_name_and_alias_in_any_case() -> None:
    assert find("NPWT").name == find("vacuum  Dressing").name == "vacuum dressing"
    with pytest.raises(InputError, match="no such action"):
        find("leeches")


def test_a_plan_states_actions_and_reads_them_aloud(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        DIALYSIS
        + "actions:\n  - action: HBO\n    dose: 2.0 ATA\n    sessions: 30\n    start: week 2\n"
        + "  - action: debridement\n    site: calf\n    start: day 3\n"
    )
    plan = read_plan(path)
    assert [a.dose_value for a in plan.actions] == [2.0, None]
    told = plan.describe()
    assert "Hyperbaric oxygen 2.0 ATA, 5 a week for 1.5 h, 30 in all from week 2." in told
    assert "Debridement, calf, day 3." in told


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("  - action: opioid\n    dose: -5 mg/day\n", "dose_not_positive", "error"),
        ("  - action: hyperbaric oxygen\n    dose: 7 ATA\n", "dose_impossible", "error"),
        ("  - action: opioid\n    dose: 300 mg/day\n", "dose_above_usual", "warning"),
        ("  - action: opioid\n    dose: 60 g\n", "dose_unclear", "error"),
        ("  - action: leeches\n", "unknown_action", "error"),
        ("  - action: kidney transplant\n", "action_elsewhere", "error"),
        ("  - action: intensified dialysis\n", "action_elsewhere", "error"),
        ("  - action: debridement\n    site: nose\n", "no_such_site", "error"),
        ("  - action: opioid\n    site: calf\n", "no_site", "error"),
        ("  - action: vacuum dressing\n", "nothing_before", "warning"),
        (
            "  - action: skin graft\n    start: day 2\n  - action: debridement\n    start: day 9\n",
            "nothing_before",
            "warning",
        ),
        ("  - action: PTX\n  - action: parathyroidectomy\n    start: day 9\n", "operation_twice", "error"),
        ("  - action: opioid\n    start: day 9\n    stop: day 2\n", "stop_before_start", "error"),
    ],
)
def test_what_is_wrong_in_a_plan_is_said(tmp_path: Path, text: str, code: str, severity: str) -> None:
    assert issues(tmp_path, text).get(code) == severity


def test_debridement_then_vacuum_then_graft_is_in_order(tmp_path: Path) -> None:
    text = "  - action: debridement\n    start: day 1\n    site: calf\n"
    text += "  - action: vacuum dressing\n    start: day 2\n    site: calf\n"
    assert issues(tmp_path, text + "  - action: graft\n    start: day 30\n    site: calf\n") == {}


def test_debridement_of_another_site_does_not_count(tmp_path: Path) -> None:
    text = "  - action: debridement\n    start: day 1\n    site: calf\n  - action: vacuum\n    start: day 2\n    site: acral\n"
    assert issues(tmp_path, text) == {"nothing_before": "warning"}


def test_sessions_fall_on_weekdays_and_end_when_all_are_given() -> None:
    hours = session_hours(action("hyperbaric oxygen", sessions=12, start="week 1"))
    assert len(hours) == 12
    assert [h % 24 for h in hours] == [14.0] * 12
    assert {int(h % WEEK // 24) for h in hours} == {0, 1, 2, 3, 4}
    assert sum(round((last - first) / WEEK) + 1 for first, last in weekly(hours)) == 12


def test_sessions_end_at_the_stop() -> None:
    hours = session_hours(action("rheopheresis", start="day 0", stop="day 21"))
    assert len(hours) == 6
    assert max(hours) < 21 * 24


def test_what_begins_at_midnight_begins_at_two_in_the_afternoon() -> None:
    assert begins(action("debridement", start="day 3")) == 3 * 24 + 14.0


def test_actions_are_part_of_the_timetable() -> None:
    one = np.ones(3)
    given = {"adherence": one, "dry_weight": 70 * one, "V_target": 15 * one}
    plain, done = Plan(name="a"), Plan.model_validate({"name": "b", "actions": [{"action": "wound care"}]})
    extra = {r.target for r in timetable(done, **given).rules} - {r.target for r in timetable(plain, **given).rules}
    assert extra == {"wound_care"}


def test_a_parathyroidectomy_scales_the_glands() -> None:
    schedule = carry_out([action("parathyroidectomy", start="day 5")], people=np.arange(4))
    assert {"PTH_store", "gland_mass_diffuse"} <= {r.target for r in schedule.rules}
    assert schedule.rules[0].at == pytest.approx(np.full(4, 5 * 24 + 14.0))


def told(body: Any, **given: float) -> dict[str, np.ndarray]:
    values = {name: np.zeros((2, 3)) for name in read_for_refusals(body)}
    for name, number in given.items():
        values[f"{name}_calf"] = np.array([[number] * 3, [0.0] * 3])
    return values


TIMES = np.array([0.0, 24.0, 240.0])


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("vacuum dressing", {"eschar": 20.0, "eschar_share": 0.9}, "does not act on eschar"),
        ("skin graft", {"wound_area": 20.0, "bacteria": 7.0}, "bed is infected"),
        ("skin graft", {"eschar": 20.0, "eschar_share": 0.9}, "does not take on eschar"),
        ("debridement", {}, "no wound at this site"),
    ],
)
def test_an_impossible_order_is_refused_with_the_reason(name: str, given: dict[str, float], reason: str) -> None:
    body = load_body()
    found = refusals([action(name, site="calf", start="day 2")], told(body, **given), TIMES, body=body)
    assert any(r.person == 0 and reason in r.reason for r in found)


def test_a_possible_order_is_not_refused() -> None:
    body = load_body()
    clean = told(body, wound_area=20.0, bacteria=2.0)
    assert not [r for r in refusals([action("graft", site="calf", start="day 2")], clean, TIMES) if r.person == 0]


def test_nothing_is_done_on_the_dead() -> None:
    body = load_body()
    found = refusals(
        [action("parathyroidectomy", start="day 5")], told(body), TIMES, body=body, died=np.array([50.0, np.inf])
    )
    assert [(r.person, r.reason) for r in found] == [(0, "the patient has died")]
