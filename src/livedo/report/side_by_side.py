"""The table of plans side by side: what they control, and what they cost, in the same form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livedo.report.intervals import Interval, interval, of_members
from livedo.report.shown import second_units
from livedo.tracking.outcomes import OPTIONAL, OPTIONAL_KINDS, Quantity, quantities
from livedo.wording import carried, number

if TYPE_CHECKING:
    from livedo.tracking.comparison import Comparison, PlanOutcome


@dataclass(frozen=True, slots=True)
class Cell:
    """One plan's number: the median, and the 90% interval (empty where both ends read the same)."""

    median: str
    spread: str


@dataclass(frozen=True, slots=True)
class Line:
    """One unit of a quantity, with a cell for each plan."""

    unit: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity that some plan has: its line, its line in the other unit if it has one, and the letter of its note."""

    quantity: Quantity
    mark: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows under one heading."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """``left`` is control and balance, ``right`` the harms, ``disease`` vessels and lesion (no block without a row).

    ``notes`` are letters with their texts, ``disease_notes`` those of the disease.
    """

    plans: tuple[str, ...]
    left: tuple[Block, ...]
    right: tuple[Block, ...]
    notes: tuple[tuple[str, str], ...]
    disease: tuple[Block, ...]
    disease_notes: tuple[tuple[str, str], ...]


_HEADINGS = {"control": "Control", "balance": "Balance", "harm": "Harms"}
_DISEASE = {"vessel": "Vessels", "lesion": "Lesion and survival"}
_Write = Callable[[float, int], str]
_Take = Callable[["PlanOutcome", str], np.ndarray]


def check_summaries(comparison: Comparison) -> None:
    """Refuse a quantity that the table of quantities does not hold, so that none is left out unseen.

    Raises
    ------
    ValueError
        Such a quantity.
    """
    known = {quantity.key for quantity in quantities()}
    for outcome in comparison.outcomes:
        if unknown := sorted(set(outcome.summary) - known):
            raise ValueError(f"{outcome.plan.name}: quantities.csv does not hold {', '.join(unknown)}")


def plans_side_by_side(comparison: Comparison) -> SideBySide:
    """Every plan's median and 90% interval of every quantity."""
    return _table(comparison.outcomes, of_members)


def differences(comparison: Comparison) -> SideBySide:
    """Each later plan minus the first, member by member: median and 90% interval of the differences."""
    first, *others = comparison.outcomes

    def change(outcome: PlanOutcome, key: str) -> np.ndarray:
        return of_members(outcome, key) - of_members(first, key)

    return _table(others, change)


def _table(outcomes: Sequence[PlanOutcome], take: _Take) -> SideBySide:
    notes: dict[str, str] = {}
    blocks = {kind: Block(_HEADINGS[kind], _rows(outcomes, kind, take, notes)) for kind in _HEADINGS}
    others: dict[str, str] = {}
    disease = [Block(heading, _rows(outcomes, kind, take, others)) for kind, heading in _DISEASE.items()]
    return SideBySide(
        plans=tuple(outcome.plan.name for outcome in outcomes),
        left=(blocks["control"], blocks["balance"]),
        right=(blocks["harm"],),
        notes=tuple((letter, note) for note, letter in notes.items()),
        disease=tuple(block for block in disease if block.rows),
        disease_notes=tuple((letter, note) for note, letter in others.items()),
    )


def _rows(outcomes: Sequence[PlanOutcome], kind: str, take: _Take, notes: dict[str, str]) -> tuple[Row, ...]:
    rows: list[Row] = []
    for quantity in quantities():
        if quantity.kind != kind:
            continue
        optional = quantity.key in OPTIONAL or quantity.kind in OPTIONAL_KINDS
        if optional and not any(quantity.key in outcome.summary for outcome in outcomes):
            continue
        found = [interval(take(outcome, quantity.key)) for outcome in outcomes]
        written = carried if quantity.kind in OPTIONAL_KINDS else number
        lines = [_line(quantity.unit, quantity.decimals, found, written)]
        second = second_units().get(quantity.key)
        if second is not None:
            lines.append(_line(second.unit, second.decimals, [one.scaled(second.factor) for one in found], written))
        mark = notes.setdefault(quantity.note, chr(ord("a") + len(notes))) if quantity.note else ""
        rows.append(Row(quantity, mark, tuple(lines)))
    return tuple(rows)


def _line(unit: str, decimals: int, found: Sequence[Interval], written: _Write) -> Line:
    return Line(unit, tuple(_cell(one, decimals, written) for one in found))


def _cell(found: Interval, decimals: int, written: _Write) -> Cell:
    if not found.count:
        return Cell("–", "")
    low, median, high = (written(value, decimals) for value in (found.low, found.median, found.high))
    return Cell(median, "" if low == high else f"{low} to {high}")
