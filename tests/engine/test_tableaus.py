"""Coefficients satisfy the order conditions of Rosenbrock methods (Hairer and Wanner, Solving ODEs II, IV.7)."""

from __future__ import annotations

import numpy as np
import pytest

from livedo.engine.tableaus import METHODS


def conditions(tableau, upto):
    """Residuals of the order conditions, one for each rooted tree, by recursion over trees.

    A node with one child carries beta = alpha + Gamma, a node with several carries alpha in each branch.
    """
    alpha, gamma, b = tableau.classical
    beta = alpha + gamma

    def trees(order):
        if order == 1:
            return [()]
        found = []

        def split(left, smallest, chosen):
            if left == 0:
                found.append(tuple(chosen))
                return
            for size in range(smallest, left + 1):
                for tree in trees(size):
                    if not chosen or (size, repr(tree)) >= (chosen[-1][0], repr(chosen[-1][1])):
                        split(left - size, size, [*chosen, (size, tree)])

        split(order - 1, 1, [])
        return [tuple(t for _, t in f) for f in found]

    def size(tree):
        return 1 + sum(size(t) for t in tree)

    def density(tree):
        return size(tree) * np.prod([density(t) for t in tree], initial=1.0)

    def weight(tree):
        result = np.ones(len(b))
        matrix = beta if len(tree) == 1 else alpha
        for child in tree:
            result = result * (matrix @ weight(child))
        return result

    return {(order, repr(t)): b @ weight(t) - 1.0 / density(t) for order in range(1, upto + 1) for t in trees(order)}


@pytest.mark.parametrize("name", METHODS)
def test_order_conditions_hold(name):
    residuals = conditions(METHODS[name], METHODS[name].order)
    assert len(residuals) == {4: 8, 5: 17}[METHODS[name].order]
    assert max(abs(r) for r in residuals.values()) < 1e-9


@pytest.mark.parametrize("name", METHODS)
def test_the_next_order_is_not_reached(name):
    tableau = METHODS[name]
    assert max(abs(r) for r in conditions(tableau, tableau.order + 1).values()) > 1e-4


@pytest.mark.parametrize("name", METHODS)
def test_the_method_is_stiffly_accurate_and_damps_infinitely_fast_modes(name):
    alpha, gamma, b = METHODS[name].classical
    beta = alpha + gamma
    assert np.allclose(beta[-1], b, atol=1e-12)
    assert abs(1.0 - b @ np.linalg.solve(beta, np.ones(len(b)))) < 1e-9
