"""A cohort: the same people in any company, behaviour as its table says."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from livedo.body import load_body
from livedo.patients import cohort
from livedo.patients.sampling import BEHAVIOUR


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def many(body):
    return cohort(body, 20_000, 3)


def test_a_patient_is_the_same_in_any_company(body, many):
    some = cohort(body, np.arange(70, 90), 3)
    for name, values in some.parameters().items():
        assert np.array_equal(values, many.parameters()[name][70:90]), name
    assert np.array_equal(some.adherence, many.adherence[70:90])
    assert np.array_equal(some.missed_per_year, many.missed_per_year[70:90])


def test_chosen_patients_keep_their_draws(many):
    index = np.array([5, 3, 11])
    some = many.chosen(index)
    for occurrence in range(40):
        whole = many.attends(3)(index, np.full(3, occurrence))
        assert np.array_equal(some.attends(3)(np.arange(3), np.full(3, occurrence)), whole)


def test_parameters_are_all_of_the_body(body, many):
    assert set(many.parameters()) <= set(body.parameters)
    assert all(values.shape == (len(many),) for values in many.parameters().values())


def test_sessions_are_missed_as_often_as_published(many):
    assert many.missed_per_year.mean() == pytest.approx(7.1, rel=0.1)


def test_a_patient_misses_sessions_at_his_own_rate(many):
    sessions = np.arange(2000)
    for patient in (np.argmax(many.missed_per_year), np.argsort(many.missed_per_year)[15_000]):
        came = many.attends(3)(np.full(2000, patient), sessions)
        expected = many.missed_per_year[patient] / (3 * 365.25 / 7)
        assert 1 - came.mean() == pytest.approx(expected, abs=4 * (expected / 2000) ** 0.5)


def test_nobody_misses_when_none_are_missed(body):
    here = cohort(body, 50, 1, missed_per_year=0.0)
    assert here.attends(3)(np.repeat(np.arange(50), 20), np.tile(np.arange(20), 50)).all()


def test_half_of_patients_do_not_adhere(body, many):
    all_adhere = cohort(body, 20_000, 3, nonadherent=0.0).adherence
    none_adhere = cohort(body, 20_000, 3, nonadherent=1.0).adherence
    assert all_adhere.mean() == pytest.approx(0.81, abs=0.01)
    assert none_adhere.mean() == pytest.approx(0.5, abs=0.01)
    assert (many.adherence == none_adhere).mean() == pytest.approx(0.51, abs=0.015)


def test_women_weigh_less_and_the_median_stays(body, many):
    weight = many.traits["dry_weight"]
    ratio = np.median(weight[many.female]) / np.median(weight[~many.female])
    assert ratio == pytest.approx(0.86, abs=0.02)
    assert np.median(weight) == pytest.approx(body.parameters["dry_weight"].value, rel=0.02)


def test_residual_function_is_some_peoples(many, body):
    filtration = many.parameters()["GFR"]
    assert (filtration > 0).mean() == pytest.approx(0.35, abs=0.015)
    assert (cohort(body, 30, 1, residual_share=0.0).parameters()["GFR"] == 0).all()


def test_what_is_given_holds_for_all(body):
    here = cohort(body, 30, 1, given={"dry_weight": 60.0, "adherence": 1.0})
    assert (here.traits["dry_weight"] == 60.0).all()
    assert (here.adherence == 1.0).all()


def test_every_number_of_behaviour_has_a_source():
    with BEHAVIOUR.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["source"]
            assert row["status"] in ("measured", "assumed")
            assert row["role"] in ("trait", "cohort")
