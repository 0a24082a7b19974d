"""The shared graph: equal expressions are one node, derivatives are exact."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livedo.engine.derivatives import jacobian
from livedo.engine.expression import Expr, number, symbol
from livedo.engine.graph import Graph
from livedo.engine.lanes import NumpyMachine
from livedo.engine.system import _apply

leaves = st.one_of(st.sampled_from([symbol("x"), symbol("y")]), st.floats(0.3, 3.0).map(number))
unary = st.sampled_from(["exp", "log", "sqrt", "tanh", "abs", "neg"])
binary = st.sampled_from(["add", "sub", "mul", "div", "min", "max"])


def grown(children):
    return st.one_of(
        st.tuples(unary, children).map(lambda t: Expr(t[0], (t[1],))),
        st.tuples(binary, children, children).map(lambda t: Expr(t[0], t[1:])),
        st.tuples(children, st.floats(-2.5, 2.5)).map(lambda t: Expr("pow", (t[0], number(t[1])))),
    )


expressions = st.recursive(leaves, grown, max_leaves=8)


def value(graph, node, x, y):
    values = {}
    for n in graph.below([node]):
        op, *args = graph.ops[n]
        if op == "input":
            values[n] = np.full(8, {"x": x, "y": y}[args[0]])
        elif op == "const":
            values[n] = np.full(8, args[0])
        else:
            values[n] = _apply(NumpyMachine(), op, [values[a] for a in args])
    return values[node][0]


@given(expressions, st.floats(0.5, 2.0), st.floats(0.5, 2.0))
def test_derivatives_agree_with_differences(expr, x, y):
    graph = Graph()
    scope = {"x": graph.input("x"), "y": graph.input("y")}
    with np.errstate(all="ignore"):
        node = graph.build(expr, scope)
        gradient = jacobian(graph, [node], [scope["x"], scope["y"]])
        slope = value(graph, gradient[0, 0], x, y) if (0, 0) in gradient else 0.0
        h = 1e-5
        ahead, behind = value(graph, node, x + h, y), value(graph, node, x - h, y)
        here = value(graph, node, x, y)
    smooth = np.isfinite([ahead, behind, here, slope]).all() and abs(ahead - 2 * here + behind) < 1e-6 * (
        1 + abs(slope)
    )
    if smooth:
        assert abs((ahead - behind) / (2 * h) - slope) < 1e-4 * (1 + abs(slope) + abs(here))


def test_equal_expressions_are_one_node():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    assert graph.mul(x, y) == graph.mul(y, x)
    before = len(graph.ops)
    graph.pow(x, graph.input("n"))
    graph.pow(x, graph.input("m"))
    logs = [op for op in graph.ops[before:] if op[0] == "log2"]
    assert len(logs) == 1
