"""The shared graph: equal expressions are one node."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

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


def test_equal_expressions_are_one_node():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    assert graph.mul(x, y) == graph.mul(y, x)
    before = len(graph.ops)
    graph.pow(x, graph.input("n"))
    graph.pow(x, graph.input("m"))
    logs = [op for op in graph.ops[before:] if op[0] == "log2"]
    assert len(logs) == 1
