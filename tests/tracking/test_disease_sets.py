"""Accepted sets carried by versions of a patient."""

from __future__ import annotations

from collections import Counter

import numpy as np

from livedo.body import load_body
from livedo.evidence.lesion_sets import STRUCTURES, load_sets
from livedo.tracking.disease_sets import carried

MEMBERS = 72


def test_structures_have_equal_shares():
    counts = Counter(carried(load_body(), MEMBERS, 1).structures)
    assert set(counts) == set(STRUCTURES)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_many_members_carry_every_accepted_set():
    found = carried(load_body(), 3 * len(load_sets()), 1)
    assert {one.name for one in found.sets} == {one.name for one in load_sets()}


def test_a_member_carries_the_same_set_in_any_company():
    few, many = carried(load_body(), 7, 3), carried(load_body(), 40, 3)
    assert [one.name for one in few.sets] == [one.name for one in many.sets[:7]]


def test_a_set_moves_the_centre_of_what_differs_between_people_and_keeps_their_spread():
    body = load_body()
    found = carried(body, 6, 1)
    own = np.linspace(0.5, 1.5, 6) * body.parameters["margin_advance"].value
    moved = found.with_traits(body, {"margin_advance": own})
    np.testing.assert_allclose(moved["margin_advance"], np.linspace(0.5, 1.5, 6) * found.values["margin_advance"])
    np.testing.assert_allclose(moved["onset_rate"], found.values["onset_rate"])
