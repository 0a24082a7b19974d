"""Labs at visits: keyed draws, variation as the table states it, draws that were missed."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.care.visits import Visits, draw, walk
from livedo.errors import InputError
from livedo.patients import variations

HOUR = 3 * 168.0 + 56.0


def labs(patients, *, seed=1, hour=HOUR, visit=0, visits=None, present=None):
    visits = visits or Visits(missed=0.0)
    true = {analyte: np.full(len(patients), 2.0) for analyte in visits.panel}
    return draw(visits, true, seed=seed, patients=patients, visit=visit, hour=hour, present=present)


def test_the_same_seed_gives_the_same_labs():
    first, second, other = (labs(np.arange(50), seed=s) for s in (1, 1, 2))
    for analyte, values in first.items():
        assert np.array_equal(values, second[analyte])
        assert not np.array_equal(values, other[analyte])


def test_a_patients_labs_do_not_depend_on_company_or_on_visits_before():
    alone, together = labs(np.arange(20, 30)), labs(np.arange(50), visit=6)
    for analyte, values in alone.items():
        assert np.array_equal(values, together[analyte][20:30])


@pytest.mark.parametrize("analyte", ["phosphate", "calcium_total", "albumin"])
def test_variation_is_as_the_table_states(analyte):
    row = variations()[analyte]
    values = labs(np.arange(40_000))[analyte] / 2.0
    assert np.std(values) / np.mean(values) == pytest.approx(row.single, rel=0.02)
    assert np.median(values) == pytest.approx(1.0, rel=0.01)


def test_log_normal_variation_where_stated():
    values = np.log(labs(np.arange(40_000))["phosphate"] / 2.0)
    row = variations()["phosphate"]
    assert np.var(values) == pytest.approx(np.log1p(row.within**2) + np.log1p(row.analytical**2), rel=0.03)
    assert abs(np.mean(((values - values.mean()) / values.std()) ** 3)) < 0.05


def test_pth_differs_between_laboratories_and_not_within_one():
    one = labs(np.arange(20_000), visits=Visits(missed=0.0, laboratories=1))["pth"] / 2.0
    many = labs(np.arange(20_000), visits=Visits(missed=0.0, laboratories=10**6))["pth"] / 2.0
    row = variations()["pth"]
    alone = np.log1p(row.within**2) + np.log1p(row.analytical**2)
    assert np.var(np.log(one)) == pytest.approx(alone, rel=0.04)
    assert np.var(np.log(many)) == pytest.approx(alone + row.laboratory**2, rel=0.04)


def test_the_drift_has_its_variance_and_correlation():
    patients = np.arange(40_000)
    first = walk(1, "pth", patients, 10)
    assert np.mean(first) == pytest.approx(0.0, abs=0.02)
    assert np.var(first) == pytest.approx(1.0, rel=0.02)
    for weeks in (1, 3, 6):
        later = walk(1, "pth", patients, 10 + weeks)
        assert np.corrcoef(first, later)[0, 1] == pytest.approx(np.exp(-weeks / 3), abs=0.02)


def test_half_of_the_within_person_variance_is_new_at_each_draw():
    patients = np.arange(40_000)
    row = variations()["calcium_total"]
    monday, friday = (labs(patients, hour=3 * 168.0 + h)["calcium_total"] / 2.0 for h in (8.0, 104.0))
    shared = np.cov(monday, friday)[0, 1]
    assert shared == pytest.approx(0.5 * row.within**2, rel=0.06)


def test_missed_draws_and_absent_patients_give_nothing():
    visits = Visits(missed=0.2)
    drawn = labs(np.arange(20_000), visits=visits)
    nothing = np.isnan(drawn["phosphate"])
    assert nothing.mean() == pytest.approx(0.2, abs=0.01)
    assert np.array_equal(nothing, np.isnan(drawn["pth"]))
    absent = np.arange(100) < 40
    assert np.isnan(labs(np.arange(100), present=~absent)["pth"][absent]).all()


def test_some_analytes_are_drawn_seldom():
    visits = Visits(missed=0.0, seldom={"pth": 3})
    drawn = [np.isfinite(labs(np.arange(5), visit=v, visits=visits)["pth"]).all() for v in range(7)]
    assert drawn == [True, False, False, True, False, False, True]


def test_labs_are_drawn_midweek_or_after_the_long_gap():
    assert Visits().session([8.0, 56.0, 104.0]) == 1
    assert Visits(draw="first").session([8.0, 56.0, 104.0]) == 0
    with pytest.raises(InputError):
        Visits(draw="whenever")
    with pytest.raises(InputError):
        Visits(panel=("phosphate", "mood"))
