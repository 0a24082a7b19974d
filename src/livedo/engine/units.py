"""Units of every equation, in dimension and in factor.

A unit is a product of base kinds with rational exponents and one factor: 1 mL is 1e-6 metre^3. Two quantities may be
added, compared or assigned only if both agree; a litre where a millilitre is meant is as wrong as a litre where an
hour is meant. Bare numerals mean dimensionless; nothing is converted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from livedo.engine.expression import LOGIC, RELATIONS, Expr
from livedo.errors import InputError

Dimension = tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: exponents over base kinds (sorted, none zero) and a factor to the product of base kinds."""

    dimension: Dimension = ()
    factor: float = 1.0

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.dimension)
        for kind, exponent in other.dimension:
            powers[kind] = powers.get(kind, Fraction(0)) + exponent
        return Unit(_sorted(powers), self.factor * other.factor)

    def __truediv__(self, other: Unit) -> Unit:
        return self * other.power(Fraction(-1))

    def power(self, exponent: Fraction) -> Unit:
        """This unit to a rational power."""
        return Unit(_sorted({k: e * exponent for k, e in self.dimension}), self.factor ** float(exponent))

    def same(self, other: Unit) -> bool:
        """Equal in dimension and, to rounding, in factor."""
        return self.dimension == other.dimension and math.isclose(self.factor, other.factor, rel_tol=1e-9)

    def __str__(self) -> str:
        if not self.dimension and math.isclose(self.factor, 1.0, rel_tol=1e-9):
            return "dimensionless"
        powers = " ".join(k if e == 1 else f"{k}^{e}" for k, e in self.dimension) or "dimensionless"
        return powers if math.isclose(self.factor, 1.0, rel_tol=1e-9) else f"{self.factor:.6g} {powers}"


DIMENSIONLESS = Unit()


def _sorted(powers: Mapping[str, Fraction]) -> Dimension:
    return tuple(sorted((k, e) for k, e in powers.items() if e != 0))


def _base(kind: str, exponent: int | Fraction = 1, factor: float = 1.0) -> Unit:
    return Unit(((kind, Fraction(exponent)),), factor)


#: SBML's predefined units in base kinds. Equivalents are no amount of substance: declare them over ``item``.
PREDEFINED: dict[str, Unit] = {
    "dimensionless": DIMENSIONLESS,
    "radian": DIMENSIONLESS,
    "litre": _base("metre", 3, 1e-3),
    "liter": _base("metre", 3, 1e-3),
    "gram": _base("kilogram", 1, 1e-3),
    "hertz": _base("second", -1),
    **{kind: _base(kind) for kind in ("metre", "kilogram", "second", "mole", "item", "kelvin", "ampere", "candela")},
    "pascal": Unit((("kilogram", Fraction(1)), ("metre", Fraction(-1)), ("second", Fraction(-2)))),
    "joule": Unit((("kilogram", Fraction(1)), ("metre", Fraction(2)), ("second", Fraction(-2)))),
    "watt": Unit((("kilogram", Fraction(1)), ("metre", Fraction(2)), ("second", Fraction(-3)))),
}


def from_definition(definition: Any, where: str) -> Unit:
    """Read a libSBML ``UnitDefinition``.

    Raises
    ------
    InputError
        If it uses a kind that is not supported.
    """
    import libsbml

    result = DIMENSIONLESS
    for i in range(definition.getNumUnits()):
        part = definition.getUnit(i)
        kind = libsbml.UnitKind_toString(part.getKind())
        if kind not in PREDEFINED:
            raise InputError(f"unit {definition.getId()!r} uses the kind {kind!r}, which is not supported", where=where)
        scaled = Unit(
            PREDEFINED[kind].dimension, PREDEFINED[kind].factor * part.getMultiplier() * 10.0 ** part.getScale()
        )
        result = result * scaled.power(Fraction(part.getExponentAsDouble()).limit_denominator(1000))
    return result


def infer(
    expr: Expr,
    unit_of: Callable[[str], Unit],
    literal_unit: Callable[[str], Unit],
    time_unit: Unit,
    where: str,
) -> Unit:
    """The unit of an expression.

    Parameters
    ----------
    expr:
        The expression.
    unit_of, literal_unit:
        The unit of a symbol, and of a declared unit identifier.
    time_unit:
        The unit of ``time``.
    where:
        The equation, for messages.

    Raises
    ------
    InputError
        Where quantities of different dimension or factor are added, compared or chosen between, or where a function
        needs a pure number and gets something else. The message quotes both sides.
    """

    def wrong(problem: str, node: Expr, found: Unit, expected: str) -> InputError:
        return InputError(f"{problem} in '{node}'", where=where, field="unit", value=str(found), expected=expected)

    def same(nodes: tuple[Expr, ...], parent: Expr, word: str) -> Unit:
        first = of(nodes[0])
        for other in nodes[1:]:
            unit = of(other)
            if not unit.same(first):
                raise wrong(f"cannot {word} '{other}' and '{nodes[0]}'", parent, unit, str(first))
        return first

    def pure(node: Expr, parent: Expr) -> Unit:
        unit = of(node)
        if not unit.same(DIMENSIONLESS):
            raise wrong(f"'{node}' must be a pure number", parent, unit, "dimensionless")
        return unit

    def exponent_of(node: Expr) -> Fraction | None:
        if node.op == "number":
            return Fraction(node.value).limit_denominator(1000)
        if node.op == "neg":
            inner = exponent_of(node.args[0])
            return None if inner is None else -inner
        if node.op == "div":
            top, bottom = (exponent_of(a) for a in node.args)
            return None if top is None or bottom is None else top / bottom
        return None

    def of(node: Expr) -> Unit:
        if node.op == "number":
            return literal_unit(node.unit)
        if node.op == "symbol":
            return unit_of(node.name)
        if node.op == "time":
            return time_unit
        if node.op in ("add", "sub", "min", "max"):
            return same(node.args, node, "combine")
        if node.op in RELATIONS:
            same(node.args, node, "compare")
            return DIMENSIONLESS
        if node.op in LOGIC:
            for arg in node.args:
                of(arg)
            return DIMENSIONLESS
        if node.op in ("neg", "abs"):
            return of(node.args[0])
        if node.op == "mul":
            result = DIMENSIONLESS
            for arg in node.args:
                result = result * of(arg)
            return result
        if node.op == "div":
            return of(node.args[0]) / of(node.args[1])
        if node.op == "sqrt":
            return of(node.args[0]).power(Fraction(1, 2))
        if node.op == "pow":
            base, exponent = node.args
            pure(exponent, node)
            rational = exponent_of(exponent)
            unit = of(base)
            if rational is not None:
                return unit.power(rational)
            return pure(base, node)
        if node.op == "select":
            of(node.args[1])
            return same((node.args[0], node.args[2]), node, "choose between")
        for arg in node.args:
            pure(arg, node)
        return DIMENSIONLESS

    return of(expr)


def check_assignment(expr: Expr, found: Unit, expected: Unit, where: str) -> None:
    """Refuse an equation whose two sides differ.

    Raises
    ------
    InputError
        Naming the equation and both units.
    """
    if not found.same(expected):
        kind = "factor" if found.dimension == expected.dimension else "dimension"
        raise InputError(
            f"the two sides differ in {kind}: '{expr}'",
            where=where,
            field="unit",
            value=str(found),
            expected=str(expected),
        )
