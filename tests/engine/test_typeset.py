"""Equations as LaTeX."""

from __future__ import annotations

import pytest

from livedo.body import load_body
from livedo.engine.expression import Expr, number, symbol
from livedo.engine.typeset import latex, name

A, B, C = symbol("a"), symbol("K_Ca"), symbol("c")


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (Expr("mul", (Expr("add", (A, C)), number(2.0))), r"\left(\mathrm{a} + \mathrm{c}\right)\,2"),
        (Expr("div", (A, C)), r"\frac{\mathrm{a}}{\mathrm{c}}"),
        (Expr("sub", (A, Expr("sub", (A, C)))), r"\mathrm{a} - \left(\mathrm{a} - \mathrm{c}\right)"),
        (Expr("pow", (Expr("add", (A, C)), number(2.0))), r"{\left(\mathrm{a} + \mathrm{c}\right)}^{2}"),
        (B, r"\mathrm{K}_{\mathrm{Ca}}"),
    ],
)
def test_what_binds_tighter_is_kept_together(expr, text):
    assert latex(expr) == text


def test_every_equation_of_the_body_can_be_set():
    model = load_body().model
    for key, expr in (*model.rules, *model.rates.items()):
        text = f"{name(key)} = {latex(expr)}"
        assert text.count("{") == text.count("}")
