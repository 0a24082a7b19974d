"""Organs -> one model: merged by symbol, one owner each, equal units.

An organ names what it owns (gives a start, a rule, a rate) and what it reads (declares with a unit only). Merging
joins equal names. Numbers may come from a table of values instead of the text; a number stands once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from livedo.engine.expression import Expr, infix
from livedo.engine.places import Places, over_places, stand
from livedo.engine.sbml import Organ, read_file, unit_named
from livedo.engine.units import DIMENSIONLESS, Unit, check_assignment, infer
from livedo.errors import InputError


@dataclass(frozen=True)
class Value:
    """A parameter's number and unit identifier, from a table outside the equations."""

    value: float
    unit: str


@dataclass(frozen=True)
class StateTraits:
    """How the stepper treats a state.

    ``scale`` is its typical size, in its own unit: with the tolerance it sets the error norm (a state without traits gets
    the size of its start, or 1). An accumulator stays outside the norm: it only counts, or moves so slowly that steps made
    for the others are short enough for it. ``equilibrates`` is false for stores too deep to have a steady state.
    """

    scale: float = 1.0
    nonnegative: bool = False
    equilibrates: bool = True
    accumulator: bool = False


@dataclass(frozen=True)
class Reaction:
    """A flow between amounts: stoichiometry (state, moles gained per unit of extent) and rate."""

    name: str
    stoichiometry: tuple[tuple[str, float], ...]
    rate: Expr


@dataclass(frozen=True)
class Model:
    """One model: every equation once, in the order in which it can be evaluated.

    Attributes
    ----------
    states:
        Names in their order in every array.
    parameters:
        Name -> value, in their order in every array. Anything here may be changed by a schedule or differ by patient.
    starts:
        State -> expression over parameters and rules.
    rules:
        (name, expression) in evaluation order.
    reactions, rates:
        The right-hand side: reactions between amounts, and rate rules.
    unit_of:
        Symbol -> unit identifier; ``units`` resolves identifiers.
    owner:
        Symbol -> organ.
    """

    name: str
    states: tuple[str, ...]
    parameters: Mapping[str, float]
    starts: Mapping[str, Expr]
    rules: tuple[tuple[str, Expr], ...]
    reactions: tuple[Reaction, ...]
    rates: Mapping[str, Expr]
    traits: Mapping[str, StateTraits]
    unit_of: Mapping[str, str]
    units: Mapping[str, Unit]
    owner: Mapping[str, str]
    time_unit: str
    amounts: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of everything that decides a result: equations, values, units, traits."""
        text = [self.name, *self.states, self.time_unit]
        text += [f"{k}={v!r} {self.unit_of[k]}" for k, v in self.parameters.items()]
        text += [f"{k}({infix(v, 'units')})" for k, v in self.starts.items()]
        text += [f"{k}:={infix(v, 'units')}" for k, v in self.rules]
        text += [f"{r.name}:{r.stoichiometry}:{infix(r.rate, 'units')}" for r in self.reactions]
        text += [f"{k}'={infix(v, 'units')}" for k, v in self.rates.items()]
        text += [f"{k}~{v}" for k, v in self.traits.items()]
        return hashlib.sha256("\n".join(text).encode()).hexdigest()

    def traits_of(self, state: str) -> StateTraits:
        """How the stepper treats a state; the defaults if nothing was said."""
        return self.traits.get(state, StateTraits())

    def part_for(self, symbols: Iterable[str]) -> Model:
        """What some symbols depend on, and nothing else: fewer states to solve, the same course of those that stay.

        A reaction that moves a state which stays is kept whole, with all that it moves, so balances still hold. Every parameter
        stays, so that a schedule may still set it. States that are left out no longer enter the error norm.

        Raises
        ------
        InputError
            If the model has no such symbol.
        """
        rules, needed, waiting = dict(self.rules), set[str](), list(symbols)
        moved_by: dict[str, list[Reaction]] = {}
        for reaction in self.reactions:
            for state, _ in reaction.stoichiometry:
                moved_by.setdefault(state, []).append(reaction)
        while waiting:
            symbol = waiting.pop()
            if symbol in needed:
                continue
            if symbol not in self.parameters and symbol not in rules and symbol not in self.states:
                raise InputError("the model has no such symbol", where=self.name, field="symbol", value=symbol)
            needed.add(symbol)
            equations = [table[symbol] for table in (rules, self.rates, self.starts) if symbol in table]
            for reaction in moved_by.get(symbol, []):
                equations.append(reaction.rate)
                waiting += [state for state, _ in reaction.stoichiometry]
            waiting += [other for equation in equations for other in equation.symbols()]
        known = needed | self.parameters.keys()
        return replace(
            self,
            states=tuple(s for s in self.states if s in needed),
            starts={s: e for s, e in self.starts.items() if s in needed},
            rules=tuple((n, e) for n, e in self.rules if n in needed),
            reactions=tuple(r for r in self.reactions if any(s in needed for s, _ in r.stoichiometry)),
            rates={s: e for s, e in self.rates.items() if s in needed},
            traits={s: t for s, t in self.traits.items() if s in needed},
            unit_of={s: u for s, u in self.unit_of.items() if s in known},
            amounts=self.amounts & needed,
        )

    def reads(self) -> frozenset[str]:
        """Parameters that some equation reads; a part of a model keeps the others for schedules alone."""
        equations = [*(e for _, e in self.rules), *(r.rate for r in self.reactions), *self.rates.values()]
        named = {symbol for equation in (*equations, *self.starts.values()) for symbol in equation.symbols()}
        return frozenset(named & self.parameters.keys())

    def stoichiometry(self) -> dict[str, dict[str, float]]:
        """Reaction -> state -> coefficient."""
        return {r.name: dict(r.stoichiometry) for r in self.reactions}


def load(
    source: Path | str | Iterable[Path],
    *,
    values: Mapping[str, Value] | None = None,
    traits: Mapping[str, StateTraits] | None = None,
    preamble: str = "",
    units: str = "strict",
    name: str | None = None,
    places: Places | None = None,
) -> Model:
    """Read and merge model files.

    Parameters
    ----------
    source:
        An Antimony or SBML file, or several organ files.
    values:
        Parameter values that stand outside the text.
    traits:
        What the stepper should know of each state.
    preamble:
        Antimony statements shared by all organs (unit definitions).
    units:
        ``strict`` checks every equation; ``ignore`` checks none (for models that declare no units).
    name:
        Name of the merged model.
    places:
        Organs that stand at several places. Values then name each symbol there; traits its plain name.

    Raises
    ------
    InputError
        Two owners of a symbol, none, units that differ, an equation whose units do not hold, a rule that depends on
        itself, or an unsupported construct.
    """
    paths = [Path(source)] if isinstance(source, str | Path) else [Path(p) for p in source]
    organs = [read_file(p, preamble) for p in paths]
    name = name or organs[0].name
    places = places or Places()
    traits = over_places(traits or {}, organs, places)
    organs = stand(organs, places)
    return merge(organs, values or {}, traits, check_units=units == "strict", name=name)


def merge(
    organs: list[Organ],
    values: Mapping[str, Value],
    traits: Mapping[str, StateTraits],
    *,
    check_units: bool,
    name: str,
) -> Model:
    """Merge organs by symbol. See :func:`load` for what is refused."""
    units = _merged_units(organs)
    unit_of = _merged_symbols(organs, units, values, check_units)
    owner = _owners(organs, values)
    starts, rules, rates, varying, amounts = {}, {}, {}, set[str](), set[str]()
    reactions: dict[str, Reaction] = {}
    for organ in organs:
        starts |= organ.starts
        rules |= organ.rules
        rates |= organ.rates
        amounts |= organ.amounts
        varying |= organ.varying
        for key, (change, rate) in organ.reactions.items():
            if key in reactions:
                raise InputError("reaction is declared twice", where=organ.name, field=key)
            reactions[key] = Reaction(key, change, rate)
    moved = {s for r in reactions.values() for s, _ in r.stoichiometry}
    states = tuple(s for s in unit_of if (s in amounts and s in varying and s not in rules) or s in rates)
    for stray in sorted(moved - set(states)):
        raise InputError("a reaction changes something that is not a species", where=name, field=stray)
    parameters: dict[str, float] = {key: value.value for key, value in values.items()}
    for key, expr in starts.items():
        if key in states or key in rules:
            continue
        if expr.op == "number":
            parameters[key] = expr.value
        else:
            rules[key] = expr
    model = Model(
        name=name,
        states=states,
        parameters=dict(sorted(parameters.items())),
        starts={s: starts[s] for s in states if s in starts},
        rules=_sorted_rules(rules, set(states) | set(parameters), name),
        reactions=tuple(reactions.values()),
        rates=rates,
        traits=dict(traits),
        unit_of=unit_of,
        units=units,
        owner=owner,
        time_unit=next((o.time_unit for o in organs if o.time_unit), "second"),
        amounts=frozenset(amounts),
    )
    _check_complete(model)
    if check_units:
        check_model_units(model, next((o.extent_unit for o in organs if o.extent_unit), ""))
    return model


def _merged_units(organs: list[Organ]) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for organ in organs:
        for identifier, unit in organ.units.items():
            if identifier in units and not units[identifier].same(unit):
                raise InputError(
                    "unit is defined twice, differently", where=organ.name, field=identifier, value=str(unit)
                )
            units[identifier] = unit
    return units


def _merged_symbols(
    organs: list[Organ], units: dict[str, Unit], values: Mapping[str, Value], check: bool
) -> dict[str, str]:
    unit_of: dict[str, str] = {}
    for organ in organs:
        for symbol, identifier in organ.declared.items():
            known = unit_of.get(symbol) or (values[symbol].unit if symbol in values else "")
            if known and identifier and check:
                first, second = unit_named(known, units, organ.name), unit_named(identifier, units, organ.name)
                if not first.same(second):
                    raise InputError(
                        f"symbol {symbol!r} has another unit elsewhere",
                        where=organ.name,
                        field=symbol,
                        value=identifier,
                        expected=known,
                    )
            unit_of[symbol] = known or identifier
    for symbol, value in values.items():
        unit_of.setdefault(symbol, value.unit)
    return unit_of


def _owners(organs: list[Organ], values: Mapping[str, Value]) -> dict[str, str]:
    owner: dict[str, str] = {}
    shared = {"body"}
    for organ in organs:
        for symbol in sorted(organ.owned()):
            if symbol in shared:
                owner[symbol] = organ.name
            elif symbol in owner and owner[symbol] != organ.name:
                raise InputError(
                    f"symbol {symbol!r} has two owners", where=organ.name, value=owner[symbol], expected="one"
                )
            elif symbol in values:
                raise InputError(f"the value of {symbol!r} stands twice: here and in the table", where=organ.name)
            owner[symbol] = organ.name
    return owner


def _sorted_rules(rules: Mapping[str, Expr], known: set[str], where: str) -> tuple[tuple[str, Expr], ...]:
    done: dict[str, Expr] = {}
    waiting: list[str] = []

    def visit(symbol: str) -> None:
        if symbol in done or symbol not in rules:
            return
        if symbol in waiting:
            raise InputError(
                "rules depend on each other in a circle", where=where, value=" -> ".join([*waiting, symbol])
            )
        waiting.append(symbol)
        for needed in sorted(rules[symbol].symbols()):
            visit(needed)
        waiting.pop()
        done[symbol] = rules[symbol]

    for symbol in rules:
        visit(symbol)
    return tuple(done.items())


def _check_complete(model: Model) -> None:
    known = set(model.states) | set(model.parameters) | {k for k, _ in model.rules}
    equations = [(f"rule {k}", e) for k, e in model.rules]
    equations += [(f"rate of {k}", e) for k, e in model.rates.items()]
    equations += [(f"reaction {r.name}", r.rate) for r in model.reactions]
    equations += [(f"start of {k}", e) for k, e in model.starts.items()]
    for place, expr in equations:
        for missing in sorted(expr.symbols() - known):
            raise InputError(f"{place} reads {missing!r}, which nobody owns", where=model.name)
    for state in model.states:
        if state not in model.starts:
            raise InputError(f"state {state!r} has no start", where=model.name)


def check_model_units(model: Model, extent_unit: str) -> None:
    """Check every equation for dimension and factor.

    Raises
    ------
    InputError
        At the first equation that does not hold.
    """
    units = dict(model.units)

    def literal(identifier: str) -> Unit:
        return unit_named(identifier, units, model.name)

    def unit_of(symbol: str) -> Unit:
        identifier = model.unit_of.get(symbol, "")
        if not identifier:
            raise InputError(f"symbol {symbol!r} has no unit", where=model.owner.get(symbol, model.name))
        return unit_named(identifier, units, symbol)

    time = literal(model.time_unit)

    def check(expr: Expr, expected: Unit, where: str) -> None:
        check_assignment(expr, infer(expr, unit_of, literal, time, where), expected, where)

    for name, expr in model.rules:
        check(expr, unit_of(name), f"{model.owner.get(name, '')}.{name}")
    for name, expr in model.starts.items():
        check(expr, unit_of(name), f"{model.owner.get(name, '')}: start of {name}")
    for name, expr in model.rates.items():
        check(expr, unit_of(name) / time, f"{model.owner.get(name, '')}: rate of {name}")
    extent = literal(extent_unit) if extent_unit else DIMENSIONLESS
    for reaction in model.reactions:
        check(reaction.rate, extent / time, f"reaction {reaction.name}")
        for name, _ in reaction.stoichiometry:
            if not unit_of(name).same(extent):
                raise InputError(
                    f"reaction {reaction.name!r} moves {name!r}",
                    where=model.name,
                    value=str(unit_of(name)),
                    expected=str(extent),
                )
