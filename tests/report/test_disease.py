"""The section of the disease: numbers are the trajectories', the base rate stands beside the risk, the diary follows states."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest

from livedo.care.actions import find
from livedo.care.plan import Action
from livedo.report.diary import READS, diaries, level, middle_version, sentence, words
from livedo.report.disease import disease_text, summary
from livedo.report.page import render
from livedo.report.shown import measures
from livedo.report.terminal import table
from livedo.tracking.comparison import Comparison, Refused
from livedo.tracking.disease import base_rates
from livedo.tracking.outcomes import quantities
from livedo.wording import carried

VESSELS = ("arteriolar_mineral", "lumen", "thrombosed_share", "coronary_calcium", "breast_artery_calcium")
WEEKS = 52
ACTIONS = ({"action": "debridement", "site": "calf", "start": "day 10"}, {"action": "skin graft", "start": "day 24"})


def with_disease(comparison: Comparison, kind: str) -> Comparison:
    """The comparison with made-up trajectories: a wound that closes, a little slower in each next version; or a risk."""
    lesion = kind == "lesion"
    outcomes = []
    for place, outcome in enumerate(comparison.outcomes):
        members = len(outcome.values["P"])
        slower = 1.0 + 0.05 * np.arange(members)[:, None]
        left = np.exp(-np.arange(WEEKS)[None, :] / (6.0 * slower) * (1 + place))
        values = {name: 0.3 * slower * np.ones((1, WEEKS)) for name in VESSELS}
        if lesion:
            values |= {
                "eschar": 20 * left**2,
                "wound_area": 15 * left,
                "healed": 15 * (1 - left),
                "plaque": 6 * left**3,
            }
            values |= {"granulation": 1 - left, "infected": left**4, "livedo_share": left, "pain_score": 8 * left}
            values |= {"bwat_cua": 8 + 20 * left, "alive": 0.5 + 0.5 * left}
        else:
            values |= {"lesion_risk": 0.001 * slower * np.arange(WEEKS)[None, :] / WEEKS}
        values = {
            name: np.where(np.isin(np.arange(members), list(outcome.failures))[:, None], np.nan, v)
            for name, v in values.items()
        }
        told = {q.key: outcome.summary[q.key] for q in quantities() if q.kind not in ("vessel", "lesion")}
        keys = [
            q.key
            for q in quantities()
            if q.kind == "vessel" and (q.key in ("lesion_risk", "lesion_rate")) <= (not lesion)
        ]
        keys += [q.key for q in quantities() if q.kind == "lesion" and lesion]
        told |= {key: outcome.summary[key] for key in keys}
        changed = replace(outcome, values=dict(outcome.values) | values, summary=told)
        if place:
            plan = outcome.plan.model_copy(update={"actions": tuple(Action.model_validate(a) for a in ACTIONS)})
            who = tuple(range(12))
            refused = (
                Refused(
                    "skin graft", "calf", 24 + 14 / 24, "the bed is <infected>: a graft would be lost", who, members
                ),
            )
            changed = replace(changed, plan=plan, refused=refused if lesion else ())
        outcomes.append(changed)
    return replace(comparison, outcomes=tuple(outcomes), lesion="calf" if lesion else None)


@pytest.fixture
def lesion(comparison: Comparison) -> Comparison:
    return with_disease(comparison, "lesion")


@pytest.fixture
def whole(comparison: Comparison) -> Comparison:
    return with_disease(comparison, "whole")


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page[page.index('id="disease"') : page.index('id="plans"')]).split())


def test_numbers_of_the_figures_are_those_of_the_trajectories(lesion: Comparison) -> None:
    said = text_of(render(lesion))
    drawn = [shown for shown in measures() if shown.symbol in lesion.outcomes[0].values]
    assert {"wound_area", "pain_score", "alive"} <= {shown.symbol for shown in drawn}
    for shown in drawn:
        for outcome in lesion.outcomes:
            median, low, high = np.nanpercentile(shown.factor * outcome.values[shown.symbol][:, -1], (50, 5, 95))
            middle, least, most = (carried(v, shown.decimals) for v in (median, low, high))
            name = outcome.plan.name.replace("<", "&lt;").replace(">", "&gt;")
            assert f"{name} {middle} ({least} to {most})" in said


@pytest.mark.parametrize("run", ["lesion", "whole"])
def test_no_two_places_of_the_page_have_one_name(run: str, request: pytest.FixtureRequest) -> None:
    page = render(request.getfixturevalue(run))
    names = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(names) == sorted(set(names))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(names)


def test_base_rate_by_case_definition_stands_beside_the_risk(whole: Comparison) -> None:
    said = text_of(render(whole))
    for row in base_rates():
        assert row.case in said
        assert f"{row.per_1000:g}" in said
    assert "Base rate: 3.49 per 1000 patient-years" in summary(whole)[-1]
    assert "per 1000 patient-years" in summary(whole)[0]
    mean = carried(float(np.mean(whole.outcomes[0].summary["lesion_risk"])), 2)
    assert f"chance of a first lesion {mean}%, the mean over the versions" in summary(whole)[0]
    assert "the patient’s own chance is the mean" in text_of(render(whole))


def test_every_action_shows_its_harms_beside_what_it_does(lesion: Comparison) -> None:
    said = text_of(render(lesion)).replace("&lt;", "<").replace("&gt;", ">")
    for name in ("debridement", "skin graft"):
        kind = find(name)
        assert said.index(kind.mechanism) < said.index(kind.harms)


def test_what_was_refused_stands_there_with_its_reason(lesion: Comparison) -> None:
    said = text_of(render(lesion))
    assert "12 of 20" in said
    assert "the bed is &lt;infected&gt;: a graft would be lost" in said


def test_without_trajectories_of_the_disease_there_is_no_section(comparison: Comparison) -> None:
    assert 'id="disease"' not in render(comparison)
    assert disease_text(comparison).diaries == ()


def test_diary_tells_the_version_in_the_middle_under_every_plan(lesion: Comparison) -> None:
    who = middle_version(lesion.outcomes[0])
    mean = (lesion.outcomes[0].values["eschar"] + lesion.outcomes[0].values["wound_area"]).mean(axis=1)
    assert abs((mean < mean[who]).sum() - (mean > mean[who]).sum()) <= 1
    for diary, outcome in zip(diaries(lesion), lesion.outcomes, strict=True):
        first = outcome.values["eschar"][who, 0]
        assert f"{first:.0f}" in diary.entries[0].words


def test_diary_covers_every_week_once(lesion: Comparison) -> None:
    for diary in diaries(lesion):
        weeks = [week for entry in diary.entries for week in range(entry.first, entry.last + 1)]
        assert weeks == list(range(1, WEEKS + 1))


def test_diary_words_follow_states(lesion: Comparison) -> None:
    who = middle_version(lesion.outcomes[0])
    for diary, outcome in zip(diaries(lesion), lesion.outcomes, strict=True):
        for entry in diary.entries:
            values = {name: outcome.values[name][who, entry.first - 1] for name in READS.values()}
            assert ("black eschar" in entry.words.lower()) == (values["eschar"] >= 2.995)
            assert ("infected" in entry.words) == (values["infected"] >= 0.495 and "No wound" not in entry.words)
            assert ("severe pain" in entry.words) == (values["pain_score"] >= 6.995)
            assert ("No wound is seen" in entry.words) == (max(values["eschar"], values["wound_area"]) < 0.245)


def test_diary_says_what_is_done_and_why_not(lesion: Comparison) -> None:
    done = {entry.first: entry.done for entry in diaries(lesion)[1].entries}
    assert done[2] == "debridement"
    assert done[4] == "skin graft not done (the bed is <infected>: a graft would be lost)"


@pytest.mark.parametrize("quantity", list(READS))
def test_each_quantity_has_words_from_nothing_on_and_takes_the_last_it_has_reached(quantity: str) -> None:
    least = [threshold for threshold, _ in words()[quantity]]
    assert least[0] == 0
    assert least == sorted(least)
    assert [level(quantity, value) for value in least] == list(range(len(least)))


def test_numbers_of_a_sentence_run_from_first_to_last() -> None:
    first = dict.fromkeys(READS.values(), 0.0) | {"eschar": 8.0, "wound_area": 20.0, "pain_score": 5.0}
    said = sentence(first, first | {"wound_area": 12.0})
    assert "20 to 12 cm²" in said
    assert "eschar of 8 cm²" in said


def test_terminal_shows_vessels_and_lesion(lesion: Comparison, whole: Comparison) -> None:
    from rich.console import Console

    for comparison, there, absent in ((lesion, "open wound", "first lesion"), (whole, "first lesions", "open wound")):
        console = Console(width=200, record=True, file=io.StringIO())
        console.print(table(comparison))
        said = console.export_text()
        assert there in said
        assert absent not in said


@pytest.mark.parametrize("word", ["best", "better", "worse", "recommend", "should be given", "winner"])
def test_no_plan_is_ranked(lesion: Comparison, whole: Comparison, word: str) -> None:
    for comparison in (lesion, whole):
        said = text_of(render(comparison)).lower().replace("8 best", "")
        assert not re.search(rf"\b{word}\b", said)
