"""Expressions as written: one small immutable tree for every equation.

A tree holds exactly what the author wrote, literals with their declared units included, so that the unit check, the
printer and the compiler all read the same thing. Trees come from libSBML's syntax trees; what Livedo cannot compile is
refused here, by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from livedo.errors import InputError

#: Operators by number of arguments; ``add`` and ``mul`` take any number.
FUNCTIONS = frozenset({"exp", "log", "sqrt", "tanh", "abs", "min", "max"})
RELATIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
LOGIC = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Expr:
    """One node of an equation.

    ``op`` is ``number``, ``symbol``, ``time``, ``select`` (value, condition, otherwise) or one of the operators above.
    ``unit`` is the declared unit identifier of a literal (bare numerals are ``dimensionless``).
    """

    op: str
    args: tuple[Expr, ...] = ()
    value: float = 0.0
    name: str = ""
    unit: str = ""

    def walk(self) -> Iterator[Expr]:
        """Yield this node and every node below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()

    def symbols(self) -> set[str]:
        """Names this expression reads."""
        return {node.name for node in self.walk() if node.op == "symbol"}

    def __str__(self) -> str:
        return infix(self)


def number(value: float, unit: str = "dimensionless") -> Expr:
    """A literal."""
    return Expr("number", value=float(value), unit=unit)


def symbol(name: str) -> Expr:
    """A reference to a state, parameter or rule."""
    return Expr("symbol", name=name)


def substitute(expr: Expr, replacements: Mapping[str, Expr]) -> Expr:
    """Replace symbols by expressions (used to inline function definitions)."""
    if expr.op == "symbol":
        return replacements.get(expr.name, expr)
    if not expr.args:
        return expr
    return Expr(expr.op, tuple(substitute(a, replacements) for a in expr.args), expr.value, expr.name, expr.unit)


_INFIX = {"add": " + ", "sub": " - ", "mul": " * ", "div": " / ", "pow": "^"}
_INFIX |= {
    "lt": " < ",
    "le": " <= ",
    "gt": " > ",
    "ge": " >= ",
    "eq": " == ",
    "ne": " != ",
    "and": " && ",
    "or": " || ",
}
_STRENGTH = {"or": 1, "and": 2, "lt": 3, "le": 3, "gt": 3, "ge": 3, "eq": 3, "ne": 3}
_STRENGTH |= {"add": 4, "sub": 4, "mul": 5, "div": 5, "neg": 6, "pow": 7}


def infix(expr: Expr, number_style: str = "plain") -> str:
    """Write an expression in the infix grammar that libSBML and Antimony read.

    Parameters
    ----------
    expr:
        The expression.
    number_style:
        ``plain`` writes literals bare; ``units`` writes the declared unit behind each.
    """

    def write(node: Expr, floor: int) -> str:
        if node.op == "number":
            text = repr(node.value)
            text = text[:-2] if text.endswith(".0") else text
            text = f"{text} {node.unit}" if number_style == "units" else text
            return f"({text})" if node.value < 0 else text
        if node.op == "symbol":
            return node.name
        if node.op == "time":
            return "time"
        if node.op == "select":
            return f"piecewise({', '.join(write(a, 0) for a in node.args)})"
        if node.op in FUNCTIONS:
            name = "ln" if node.op == "log" else node.op
            return f"{name}({', '.join(write(a, 0) for a in node.args)})"
        strength = _STRENGTH.get(node.op, 8)
        if node.op == "neg":
            text = f"-{write(node.args[0], strength)}"
        elif node.op == "not":
            text = f"!({write(node.args[0], 0)})"
        else:
            first, *rest = node.args
            tight = 1 if node.op in {"sub", "div", "pow"} or node.op in RELATIONS else 0
            lead = strength + (1 if node.op == "pow" else 0)
            text = _INFIX[node.op].join([write(first, lead), *(write(a, strength + tight) for a in rest)])
        return f"({text})" if strength < floor else text

    return write(expr, 0)


def from_sbml(node: Any, where: str, functions: Mapping[str, tuple[tuple[str, ...], Expr]] | None = None) -> Expr:
    """Translate a libSBML syntax tree.

    Parameters
    ----------
    node:
        A ``libsbml.ASTNode``.
    where:
        What the equation belongs to, for messages.
    functions:
        Function definitions: name -> (argument names, body); calls are inlined.

    Raises
    ------
    InputError
        If the equation uses something outside the supported subset; the message names it.
    """
    import libsbml as sb

    functions = functions or {}
    simple = {
        sb.AST_PLUS: "add",
        sb.AST_TIMES: "mul",
        sb.AST_DIVIDE: "div",
        sb.AST_POWER: "pow",
        sb.AST_FUNCTION_POWER: "pow",
        sb.AST_FUNCTION_EXP: "exp",
        sb.AST_FUNCTION_LN: "log",
        sb.AST_FUNCTION_TANH: "tanh",
        sb.AST_FUNCTION_ABS: "abs",
        sb.AST_FUNCTION_MIN: "min",
        sb.AST_FUNCTION_MAX: "max",
        sb.AST_RELATIONAL_LT: "lt",
        sb.AST_RELATIONAL_LEQ: "le",
        sb.AST_RELATIONAL_GT: "gt",
        sb.AST_RELATIONAL_GEQ: "ge",
        sb.AST_RELATIONAL_EQ: "eq",
        sb.AST_RELATIONAL_NEQ: "ne",
        sb.AST_LOGICAL_AND: "and",
        sb.AST_LOGICAL_OR: "or",
        sb.AST_LOGICAL_NOT: "not",
    }

    def translate(n: Any) -> Expr:
        kind = n.getType()
        args = [n.getChild(i) for i in range(n.getNumChildren())]
        if n.isNumber():
            return number(n.getValue(), n.getUnits() or "dimensionless")
        if kind == sb.AST_NAME_TIME:
            return Expr("time")
        if kind == sb.AST_NAME:
            return symbol(n.getName())
        if kind in (sb.AST_CONSTANT_E, sb.AST_CONSTANT_PI):
            return number(n.getValue())
        if kind in (sb.AST_CONSTANT_TRUE, sb.AST_CONSTANT_FALSE):
            return Expr("eq", (number(0.0), number(0.0 if kind == sb.AST_CONSTANT_TRUE else 1.0)))
        if kind == sb.AST_MINUS:
            return Expr("neg" if len(args) == 1 else "sub", tuple(translate(a) for a in args))
        if kind == sb.AST_FUNCTION_ROOT:
            degree = translate(args[0]) if len(args) == 2 else number(2.0)
            if degree.op == "number" and degree.value == 2.0:
                return Expr("sqrt", (translate(args[-1]),))
            return Expr("pow", (translate(args[-1]), Expr("div", (number(1.0), degree))))
        if kind == sb.AST_FUNCTION_LOG:
            base = translate(args[0]) if len(args) == 2 else number(10.0)
            return Expr("div", (Expr("log", (translate(args[-1]),)), Expr("log", (base,))))
        if kind == sb.AST_FUNCTION_PIECEWISE:
            return piecewise([translate(a) for a in args])
        if kind == sb.AST_FUNCTION and n.getName() in functions:
            names, body = functions[n.getName()]
            return substitute(body, dict(zip(names, (translate(a) for a in args), strict=True)))
        if kind in simple:
            parts = tuple(translate(a) for a in args)
            if simple[kind] in ("add", "mul", "and", "or") and len(parts) == 1:
                return parts[0]
            if not parts:
                return number(0.0 if simple[kind] == "add" else 1.0)
            return Expr(simple[kind], parts)
        label = n.getName() or sb.formulaToL3String(n)
        raise InputError(
            f"the function or construct {label!r} is not supported in equations",
            where=where,
            expected="arithmetic, exp, ln, log, sqrt, tanh, abs, min, max, piecewise, comparisons and logic",
        )

    def piecewise(parts: list[Expr]) -> Expr:
        if len(parts) % 2 == 0:
            raise InputError("piecewise without an 'otherwise' value", where=where, expected="a value for every case")
        result = parts[-1]
        for i in range(len(parts) - 3, -1, -2):
            result = Expr("select", (parts[i], parts[i + 1], result))
        return result

    if node is None:
        raise InputError("the equation is empty", where=where)
    return translate(node)
