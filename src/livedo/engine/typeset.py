"""Equations as LaTeX, for the model's reference pages."""

from __future__ import annotations

from livedo.engine.expression import FUNCTIONS, Expr

_STRENGTH = {
    "or": 1,
    "and": 2,
    "lt": 3,
    "le": 3,
    "gt": 3,
    "ge": 3,
    "eq": 3,
    "ne": 3,
    "add": 4,
    "sub": 4,
    "mul": 5,
    "neg": 5,
}
_BETWEEN = {"add": " + ", "mul": r"\,", "and": r" \wedge ", "or": r" \vee ", "lt": " < ", "le": r" \le ", "gt": " > "}
_BETWEEN |= {"ge": r" \ge ", "eq": " = ", "ne": r" \ne ", "sub": " - "}


def name(symbol: str) -> str:
    """A symbol: the first word upright, the rest as its subscript."""
    first, *rest = symbol.split("_")
    upright = rf"\mathrm{{{first}}}"
    return rf"{upright}_{{\mathrm{{{' '.join(rest)}}}}}".replace(" ", r"\,") if rest else upright


def latex(expr: Expr) -> str:
    """An expression as LaTeX, units of literals left out."""

    def write(node: Expr, floor: int) -> str:
        if node.op == "number":
            return f"{node.value:g}"
        if node.op == "symbol":
            return name(node.name)
        if node.op == "time":
            return "t"
        if node.op == "div":
            return rf"\frac{{{write(node.args[0], 0)}}}{{{write(node.args[1], 0)}}}"
        if node.op == "pow":
            return rf"{{{write(node.args[0], 7)}}}^{{{write(node.args[1], 0)}}}"
        if node.op == "sqrt":
            return rf"\sqrt{{{write(node.args[0], 0)}}}"
        if node.op == "select":
            yes, mask, no = (write(a, 0) for a in node.args)
            return rf"\begin{{cases}} {yes} & \text{{if }} {mask} \\ {no} & \text{{else}} \end{{cases}}"
        if node.op in FUNCTIONS:
            known = {"log": r"\ln", "abs": r"\mathrm{abs}"}.get(node.op, rf"\{node.op}")
            return rf"{known}\left({', '.join(write(a, 0) for a in node.args)}\right)"
        if node.op == "not":
            return rf"\neg\left({write(node.args[0], 0)}\right)"
        strength = _STRENGTH[node.op]
        if node.op == "neg":
            text = f"-{write(node.args[0], strength)}"
        else:
            tight = 1 if node.op == "sub" else 0
            first, *rest = node.args
            text = _BETWEEN[node.op].join([write(first, strength), *(write(a, strength + tight) for a in rest)])
        return rf"\left({text}\right)" if strength < floor else text

    return write(expr, 0)
