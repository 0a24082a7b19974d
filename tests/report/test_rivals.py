"""Rival structures side by side: told apart, and said to agree only where they do."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from livedo.report.rivals import FEWEST, rivals

STRUCTURES = ("calcification", "thrombosis", "intimal") * 8


def comparison(*rates, structures=STRUCTURES):
    outcomes = tuple(SimpleNamespace(summary={"lesion_rate": np.asarray(rate)}, failures={}) for rate in rates)
    return SimpleNamespace(lesion=None, structures=structures, outcomes=outcomes)


def per_structure(**values):
    rng = np.random.default_rng(1)
    return np.array([values[name] for name in STRUCTURES]) * rng.uniform(0.9, 1.1, len(STRUCTURES))


def test_each_structure_shows_its_own_members():
    found = rivals(comparison(per_structure(calcification=1.0, thrombosis=10.0, intimal=100.0)))
    medians = [float(row.cells[0][0]) for row in found.rows]
    np.testing.assert_allclose(medians, [1.0, 10.0, 100.0], rtol=0.1)
    assert not found.said


def test_structures_that_order_plans_differently_are_said_to():
    first = per_structure(calcification=1.0, thrombosis=1.0, intimal=1.0)
    alike = rivals(comparison(first, 2 * first))
    assert "alike" in alike.said[0]
    turned = rivals(comparison(first, first * per_structure(calcification=2.0, thrombosis=0.5, intimal=2.0)))
    assert "differently" in turned.said[0]


def test_plans_that_differ_by_less_than_their_error_share_a_rank():
    first = per_structure(calcification=1.0, thrombosis=1.0, intimal=1.0)
    either = first * (1 + 0.3 * np.tile([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], len(first) // 6))
    assert {row.order for row in rivals(comparison(first, either)).rows} == {(0, 0)}
    assert {row.order for row in rivals(comparison(first, first)).rows} == {(0, 0)}


def test_a_structure_with_few_members_is_not_told():
    few = ("calcification",) * (len(STRUCTURES) - FEWEST + 1) + ("thrombosis",) * (FEWEST - 1)
    found = rivals(comparison(np.ones(len(STRUCTURES)), structures=few))
    assert len(found.rows) == 1
