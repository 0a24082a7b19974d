"""BWAT, BWAT-CUA and pain from the states of a wound, with and without a rater."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from livedo.errors import InputError
from livedo.skin.score import exact, items, observed, raters, readings, score

CALF = np.array([1])


def values(body: Any, people: int = 1, **given: float) -> dict[str, np.ndarray]:
    """A calf without a wound, or as given."""
    plain = {"oxygen_for_healing": 0.7}
    found = {}
    for name in observed(body):
        stem = name.rsplit("_", 1)[0] if name.rsplit("_", 1)[-1] in body.sites else name
        number = (
            given.get(stem, plain.get(stem, 0.0)) if name.endswith("_calf") or stem == name else plain.get(stem, 0.0)
        )
        found[name] = np.full((people, 1), number)
    return found


BLACK = {"eschar": 60.0, "infected": 0.6, "plaque": 60.0, "pain_score": 8.0, "overfill": 0.15}
CLEAN = {"wound_area": 20.0, "granulation": 0.9, "infected": 0.05, "healed": 40.0, "pain_score": 3.0}


def test_thirteen_items_of_which_eight_are_of_calciphylaxis() -> None:
    assert len(items()) == 13
    assert sum(i.cua for i in items()) == 8
    assert len({i.name for i in items()}) == 13


def test_whole_skin_scores_the_least(skin: Any) -> None:
    found = score(skin.body, values(skin.body), CALF)
    assert found.bwat[0, 0] == pytest.approx(13.0, abs=0.5)
    assert found.bwat_cua[0, 0] == pytest.approx(8.0, abs=0.3)
    assert found.pain[0, 0] == 0.0


def test_a_black_wound_scores_far_more_than_a_clean_one_and_that_more_than_skin(skin: Any) -> None:
    black, clean, whole = (score(skin.body, values(skin.body, **g), CALF) for g in (BLACK, CLEAN, {}))
    assert black.bwat_cua[0, 0] > clean.bwat_cua[0, 0] + 4 > whole.bwat_cua[0, 0] + 6
    assert black.bwat[0, 0] > clean.bwat[0, 0] > whole.bwat[0, 0]
    assert black.pain[0, 0] == pytest.approx(80.0)


def test_scores_stay_within_their_ranges(skin: Any) -> None:
    worst = dict.fromkeys(("eschar", "plaque", "overfill"), 10000.0) | {"infected": 1.0, "livedo_share": 1.0}
    found = score(skin.body, values(skin.body, 200, **worst, pain_score=12.0), np.ones(200, int), seed=4)
    for name, marks in found.items.items():
        assert marks.min() >= 1, name
        assert marks.max() <= 5, name
    assert np.all((found.bwat_cua >= 8) & (found.bwat_cua <= 40))
    assert np.all((found.bwat >= 13) & (found.bwat <= 65))
    assert found.pain.max() <= 100.0


@pytest.mark.parametrize("item", items(), ids=lambda i: i.name)
def test_each_item_rises_with_its_reading_from_one_to_five(item: Any) -> None:
    marks = exact(item, np.linspace(-1.0, item.cuts[-1] * 3, 400))
    assert marks[0] == 1.0
    assert marks[-1] == 5.0
    assert np.all(np.diff(marks) >= 0)
    assert exact(item, np.array(item.cuts)) == pytest.approx([1.5, 2.5, 3.5, 4.5])


def test_a_rater_gives_whole_marks_and_errs_around_the_truth(skin: Any) -> None:
    people = 4000
    told = values(skin.body, people, **CLEAN)
    seen = score(skin.body, told, np.ones(people, int), seed=7)
    true = score(skin.body, told, np.ones(people, int))
    assert all(np.all(m == np.round(m)) for m in seen.items.values())
    assert seen.bwat_cua.mean() == pytest.approx(true.bwat_cua.mean(), abs=1.0)
    assert 0.8 < seen.bwat_cua.std() < 2.5
    spread = np.hypot(raters()["pain_sd"], raters()["pain_day_sd"])
    assert seen.pain.std() == pytest.approx(spread, rel=0.1)


def test_errors_depend_on_seed_person_and_visit_alone(skin: Any) -> None:
    told = values(skin.body, 50, **CLEAN)
    site = np.ones(50, int)
    one = score(skin.body, told, site, seed=7, first_visit=2)
    assert np.array_equal(one.bwat, score(skin.body, told, site, seed=7, first_visit=2).bwat)
    assert not np.array_equal(one.bwat, score(skin.body, told, site, seed=7, first_visit=3).bwat)
    assert not np.array_equal(one.bwat, score(skin.body, told, site, seed=8, first_visit=2).bwat)


def test_readings_lie_in_their_ranges(skin: Any) -> None:
    for given in ({}, BLACK, CLEAN):
        for name, number in readings(skin.body, values(skin.body, **given), CALF).items():
            assert np.all(number >= 0), name
            assert np.isfinite(number).all(), name


def test_a_reading_that_was_not_observed_is_refused(skin: Any) -> None:
    told = values(skin.body)
    del told["plaque_calf"]
    with pytest.raises(InputError, match="not observed"):
        score(skin.body, told, CALF)
