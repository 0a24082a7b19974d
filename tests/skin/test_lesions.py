"""Who has a first lesion, where and when, drawn from hazards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from livedo.engine import Moment
from livedo.errors import InputError
from livedo.skin.lesions import WEEK, YEAR, Course, onsets, until_diagnosis, worst_site


def course(skin: Any, hazard: np.ndarray, alive: float = 1.0) -> Course:
    """A course with these hazards, shape (people, sites, stretches); states tell person and stretch apart.

    ``alive`` is the chance to live through a stretch.
    """
    layout = skin.kernel.layout
    moments = []
    for stretch in range(hazard.shape[2]):
        states = np.zeros((len(hazard), len(layout.states)))
        states[:, layout.states.index("bacteria_calf")] = 100 * stretch + np.arange(len(hazard))
        parameters = np.zeros((len(hazard), len(layout.parameters)))
        moments.append(Moment(0.0, states, parameters, np.zeros((len(hazard), layout.control_rows))))
    lived = np.broadcast_to(alive ** np.arange(hazard.shape[2]), hazard.shape[::2])
    return Course(tuple(moments), hazard, lived, YEAR / 2)


def drawn(skin: Any, hazard: np.ndarray, people: int = 4000) -> Any:
    return onsets(skin.body, skin.kernel, course(skin, hazard), people, seed=1)


def test_people_are_drawn_in_proportion_to_their_chance(skin: Any) -> None:
    hazard = np.zeros((3, 3, 1))
    hazard[:, 0, 0] = -np.log1p(-np.array([0.1, 0.2, 0.1]))
    found = drawn(skin, hazard)
    assert np.bincount(found.source, minlength=3) / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_a_second_lesion_is_no_first_one(skin: Any) -> None:
    hazard = np.full((1, 3, 4), 0.0)
    hazard[0, 0] = 1.0
    found = drawn(skin, hazard)
    stretch = np.round(found.years * 2).astype(int)
    expected = np.exp(-np.arange(4)) / np.exp(-np.arange(4)).sum()
    assert np.bincount(stretch, minlength=4) / 4000 == pytest.approx(expected, abs=0.01)


def test_who_has_died_has_no_lesion(skin: Any) -> None:
    hazard = np.full((50, 3, 4), 1e-4)
    stretch = np.round(onsets(skin.body, skin.kernel, course(skin, hazard, 0.5), 4000, seed=1).years * 2).astype(int)
    assert np.bincount(stretch, minlength=4) / 4000 == pytest.approx(np.array([8, 4, 2, 1]) / 15, abs=0.01)


def test_the_site_is_drawn_by_its_hazard(skin: Any) -> None:
    hazard = np.zeros((1, 3, 1))
    hazard[0, :, 0] = (0.06, 0.03, 0.01)
    share = np.bincount(drawn(skin, hazard).site, minlength=3) / 4000
    assert share == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_states_are_those_of_the_person_at_that_time(skin: Any) -> None:
    hazard = np.full((5, 3, 3), 0.01)
    found = drawn(skin, hazard, 300)
    mark = found.moment.states[:, skin.kernel.layout.states.index("bacteria_calf")]
    assert mark == pytest.approx(100 * np.round(found.years * 2) + found.source)


def test_only_the_drawn_site_is_due_at_once(skin: Any) -> None:
    found = drawn(skin, np.full((5, 3, 3), 0.01), 300)
    names, sites = skin.kernel.layout.parameters, skin.body.sites
    due = np.stack([found.moment.parameters[:, names.index(f"onset_draw_{s}")] for s in sites], axis=1)
    assert np.all(due[np.arange(300), found.site] == 0.0)
    others = due[np.arange(3)[None, :] != found.site[:, None]]
    assert others.min() > 0.0
    assert others.mean() == pytest.approx(1.0, abs=0.15)


def test_incidence_is_lesions_over_years_at_risk(skin: Any) -> None:
    hazard = np.zeros((100, 3, 2))
    hazard[:, 1, :] = 0.002
    assert drawn(skin, hazard, 10).incidence == pytest.approx(0.004, rel=0.01)


def test_any_part_of_the_people_is_like_the_whole(skin: Any) -> None:
    hazard = np.zeros((10, 3, 1))
    hazard[:, 0, 0] = 0.01
    found = drawn(skin, hazard, 1000)
    assert np.bincount(found.source[:200], minlength=10).min() > 8


def test_a_course_without_any_hazard_is_refused(skin: Any) -> None:
    with pytest.raises(InputError, match="no one in this course"):
        drawn(skin, np.zeros((2, 3, 2)))


def test_time_to_diagnosis_has_the_published_median_and_quartiles() -> None:
    weeks = until_diagnosis(20_000, seed=2) / WEEK
    assert np.median(weeks) == pytest.approx(9.0, abs=1.0)
    assert np.quantile(weeks, 0.75) / np.quantile(weeks, 0.25) == pytest.approx(16 / 6, rel=0.2)


def test_the_worst_site_has_the_largest_lesion(skin: Any) -> None:
    zero = {f"{n}_{s}": np.zeros(2) for n in ("plaque", "eschar", "wound_area") for s in skin.sites}
    areas = zero | {"eschar_calf": np.array([5.0, 0.0]), "plaque_acral": np.array([1.0, 1.0])}
    assert list(worst_site(skin.body, areas)) == [1, 2]


def test_people_chosen_keep_their_lesion(skin: Any) -> None:
    found = drawn(skin, np.full((5, 3, 3), 0.01), 30)
    some = found.chosen(np.array([3, 4]))
    assert len(some) == 2
    assert np.array_equal(some.site, found.site[[3, 4]])
    assert replace(some, incidence=0.0).incidence == 0.0
