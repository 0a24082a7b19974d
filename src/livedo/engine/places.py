"""One organ text at several places: what it owns is owned once a place.

An organ that stands at places is written once, with plain names. Every symbol that such organs own, and every parameter
that differs by place, is joined with the place's name: ``a`` at ``left`` is ``a_left``. What an organ reads from organs that
stand nowhere in particular stays as it is, so the places share it. Read from outside, the plain name of a symbol that stands at
places is its sum over them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TypeVar

from livedo.engine.expression import Expr, substitute, symbol
from livedo.engine.sbml import Organ
from livedo.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Places:
    """Where organs stand.

    Attributes
    ----------
    names:
        The places, in order.
    organs:
        Organs that stand at every one of them.
    parameters:
        Parameters that have a value of their own at each place.
    """

    names: tuple[str, ...] = ()
    organs: frozenset[str] = field(default_factory=frozenset)
    parameters: frozenset[str] = field(default_factory=frozenset)


def at_place(name: str, place: str) -> str:
    """What a symbol is called at a place."""
    return f"{name}_{place}"


def stand(organs: Sequence[Organ], places: Places) -> list[Organ]:
    """Organs with those that stand at places copied to each, and sums over places where others read them.

    Raises
    ------
    InputError
        If there is no such organ; if an organ at a place changes an amount that is shared; or if a joined name is taken.
    """
    if not places.organs:
        return list(organs)
    for missing in sorted(places.organs - {o.name for o in organs}):
        raise InputError("no such organ stands at places", value=missing, expected=", ".join(o.name for o in organs))
    placed = [o for o in organs if o.name in places.organs]
    others = [o for o in organs if o.name not in places.organs]
    local = local_names(placed, places)
    taken = set[str]().union(*(o.declared for o in organs))
    for name in sorted(local):
        for clash in (at_place(name, p) for p in places.names):
            if clash in taken:
                raise InputError("a symbol has the name of another at a place", field=name, value=clash)
    copies = [_copy(o, place, local) for o in placed for place in places.names]
    return others + copies + _sums(placed, others, places)


def local_names(organs: Sequence[Organ], places: Places) -> set[str]:
    """Symbols and reactions that each place has for itself, by plain name."""
    placed = [o for o in organs if o.name in places.organs]
    return set(places.parameters).union(*(o.owned() for o in placed), *(o.reactions for o in placed)) - {"body"}


def over_places(told: Mapping[str, T], organs: Sequence[Organ], places: Places) -> dict[str, T]:
    """What is told of plain names, told of each place instead where the name stands at places."""
    local = local_names(organs, places)
    at = {name: [at_place(name, p) for p in places.names] if name in local else [name] for name in told}
    return {here: told[name] for name in told for here in at[name]}


def _copy(organ: Organ, place: str, local: Collection[str]) -> Organ:
    def named(name: str) -> str:
        return at_place(name, place) if name in local else name

    def moved(expr: Expr) -> Expr:
        return substitute(expr, {n: symbol(named(n)) for n in expr.symbols() if n in local})

    for name, (change, _) in organ.reactions.items():
        for shared in sorted({s for s, _ in change} - set(local)):
            raise InputError(f"reaction {name!r} at a place changes what all share", where=organ.name, value=shared)
    return replace(
        organ,
        declared={named(k): v for k, v in organ.declared.items()},
        amounts={named(k) for k in organ.amounts},
        varying={named(k) for k in organ.varying},
        starts={named(k): moved(v) for k, v in organ.starts.items()},
        rules={named(k): moved(v) for k, v in organ.rules.items()},
        rates={named(k): moved(v) for k, v in organ.rates.items()},
        reactions={
            named(k): (tuple((named(s), n) for s, n in change), moved(rate))
            for k, (change, rate) in organ.reactions.items()
        },
    )


def _sums(placed: Sequence[Organ], others: Sequence[Organ], places: Places) -> list[Organ]:
    """For each organ at places, an organ of its name that owns the sums which others read."""
    read = set[str]().union(*(_reads(o) for o in others))
    found: list[Organ] = []
    for organ in placed:
        wanted = sorted((organ.owned() & read) - {"body"})
        if not wanted:
            continue
        sums = {n: reduce(_plus, (symbol(at_place(n, p)) for p in places.names)) for n in wanted}
        found.append(
            Organ(
                organ.name, dict(organ.units), {n: organ.declared[n] for n in wanted}, varying=set(wanted), rules=sums
            )
        )
    return found


def _plus(first: Expr, second: Expr) -> Expr:
    return Expr("add", (first, second))


def _reads(organ: Organ) -> set[str]:
    equations = [*organ.starts.values(), *organ.rules.values(), *organ.rates.values()]
    equations += [rate for _, rate in organ.reactions.values()]
    return set[str]().union(*(e.symbols() for e in equations))
