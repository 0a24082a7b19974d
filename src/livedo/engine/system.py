"""A model made ready to run: one graph, and which of its nodes each part of a step needs.

A state with no rate of change *rests*: only events move it. What depends on parameters and resting states alone is
*hoisted*: computed when something happens to a patient, not in every stage. The rest is the right-hand side of the moving
states, its Jacobian, and the observables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livedo.engine.derivatives import jacobian
from livedo.engine.graph import Graph
from livedo.engine.linear import Elimination, factorise, plan, substitute
from livedo.engine.model import Model
from livedo.errors import InputError


@dataclass(frozen=True)
class System:
    """What the kernel compiles.

    Attributes
    ----------
    states, parameters, observables:
        Names in the order of the arrays ``y``, ``p`` and ``o``; states that rest come last.
    moving:
        How many states move by themselves: the first ones.
    rates, starts, outputs:
        Nodes of the time derivatives, of the states' start (over parameters), and of the observables.
    jacobian:
        (row, column) -> node, of moving states; entries that are zero for good are absent.
    hoisted:
        Nodes over parameters and resting states alone that the others read, in the order of the array ``c``.
    """

    graph: Graph
    states: tuple[str, ...]
    moving: int
    parameters: tuple[str, ...]
    observables: tuple[str, ...]
    rates: tuple[int, ...]
    starts: tuple[int, ...]
    outputs: tuple[int, ...]
    jacobian: dict[tuple[int, int], int]
    hoisted: tuple[int, ...]
    elimination: Elimination

    def evaluate(self, m: Any, y: Any, p: Any, c: Any | None) -> Values:
        """Values of nodes on a machine, each computed when it is first asked for; ``c`` is None while hoisting itself."""
        return Values(self, m, y, p, c)

    # -- the texts of the functions the kernel compiles -------------------------------------------------------------
    def hoist(self, m: Any, y: Any, p: Any, c: Any) -> None:
        """Fill ``c`` from the parameters and the states that rest."""
        values = self.evaluate(m, y, p, None)
        for i, node in enumerate(self.hoisted):
            c[i] = values[node]

    def derivative(self, m: Any, y: Any, p: Any, c: Any, f: Any) -> None:
        """Time derivatives of all states."""
        values = self.evaluate(m, y, p, c)
        for i, node in enumerate(self.rates):
            f[i] = values[node]

    def stage(self, m: Any, y: Any, p: Any, c: Any, lu: Any, u: Any) -> None:
        """Solve for a stage vector: derivatives at ``y`` plus what ``u`` holds, over the factors."""
        values = self.evaluate(m, y, p, c)
        right = OnDemand(lambda row: values[self.rates[row]] + u[row])
        for row, value in substitute(self.elimination, lu, right).items():
            u[row] = value

    def first_stage(self, m: Any, y: Any, p: Any, c: Any, diagonal: Any, lu: Any, u: Any) -> None:
        """Factorise ``diagonal - J`` at ``y`` and solve for the first stage vector; ``diagonal[0]`` is 1/(gamma h)."""
        values = self.evaluate(m, y, p, c)
        shift = diagonal[0]

        def entry(key: tuple[int, int]) -> Any:
            if key not in self.jacobian:
                return shift
            slope = values[self.jacobian[key]]
            return shift - slope if key[0] == key[1] else -slope

        filled = {*self.jacobian, *((i, i) for i in range(self.moving))}
        factors = factorise(self.elimination, OnDemand(entry, filled), m.reciprocal)
        for slot, value in factors.items():
            lu[slot] = value
        right = OnDemand(lambda row: values[self.rates[row]])
        for row, value in substitute(self.elimination, factors, right).items():
            u[row] = value

    def observe(self, m: Any, y: Any, p: Any, c: Any, o: Any) -> None:
        """Observables at a state."""
        values = self.evaluate(m, y, p, c)
        for i, node in enumerate(self.outputs):
            o[i] = values[node]

    def start(self, m: Any, p: Any, y: Any) -> None:
        """Starting values of the states."""
        values = self.evaluate(m, None, p, None)
        for i, node in enumerate(self.starts):
            y[i] = values[node]


class OnDemand(Mapping[Any, Any]):
    """A mapping whose values are made when asked for."""

    def __init__(self, make: Callable[[Any], Any], keys: Collection[Any] = ()) -> None:
        self._make = make
        self._keys = keys

    def __getitem__(self, key: Any) -> Any:
        return self._make(key)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class Values:
    """Values of nodes on a machine, each computed once, when first asked for.

    Computing late keeps a value close to its use: machine code then holds fewer at a time.
    """

    def __init__(self, system: System, m: Any, y: Any, p: Any, c: Any | None) -> None:
        self._graph, self._m = system.graph, m
        self._hoisted = {} if c is None else {node: (c, i) for i, node in enumerate(system.hoisted)}
        self._rows = {name: (y, i) for i, name in enumerate(system.states)}
        self._rows |= {name: (p, i) for i, name in enumerate(system.parameters)}
        self._known: dict[int, Any] = {}

    def __getitem__(self, root: int) -> Any:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in self._known:
                stack.pop()
                continue
            waiting = () if node in self._hoisted else self._graph.arguments(node)
            missing = [a for a in reversed(waiting) if a not in self._known]
            if missing:
                stack.extend(missing)
                continue
            self._known[node] = self._compute(node)
            stack.pop()
        return self._known[root]

    def _compute(self, node: int) -> Any:
        if node in self._hoisted:
            array, row = self._hoisted[node]
            return array[row]
        op, *args = self._graph.ops[node]
        if op == "input":
            array, row = self._rows[str(args[0])]
            return array[row]
        if op == "const":
            return self._m.const(args[0])
        return _apply(self._m, str(op), [self._known[a] for a in args])  # type: ignore[index]


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
}


def _apply(m: Any, op: str, args: list[Any]) -> Any:
    if op in _BINARY:
        return _BINARY[op](*args)
    if op == "recip":
        return m.reciprocal(args[0])
    if op == "neg":
        return -args[0]
    if op == "not":
        return ~args[0]
    if op == "select":
        return m.select(*args)
    if op in ("min", "max"):
        return (m.minimum if op == "min" else m.maximum)(*args)
    return getattr(m, op)(args[0])


def infusion(state: str) -> str:
    """Name of the input that infuses a state."""
    return f"infusion_{state}"


def assemble(
    model: Model,
    observables: Sequence[str] | None = None,
    infusions: Sequence[str] = (),
    varying: Sequence[str] | None = None,
) -> System:
    """Build the system of a model.

    Parameters
    ----------
    model:
        The model.
    observables:
        Names to observe: rules, states or parameters. All rules and states if not given.
    infusions:
        States that get an input of their own, a rate that adds to them (see :func:`infusion`).
    varying:
        Parameters that may differ between patients or be changed; the others are built in as constants. All of them if
        not given.

    Raises
    ------
    InputError
        If an observable, infused state or varying parameter is not a symbol of the model, or an equation reads ``time``.
    """
    graph = Graph()
    for name in varying or ():
        if name not in model.parameters:
            raise InputError("no such parameter to vary", where=model.name, value=name, expected="a parameter")
    own = tuple(p for p in model.parameters if varying is None or p in set(varying))
    parameters = (*own, *(infusion(state) for state in infusions))
    scope = {name: graph.input(name) for name in (*model.states, *parameters)}
    scope |= {name: graph.const(value) for name, value in model.parameters.items() if name not in scope}
    for name, expr in model.rules:
        _refuse_time(expr, name)
        scope[name] = graph.build(expr, scope)
    rates = {name: graph.const(0.0) for name in model.states}
    for reaction in model.reactions:
        _refuse_time(reaction.rate, reaction.name)
        flow = graph.build(reaction.rate, scope)
        for state, size in reaction.stoichiometry:
            rates[state] = graph.add(rates[state], graph.mul(graph.const(size), flow))
    for name, expr in model.rates.items():
        _refuse_time(expr, name)
        rates[name] = graph.build(expr, scope)
    for state in infusions:
        if state not in rates:
            raise InputError("no such state to infuse", where=model.name, value=state, expected="a state")
        rates[state] = graph.add(rates[state], scope[infusion(state)])
    names = tuple(observables) if observables is not None else (*(k for k, _ in model.rules), *model.states)
    for name in names:
        if name not in scope:
            raise InputError(
                "no such symbol to observe", where=model.name, value=name, expected="a rule, state or parameter"
            )
    resting = {state for state in model.states if graph.value(rates[state]) == 0.0}
    states = tuple(sorted(model.states, key=resting.__contains__))
    moving = len(states) - len(resting)
    inputs = [scope[s] for s in states[:moving]]
    slopes = jacobian(graph, [rates[state] for state in states[:moving]], inputs)
    start_scope = dict(scope)
    for name in model.states:
        start_scope[name] = graph.build(model.starts[name], scope)
    starts = tuple(start_scope[s] for s in states)
    roots = [*rates.values(), *slopes.values(), *(scope[n] for n in names)]
    return System(
        graph=graph,
        states=states,
        moving=moving,
        parameters=parameters,
        observables=names,
        rates=tuple(rates[s] for s in states),
        starts=starts,
        outputs=tuple(scope[n] for n in names),
        jacobian=slopes,
        hoisted=_hoisted(graph, roots, frozenset(inputs)),
        elimination=plan(moving, set(slopes)),
    )


def _hoisted(graph: Graph, roots: Sequence[int], states: frozenset[int]) -> tuple[int, ...]:
    varies: dict[int, bool] = {}
    hoisted: dict[int, None] = {}
    order = graph.below(roots)
    for node in order:
        varies[node] = node in states or any(varies[a] for a in graph.arguments(node))
    for node in order:
        reads = graph.arguments(node) if varies[node] else ()
        for a in reads:
            if (
                not varies[a]
                and graph.ops[a][0] != "const"
                and graph.ops[a][0] not in ("lt", "le", "eq", "ne", "and", "or", "not")
            ):
                hoisted[a] = None
    for node in roots:
        if not varies[node] and graph.ops[node][0] != "const":
            hoisted[node] = None
    return tuple(hoisted)


def _refuse_time(expr: Any, where: str) -> None:
    if any(node.op == "time" for node in expr.walk()):
        raise InputError(
            "an equation reads 'time'",
            where=where,
            expected="an input that a Schedule changes, or a state that counts time",
        )
