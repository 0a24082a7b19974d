"""A Livedo system as Python source: flat scalar code for Numba, or traceable code for JAX.

Peers get the very graph Livedo compiles (:mod:`livedo.engine.system`), one line a node: shared subexpressions are locals,
and what depends on parameters alone stands in a function of its own (``hoist``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livedo.engine.linear import factorise, substitute
from livedo.engine.system import System


@dataclass(frozen=True)
class Dialect:
    """How one target writes each operator of a graph."""

    patterns: Mapping[str, str]


_COMMON = {
    "add": "{} + {}",
    "sub": "{} - {}",
    "mul": "{} * {}",
    "neg": "-{}",
    "recip": "1.0 / {}",
    "abs": "abs({})",
    "lt": "{} < {}",
    "le": "{} <= {}",
    "eq": "{} == {}",
    "ne": "{} != {}",
}
NUMBA = Dialect(
    _COMMON
    | {name: f"math.{name}({{}})" for name in ("exp", "log", "sqrt")}
    | {name: f"np.{name}({{}})" for name in ("exp2", "log2")}
    | {"select": "({1} if {0} else {2})", "and": "{} and {}", "or": "{} or {}", "not": "not {}"}
    | {"min": "min({}, {})", "max": "max({}, {})"}
)
JAX = Dialect(
    _COMMON
    | {name: f"jnp.{name}({{}})" for name in ("exp", "log", "sqrt", "exp2", "log2")}
    | {"select": "jnp.where({}, {}, {})", "and": "{} & {}", "or": "{} | {}", "not": "~{}"}
    | {"min": "jnp.minimum({}, {})", "max": "jnp.maximum({}, {})"}
)


class Writer:
    """The body of one function, line by line."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.lines: list[str] = []

    def line(self, right: str) -> Term:
        """Write ``vN = right``."""
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {right}")
        return Term(self, name)

    def nodes(self, system: System, roots: Sequence[int], *, hoisting: bool = False) -> list[Term]:
        """Write what the roots need, each node once, and return them; hoisted nodes are read unless they are being made."""
        graph, found = system.graph, dict[int, Term]()
        if not hoisting:
            found = {node: Term(self, f"c[{i}]") for i, node in enumerate(system.hoisted)}
        place = {name: f"p[{i}]" for i, name in enumerate(system.parameters)}
        place |= {name: f"y[{i}]" for i, name in enumerate(system.states)}
        stack = list(reversed(roots))
        while stack:
            node = stack[-1]
            missing = [a for a in graph.arguments(node) if a not in found] if node not in found else []
            if missing:
                stack += reversed(missing)
                continue
            stack.pop()
            if node not in found:
                op, *args = graph.ops[node]
                if op == "const":
                    found[node] = Term(self, repr(args[0]) if args[0] >= 0 else f"({args[0]!r})")  # type: ignore[operator]
                elif op == "input":
                    found[node] = Term(self, place[str(args[0])])
                else:
                    pattern = self.dialect.patterns[str(op)]
                    found[node] = self.line(pattern.format(*(found[a].text for a in args)))  # type: ignore[index]
        return [found[node] for node in roots]


class Term:
    """A written value: its name or literal. Arithmetic on it writes a line, as the elimination's text asks for."""

    def __init__(self, writer: Writer, text: str) -> None:
        self.writer, self.text = writer, text

    def _line(self, pattern: str, other: Any = 0.0) -> Term:
        return self.writer.line(
            pattern.format(self.text, other.text if isinstance(other, Term) else repr(float(other)))
        )

    def __add__(self, other: Any) -> Term:
        return self._line("{} + {}", other)

    def __sub__(self, other: Any) -> Term:
        return self._line("{} - {}", other)

    def __mul__(self, other: Any) -> Term:
        return self._line("{} * {}", other)

    def __rtruediv__(self, other: Any) -> Term:
        return self._line("{1} / {0}", other)

    def __neg__(self) -> Term:
        return self._line("-{}")


class Array:
    """Reads of an argument, ``name[i]``."""

    def __init__(self, writer: Writer, name: str) -> None:
        self.writer, self.name = writer, name

    def __getitem__(self, index: int) -> Term:
        return Term(self.writer, f"{self.name}[{index}]")


def _function(name: str, arguments: str, writer: Writer, results: Sequence[tuple[str, Any]]) -> str:
    """A function that writes its results into its last argument."""
    body = [*writer.lines, *(f"{place} = {value.text}" for place, value in results)] or ["pass"]
    return f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in body)


def for_numba(system: System, scales: Sequence[float]) -> str:
    """Source of a module of flat scalar functions, each filling its last argument.

    ``hoist(y, p, c)``, ``rhs(y, p, c, f)``, ``entries(y, p, c, e)`` (the Jacobian's entries, which lie at
    ``PATTERN``), ``observe(y, p, c, o)``; for a hand-made Rosenbrock solver ``factor(y, p, c, shift, f, lu)`` (the factors of
    ``shift I - J`` without pivoting) and ``solve(lu, b)``. Sizes and ``SCALES`` stand at the top.
    """
    parts = [
        f"N_STATES, N_PARAMETERS = {len(system.states)}, {max(1, len(system.parameters))}",
        f"N_HOISTED, N_OBSERVED = {max(1, len(system.hoisted))}, {len(system.outputs)}",
        f"N_FACTORS = {len(system.elimination.slots)}",
        f"SCALES = {tuple(float(s) for s in scales)!r}",
        f"PATTERN = {tuple(system.jacobian)!r}",
    ]
    w = Writer(NUMBA)
    parts.append(_function("hoist", "y, p, c", w, _indexed("c", w.nodes(system, system.hoisted, hoisting=True))))
    w = Writer(NUMBA)
    parts.append(_function("rhs", "y, p, c, f", w, _indexed("f", w.nodes(system, system.rates))))
    w = Writer(NUMBA)
    parts.append(_function("observe", "y, p, c, o", w, _indexed("o", w.nodes(system, system.outputs))))
    w = Writer(NUMBA)
    entries = w.nodes(system, list(system.jacobian.values()))
    parts.append(_function("entries", "y, p, c, e", w, _indexed("e", entries)))
    parts += _elimination(system)
    return "import math\n\nimport numpy as np\n\n" + "\n\n".join(parts)


def _indexed(name: str, values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{name}[{i}]", v) for i, v in enumerate(values)]


def _elimination(system: System) -> Iterator[str]:
    """The sparse factorisation and its solve, unrolled."""
    w = Writer(NUMBA)
    count = len(system.rates)
    values = w.nodes(system, [*system.rates, *system.jacobian.values()])
    shift = Term(w, "shift")
    matrix = {key: -value for key, value in zip(system.jacobian, values[count:], strict=True)}
    for i in range(count):
        matrix[i, i] = shift + matrix[i, i] if (i, i) in matrix else shift
    factors = factorise(system.elimination, matrix)
    results = _indexed("f", values[:count]) + [(f"lu[{slot}]", value) for slot, value in factors.items()]
    yield _function("factor", "y, p, c, shift, f, lu", w, results)
    w = Writer(NUMBA)
    solved = substitute(system.elimination, Array(w, "lu"), Array(w, "b"))
    yield _function("solve", "lu, b", w, [(f"b[{row}]", value) for row, value in solved.items()])


def for_jax(system: System) -> str:
    """Source of pure functions for JAX: ``hoist(y, p)``, ``rhs(y, p, c)``, ``observe(y, p, c)``, dense ``jacobian(y, p, c)``."""

    def returning(name: str, arguments: str, writer: Writer, values: Sequence[Any], tail: str = "") -> str:
        stacked = "jnp.stack([" + ", ".join(f"jnp.asarray({v.text}, y.dtype)" for v in values) + "])"
        return _function(name, arguments, writer, []).replace("    pass\n", "") + f"    return {stacked}{tail}\n"

    parts = []
    w = Writer(JAX)
    text = returning("hoist", "y, p", w, w.nodes(system, system.hoisted, hoisting=True))
    parts.append(text.replace("y.dtype", "p.dtype"))
    for name, roots in (("rhs", system.rates), ("observe", system.outputs)):
        w = Writer(JAX)
        parts.append(returning(name, "y, p, c", w, w.nodes(system, roots)))
    w = Writer(JAX)
    entries = w.nodes(system, list(system.jacobian.values()))
    rows, columns = [i for i, _ in system.jacobian], [k for _, k in system.jacobian]
    n = len(system.states)
    text = returning("entries", "y, p, c", w, entries)
    parts.append(text)
    parts.append(
        "def jacobian(y, p, c):\n"
        f"    return jnp.zeros(({n}, {n}), y.dtype).at[jnp.array({rows}), jnp.array({columns})].set(entries(y, p, c))\n"
    )
    return "import jax.numpy as jnp\n\n\n" + "\n\n".join(parts)
