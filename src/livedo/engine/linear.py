"""Sparse LU with a fixed elimination order, unrolled.

The pattern of W = I/(gamma h) - J never changes, so the order (Markowitz: least fill first, diagonal pivots), the fill and
every operation are decided once. Diagonal pivots are safe for W at the step sizes that pass the error test; a step that
is not is rejected like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Elimination:
    """The operations of one factorisation and of the solves that use it.

    ``slots`` numbers every entry that is ever non-zero; the slot of a pivot holds its reciprocal after factorising.
    ``steps`` are (pivot, rows below with an entry, columns right of the pivot with an entry), in elimination order.
    """

    order: tuple[int, ...]
    slots: dict[tuple[int, int], int]
    steps: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...]


def plan(size: int, pattern: set[tuple[int, int]]) -> Elimination:
    """Choose the order and find the fill.

    Parameters
    ----------
    size:
        Number of rows.
    pattern:
        Entries (row, column) that can be non-zero; the diagonal is added.
    """
    rows = [{c for r, c in pattern if r == i} | {i} for i in range(size)]
    columns = [{r for r, c in pattern if c == i} | {i} for i in range(size)]
    left = set(range(size))
    slots: dict[tuple[int, int], int] = {}
    order: list[int] = []
    steps: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
    while left:
        pivot = min(left, key=lambda k: ((len(rows[k]) - 1) * (len(columns[k]) - 1), len(rows[k]), k))
        left.discard(pivot)
        below = tuple(sorted(columns[pivot] & left))
        right = tuple(sorted(rows[pivot] & left))
        for entry in [(pivot, pivot), *((r, pivot) for r in below), *((pivot, c) for c in right)]:
            slots.setdefault(entry, len(slots))
        for r in below:
            rows[r].discard(pivot)
            for c in right:
                rows[r].add(c)
                columns[c].add(r)
        for c in right:
            columns[c].discard(pivot)
        order.append(pivot)
        steps.append((pivot, below, right))
    return Elimination(tuple(order), slots, tuple(steps))


def factorise(plan: Elimination, entries: Mapping[tuple[int, int], Any], reciprocal: Any = None) -> dict[int, Any]:
    """Eliminate: ``entries`` maps (row, column) to values that know ``+ - *``, ``reciprocal`` inverts one.

    Entries are asked for when they are first needed, so values that are computed on demand live briefly.

    Returns slot -> value.
    """
    invert = reciprocal or (lambda x: 1.0 / x)
    work: dict[tuple[int, int], Any] = {}
    done: dict[int, Any] = {}

    def entry(key: tuple[int, int]) -> Any:
        if key not in work and key in entries:
            work[key] = entries[key]
        return work.get(key)

    for pivot, below, right in plan.steps:
        inverse = invert(entry((pivot, pivot)))
        done[plan.slots[pivot, pivot]] = inverse
        row = {c: entry((pivot, c)) for c in right}
        for c in right:
            done[plan.slots[pivot, c]] = row[c]
        for r in below:
            ratio = entry((r, pivot)) * inverse
            done[plan.slots[r, pivot]] = ratio
            for c in right:
                product = ratio * row[c]
                before = entry((r, c))
                work[r, c] = -product if before is None else before - product
    return done


def substitute(plan: Elimination, factor: Any, b: Any) -> dict[int, Any]:
    """Forward and back substitution; ``factor[slot]`` and ``b[row]`` yield values. Returns row -> value."""
    x: dict[int, Any] = {}

    def value_of(row: int) -> Any:
        return x[row] if row in x else b[row]

    for pivot, below, _ in plan.steps:
        x[pivot] = value_of(pivot)
        for r in below:
            x[r] = value_of(r) - factor[plan.slots[r, pivot]] * x[pivot]
    for pivot, _, right in reversed(plan.steps):
        value = x[pivot]
        for c in right:
            value = value - factor[plan.slots[pivot, c]] * x[c]
        x[pivot] = value * factor[plan.slots[pivot, pivot]]
    return x
