"""Expressions as one shared graph.

Equal sub-expressions are the same node (hash-consing), so a rule used in ten equations is computed once and never
substituted. Powers become ``exp2(n log2 x)``, which shares each logarithm between all powers of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from livedo.engine.expression import Expr

Key = tuple[object, ...]

LOG2_E, LN_2 = math.log2(math.e), math.log(2.0)
COMPARISONS = ("lt", "le", "eq", "ne")
MASKS = frozenset({*COMPARISONS, "and", "or", "not"})


class Graph:
    """A growing set of nodes; a node is an integer.

    Attributes
    ----------
    ops:
        For each node ``(operator, *arguments)``; arguments are nodes, but for ``const`` (a float) and ``input`` (a name).
    """

    def __init__(self) -> None:
        self.ops: list[Key] = []
        self._known: dict[Key, int] = {}

    def _node(self, *key: object) -> int:
        if key not in self._known:
            self._known[key] = len(self.ops)
            self.ops.append(key)
        return self._known[key]

    def const(self, value: float) -> int:
        """A constant node."""
        return self._node("const", float(value))

    def input(self, name: str) -> int:
        """A named input: a state or a parameter."""
        return self._node("input", name)

    def value(self, node: int) -> float | None:
        """The value of a constant node, else None."""
        op = self.ops[node]
        return op[1] if op[0] == "const" else None  # type: ignore[return-value]

    def add(self, a: int, b: int) -> int:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x + y)
        if x == 0.0:
            return b
        if y == 0.0:
            return a
        if self.ops[b][0] == "neg":
            return self.sub(a, self.ops[b][1])  # type: ignore[arg-type]
        if self.ops[a][0] == "neg":
            return self.sub(b, self.ops[a][1])  # type: ignore[arg-type]
        return self._node("add", *sorted((a, b)))

    def sub(self, a: int, b: int) -> int:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x - y)
        if a == b:
            return self.const(0.0)
        if y == 0.0:
            return a
        if x == 0.0:
            return self.neg(b)
        if self.ops[b][0] == "neg":
            return self.add(a, self.ops[b][1])  # type: ignore[arg-type]
        return self._node("sub", a, b)

    def mul(self, a: int, b: int) -> int:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x * y)
        if x == 0.0 or y == 0.0:
            return self.const(0.0)
        if x == 1.0:
            return b
        if y == 1.0:
            return a
        if x == -1.0:
            return self.neg(b)
        if y == -1.0:
            return self.neg(a)
        if self.ops[a][0] == "neg":
            return self.neg(self.mul(self.ops[a][1], b))  # type: ignore[arg-type]
        if self.ops[b][0] == "neg":
            return self.neg(self.mul(a, self.ops[b][1]))  # type: ignore[arg-type]
        return self._node("mul", *sorted((a, b)))

    def div(self, a: int, b: int) -> int:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None and y != 0.0:
            return self.const(x / y)
        if x == 0.0:
            return a
        if y is not None and y != 0.0:
            return self.mul(a, self.const(1.0 / y))
        return self.mul(a, self.reciprocal(b))

    def reciprocal(self, a: int) -> int:
        """1/a; shared by every division by a."""
        x = self.value(a)
        if x is not None and x != 0.0:
            return self.const(1.0 / x)
        return self._node("recip", a)

    def neg(self, a: int) -> int:
        x = self.value(a)
        if x is not None:
            return self.const(-x)
        if self.ops[a][0] == "neg":
            return self.ops[a][1]  # type: ignore[return-value]
        if self.ops[a][0] == "sub":
            return self._node("sub", self.ops[a][2], self.ops[a][1])
        return self._node("neg", a)

    def function(self, name: str, a: int) -> int:
        """exp, log, sqrt, tanh or abs of a node; exp and log through base two."""
        x = self.value(a)
        if x is not None and not (name in ("log", "sqrt") and x <= 0.0):
            return self.const(
                {"exp": math.exp, "log": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "abs": abs}[name](x)
            )
        if name == "tanh":
            e = self.function("exp", self.mul(self.const(-2.0), a))
            return self.sub(self.mul(self.const(2.0), self.reciprocal(self.add(self.const(1.0), e))), self.const(1.0))
        if name == "exp":
            return self._node("exp2", self.mul(self.const(LOG2_E), a))
        if name == "log":
            return self.mul(self.const(LN_2), self._node("log2", a))
        return self._node(name, a)

    def pow(self, a: int, b: int) -> int:
        """a^b; small integer powers by multiplication, others through exp and log (a > 0)."""
        n = self.value(b)
        if n is not None:
            if n == 0.5:
                return self.function("sqrt", a)
            if n == int(n) and abs(n) <= 16:
                power = self._integer_power(a, int(abs(n)))
                return power if n >= 0 else self.reciprocal(power)
        x = self.value(a)
        logarithm = self._node("log2", a) if x is None or x <= 0.0 else self.const(math.log2(x))
        product = self.mul(b, logarithm)
        known = self.value(product)
        return self._node("exp2", product) if known is None else self.const(2.0**known)

    def _integer_power(self, a: int, n: int) -> int:
        if n == 0:
            return self.const(1.0)
        half = self._integer_power(a, n // 2)
        square = self.mul(half, half) if n > 1 else half
        return self.mul(square, a) if n % 2 else square

    def choose(self, name: str, a: int, b: int) -> int:
        """min or max of two nodes."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(min(x, y) if name == "min" else max(x, y))
        return a if a == b else self._node(name, *sorted((a, b)))

    def compare(self, name: str, a: int, b: int) -> int:
        """A mask: lt, le, eq or ne."""
        return self._node(name, a, b)

    def select(self, mask: int, yes: int, no: int) -> int:
        """``yes`` where the mask holds, else ``no``."""
        return yes if yes == no else self._node("select", mask, yes, no)

    def build(self, expr: Expr, scope: Mapping[str, int]) -> int:
        """Add an expression; ``scope`` maps symbols to nodes."""
        if expr.op == "number":
            return self.const(expr.value)
        if expr.op == "symbol":
            return scope[expr.name]
        if expr.op == "time":
            return scope["time"]
        args = [self.build(a, scope) for a in expr.args]
        if expr.op in ("add", "mul"):
            result = args[0]
            for arg in args[1:]:
                result = getattr(self, expr.op)(result, arg)
            return result
        if expr.op in ("sub", "div", "pow", "neg"):
            return getattr(self, expr.op)(*args)
        if expr.op in ("min", "max"):
            result = args[0]
            for arg in args[1:]:
                result = self.choose(expr.op, result, arg)
            return result
        if expr.op in ("gt", "ge"):
            return self.compare({"gt": "lt", "ge": "le"}[expr.op], args[1], args[0])
        if expr.op in COMPARISONS:
            return self.compare(expr.op, *args)
        if expr.op in ("and", "or"):
            result = args[0]
            for arg in args[1:]:
                result = self._node(expr.op, result, arg)
            return result
        if expr.op == "not":
            return self._node("not", args[0])
        if expr.op == "select":
            return self.select(args[1], args[0], args[2])
        return self.function(expr.op, args[0])

    def arguments(self, node: int) -> tuple[int, ...]:
        """The nodes a node reads."""
        op = self.ops[node]
        return () if op[0] in ("const", "input") else op[1:]  # type: ignore[return-value]

    def below(self, roots: Iterable[int]) -> list[int]:
        """All nodes the roots need, themselves included, each after what it reads."""
        seen: set[int] = set()
        order: list[int] = []
        stack = [(r, False) for r in reversed(list(roots))]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(self.arguments(node)) if a not in seen)
        return order
