"""Harms of what a plan does, at the rates that were published: chances beside those without it, not a simulation.

``harm_rates.csv`` holds one harm a row. A harm ``per`` course is met once if the treatment begins in the run, one per year over
the time it is given. ``without`` is the chance in people not given it; where only a hazard ratio is known (``ratio``), what
would have come anyway follows from it. Rates are those of the people studied (``among``), who may not be like the patient.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

from livedo.care.actions import find
from livedo.care.plan import Plan
from livedo.care.treatments import load_treatments
from livedo.tables import Row, read_table

TABLE = Path(__file__).with_name("harm_rates.csv")
YEAR = 8766.0
PER = ("course", "year")
_PERCENT = ("percent, 0 to below 100", lambda value: 0.0 <= value < 100.0)


@dataclass(frozen=True)
class HarmRate:
    """One row of ``harm_rates.csv``; chances in percent, ``low`` and ``high`` their 95% interval where one is known."""

    what: str
    harm: str
    per: str
    chance: float
    low: float | None
    high: float | None
    without: float | None
    among: str
    source: str
    confidence: str


@dataclass(frozen=True)
class ExpectedHarm:
    """What a plan brings of one harm, in percent; ``anyway`` is what would come without the treatment, if that is known."""

    rate: HarmRate
    chance: float
    low: float | None
    high: float | None
    anyway: float | None


@functools.cache
def harm_rates(path: Path = TABLE) -> tuple[HarmRate, ...]:
    """The rows.

    Raises
    ------
    InputError
        If a chance is not within 0 to 100, ``per`` is unknown, or a row names nothing that a plan can order.
    """
    known = {row.drug for row in load_treatments()}
    return tuple(_read(row, known) for row in read_table(path))


def expected(plan: Plan, hours: float) -> tuple[ExpectedHarm, ...]:
    """Harms of what a plan orders within a run of so many hours, in the table's order."""
    given = _given(plan, hours)
    return tuple(_of(rate, given[rate.what]) for rate in harm_rates() if rate.what in given)


def _given(plan: Plan, hours: float) -> dict[str, float]:
    """Action or drug -> hours for which it is given within the run."""
    named = [(find(action.action).name, action) for action in plan.actions]
    named += [(load_treatments().find(kind, item.drug).drug, item) for _, kind, item in plan.drugs()]  # type: ignore[misc]
    found: dict[str, float] = {}
    for name, item in named:
        if item.from_h < hours:
            found[name] = found.get(name, 0.0) + min(item.until_h, hours) - max(item.from_h, 0.0)
    return {name: min(time, hours) for name, time in found.items()}


def _of(rate: HarmRate, hours: float) -> ExpectedHarm:
    def within(chance: float | None) -> float | None:
        if chance is None or rate.per == "course":
            return chance
        return -100.0 * math.expm1(math.log1p(-chance / 100.0) * hours / YEAR)

    chance = within(rate.chance)
    assert chance is not None
    return ExpectedHarm(rate, chance, within(rate.low), within(rate.high), within(rate.without))


def _read(row: Row, drugs: set[str]) -> HarmRate:
    if row["what"] not in drugs:
        find(row["what"])
    row.choice("per", PER)
    chance = row.number("chance", *_PERCENT)
    low, high, without = (row.number_or(name, None, *_PERCENT) for name in ("low", "high", "without"))
    if row["people"]:
        low, high = _wilson(chance, row.whole("people"))
    if row["ratio"]:
        rate = -math.log1p(-chance / 100.0) / row.number("ratio")
        without = -100.0 * math.expm1(-rate)
    text = {name: row[name] for name in ("what", "harm", "per", "among", "source", "confidence")}
    return HarmRate(**text, chance=chance, low=low, high=high, without=without)


def _wilson(chance: float, people: int) -> tuple[float, float]:
    """95% interval of a share of so many people, percent."""
    from scipy.stats import binomtest

    found = binomtest(round(chance / 100.0 * people), people).proportion_ci(method="wilson")
    return 100.0 * float(found.low), 100.0 * float(found.high)
