"""Conditions move inputs of the body, by their table, in the share of people that it says."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.body import load_body
from livedo.errors import InputError
from livedo.patients import load_conditions, on_dialysis, with_conditions
from livedo.patients.conditions import TABLE

HEAD = "condition,symbol,action,value,share,mechanism,source,status,confidence\n"
GOOD = "gout,CRP,add,5,0.5,crystals,assumption,assumed,low\n"
WANTED = (
    *("breast cancer with chemotherapy", "liver cirrhosis", "cholangiocarcinoma", "Crohn's disease"),
    *("rheumatoid arthritis", "systemic lupus erythematosus", "primary hyperparathyroidism"),
    *("corticosteroids", "warfarin", "female sex", "obesity", "diabetes"),
)


@pytest.fixture(scope="module")
def body():
    return load_body()


def test_every_condition_acts_through_what_the_body_has(body):
    table = load_conditions()
    assert set(table) == set(WANTED)
    for effects in table.values():
        for effect in effects:
            assert effect.symbol in body.parameters, effect
            assert effect.mechanism
            assert effect.source


def test_a_condition_moves_what_its_rows_say(body):
    people = np.arange(5)
    albumin = np.full(5, 40.0)
    found = with_conditions(body, {"albumin": albumin}, {"liver cirrhosis": True}, 1, people)
    rows = {e.symbol: e for e in load_conditions()["liver cirrhosis"]}
    assert np.allclose(found["albumin"], 40.0 * rows["albumin"].value)
    own = body.parameters["protein_C_supply"].value
    assert np.allclose(found["protein_C_supply"], own * rows["protein_C_supply"].value)
    assert np.array_equal(albumin, np.full(5, 40.0))


def test_nobody_is_moved_without_the_condition(body):
    people = np.arange(4)
    has = np.array([True, False, True, False])
    found = with_conditions(body, {}, {"obesity": has}, 1, people)
    assert np.all(found["CRP"][~has] == body.parameters["CRP"].value)
    assert np.all(found["CRP"][has] > body.parameters["CRP"].value)
    assert with_conditions(body, {}, {}, 1, people) == {}


def test_partial_effects_act_in_their_share_of_people_and_stay_with_them(body):
    people = np.arange(4000)
    found = with_conditions(body, {}, {"systemic lupus erythematosus": True}, 7, people)["lupus_anticoagulant"]
    assert 0.25 < found.mean() < 0.35
    some = with_conditions(body, {}, {"systemic lupus erythematosus": True}, 7, people[100:200])
    assert np.array_equal(some["lupus_anticoagulant"], found[100:200])


def test_conditions_add_up(body):
    found = with_conditions(body, {}, {"obesity": True, "rheumatoid arthritis": True}, 1, np.arange(2))
    alone = with_conditions(body, {}, {"obesity": True}, 1, np.arange(2))
    assert np.all(found["CRP"] > alone["CRP"])


def test_unknown_condition_is_refused(body):
    with pytest.raises(InputError, match="no such condition"):
        with_conditions(body, {}, {"bad luck": True}, 1, np.arange(1))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (GOOD.replace(",add,", ",raise,"), "unknown action"),
        (GOOD.replace(",5,", ",much,"), "not a number"),
        (GOOD.replace(",0.5,", ",1.5,"), "out of range"),
        (GOOD.replace(",add,5", ",times,-1"), "below zero"),
        (GOOD.replace(",assumed,", ",known,"), "unknown status"),
        (GOOD + GOOD, "twice"),
    ],
)
def test_wrong_row_is_refused_with_its_line(tmp_path, row, said):
    path = tmp_path / "conditions.csv"
    path.write_text(HEAD + row)
    with pytest.raises(InputError, match=said) as refused:
        load_conditions(path)
    assert "conditions.csv, line" in str(refused.value)


def test_the_table_is_read_whole():
    assert sum(len(e) for e in load_conditions().values()) == len(TABLE.read_text(encoding="utf-8").splitlines()) - 1


def test_a_common_condition_leaves_the_mean_of_people_on_dialysis(body):
    people = np.arange(10_000)
    for name, share in on_dialysis().items():
        has = people < share * len(people)
        moved = with_conditions(body, {}, {name: has}, 1, people, on_dialysis())
        for effect in load_conditions()[name]:
            if effect.action == "times":
                own = body.parameters[effect.symbol].value
                ratio = np.log(moved[effect.symbol] / own)
                others = with_conditions(body, {}, {}, 1, people, {k: v for k, v in on_dialysis().items() if k != name})
                ratio -= np.log(others.get(effect.symbol, np.full(len(people), own)) / own)
                assert abs(ratio.mean()) < 1e-3, effect
                assert ratio[0] - ratio[-1] == pytest.approx(np.log(effect.value)), effect


def test_without_people_to_compare_with_a_condition_acts_whole(body):
    people = np.arange(3)
    moved = with_conditions(body, {}, {"diabetes": True}, 1, people)
    row = next(e for e in load_conditions()["diabetes"] if e.symbol == "CRP")
    assert moved["CRP"] == pytest.approx(body.parameters["CRP"].value * row.value)
