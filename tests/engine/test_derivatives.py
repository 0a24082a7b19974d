"""Jacobians are exact, for all outputs at once, and a branch that is not taken cannot spoil them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine.derivatives import jacobian
from livedo.engine.expression import Expr, number, symbol
from livedo.engine.graph import Graph

from .test_graph import expressions, value

AT = st.floats(0.5, 2.0)


@given(st.lists(expressions, min_size=1, max_size=3), AT, AT)
def test_slopes_of_all_outputs_agree_with_differences(exprs, x, y):
    graph = Graph()
    scope = {"x": graph.input("x"), "y": graph.input("y")}
    with np.errstate(all="ignore"):
        nodes = [graph.build(expr, scope) for expr in exprs]
        slopes = jacobian(graph, nodes, [scope["x"], scope["y"]])
        for i, node in enumerate(nodes):
            for j, (dx, dy) in enumerate(((1e-5, 0.0), (0.0, 1e-5))):
                slope = value(graph, slopes[i, j], x, y) if (i, j) in slopes else 0.0
                ahead, here = value(graph, node, x + dx, y + dy), value(graph, node, x, y)
                behind = value(graph, node, x - dx, y - dy)
                bend = abs(ahead - 2 * here + behind)
                if np.isfinite([ahead, behind, here, slope]).all() and bend < 1e-6 * (1 + abs(slope)):
                    assert abs((ahead - behind) / 2e-5 - slope) < 1e-4 * (1 + abs(slope) + abs(here))


def test_a_slope_without_bounds_stays_in_the_branch_that_is_not_taken():
    graph = Graph()
    x = graph.input("x")
    root = Expr("sqrt", (symbol("x"),))
    guarded = Expr("select", (Expr("mul", (root, root, root)), Expr("gt", (symbol("x"), number(0.0))), number(0.0)))
    node = graph.build(Expr("exp", (guarded,)), {"x": x})
    slopes = jacobian(graph, [node], [x])
    with np.errstate(all="ignore"):
        assert value(graph, slopes[0, 0], 0.0, 0.0) == 0.0
        assert np.isclose(value(graph, slopes[0, 0], 0.25, 0.0), np.exp(0.125) * 1.5 * 0.5)


def test_entries_that_are_zero_for_good_are_absent():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    assert jacobian(graph, [graph.sub(graph.mul(x, y), graph.mul(y, x)), x], [x, y]) == {(1, 0): graph.const(1.0)}
