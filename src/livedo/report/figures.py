"""One figure for each analyte: the charted past, then every plan, on one value axis; and what one sees in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from livedo.report.intervals import Interval, bands, interval, of_members
from livedo.report.panels import Mark, past_panel, plan_panel, value_range
from livedo.report.reading import day_zero
from livedo.report.shown import Measure, Shown, analytes_shown
from livedo.tracking.outcomes import quantities
from livedo.wording import counted, number

if TYPE_CHECKING:
    from livedo.records.chart import Chart
    from livedo.tracking.comparison import Comparison, PlanOutcome

_PAST_DAYS = 5 * 365.25
_LEAST_PAST = 90.0
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: its heading and its SVG."""

    heading: str
    svg: str


@dataclass(frozen=True, slots=True)
class Behind:
    """The numbers behind one plan's panel: for each of a few days, SI and conventional, median and interval."""

    plan: str
    cells: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """All of one quantity: panels, the sentences under them, which marks the past has, and a table of numbers by day."""

    shown: Shown | Measure
    panels: tuple[Panel, ...]
    caption: tuple[str, ...]
    marks: frozenset[str]
    headings: tuple[str, ...]
    behind: tuple[Behind, ...]


def figures(comparison: Comparison) -> tuple[Figure, ...]:
    """The figures of the analytes that every plan has values of."""
    marks = {shown.analyte: charted(comparison.chart, shown) for shown in analytes_shown()}
    recent = [mark.day for found in marks.values() for mark in found if mark.day >= -_PAST_DAYS]
    past = (-max(_LEAST_PAST, -min(recent, default=0.0) * 1.02), 0.0)
    return tuple(
        _figure(comparison, shown, marks[shown.analyte], past)
        for shown in analytes_shown()
        if all(shown.symbol in outcome.values for outcome in comparison.outcomes)
    )


def charted(chart: Chart, shown: Shown) -> tuple[Mark, ...]:
    """Every charted value of an analyte, by day before the last entry of the record."""
    zero = day_zero(chart)
    rows = chart.values(shown.analyte).select("time", "value", "prepost", "setting", "continuous_dialysis")
    return tuple(
        Mark((time - zero).total_seconds() / _DAY, value, _mark_kind(prepost, setting, continuous))
        for time, value, prepost, setting, continuous in rows.iter_rows()
        if zero is not None
    )


def _mark_kind(prepost: str | None, setting: str | None, continuous: bool | None) -> str:
    if continuous:
        return "continuous"
    return "inpatient" if setting == "inpatient" else "post" if prepost == "post" else "plain"


def _stays(chart: Chart, start: float) -> list[tuple[float, float]]:
    zero = day_zero(chart)
    if zero is None:
        return []

    def day(time: datetime | None) -> float:
        return 0.0 if time is None else (time - zero).total_seconds() / _DAY

    spans = chart.spans.filter(chart.spans["kind"] == "inpatient").select("time", "end").iter_rows()
    return [(day(a), min(0.0, day(b))) for a, b in spans if day(b) > start and day(a) < 0]


def _figure(comparison: Comparison, shown: Shown, marks: Sequence[Mark], past: tuple[float, float]) -> Figure:
    recent = [mark for mark in marks if mark.day >= past[0]]
    found = [(outcome, bands(outcome.values[shown.symbol])) for outcome in comparison.outcomes]
    drawn = [mark.value for mark in recent] + [v for _, p in found for v in p[[0, 4]].ravel().tolist()]
    drawn += [shown.target.low, shown.target.high] if shown.target else []
    values = value_range(drawn)
    span = (0.0, max(float(outcome.days[-1]) for outcome in comparison.outcomes))
    words = f"{shown.label}, charted past: {_charted_sentence(comparison.chart, shown, marks, past[0])}"
    stays = _stays(comparison.chart, past[0])
    panels = [Panel("Charted past", past_panel(shown, recent, stays, values, past, words))]
    reference = (comparison.outcomes[0].days, found[0][1][2])
    for place, (outcome, percentiles) in enumerate(found):
        words = f"{shown.label} under {outcome.plan.name}: {_course(shown, outcome, percentiles)}"
        dotted = None if place == 0 else reference
        svg = plan_panel(shown, outcome.days, percentiles, dotted, values, span, words)
        panels.append(Panel(outcome.plan.name, svg))
    return Figure(
        shown=shown,
        panels=tuple(panels),
        caption=(
            _charted_sentence(comparison.chart, shown, marks, past[0]),
            *_end_sentences(comparison, shown),
            *_target(shown),
        ),
        marks=frozenset(mark.kind for mark in recent) | (frozenset({"stay"}) if stays else frozenset()),
        headings=headings(comparison.outcomes[0]),
        behind=tuple(_behind(shown, outcome) for outcome in comparison.outcomes),
    )


def _charted_sentence(chart: Chart, shown: Shown, marks: Sequence[Mark], start: float) -> str:
    if not marks:
        return "No value is in the record: the bands are as wide as the record leaves them."
    values = np.array([mark.value for mark in marks])
    low, high = (number(float(v), shown.decimals) for v in (values.min(), values.max()))
    text = (
        f"{counted(len(marks), 'charted value')}, median {shown.both(float(np.median(values)))}, range {low} to {high}"
    )
    kinds = [mark.kind for mark in marks]
    hospital = len(kinds) - kinds.count("plain") - kinds.count("post")
    if hospital:
        text += f"; {'all' if hospital == len(kinds) else hospital} drawn in hospital"
        if kinds.count("continuous"):
            text += f", {kinds.count('continuous')} of them during continuous dialysis"
    earlier = sum(mark.day < start for mark in marks)
    if earlier:
        text += f"; {earlier} from more than five years before day 0 {'is' if earlier == 1 else 'are'} not drawn"
    return text + "."


def _course(shown: Shown, outcome: PlanOutcome, percentiles: np.ndarray) -> str:
    def at(place: int) -> str:
        low, _, median, _, high = (number(float(v), shown.decimals) for v in percentiles[:, place])
        return f"{median} {shown.unit} on day {number(float(outcome.days[place]), 0)} (90% of versions {low} to {high})"

    return f"median {at(0)}, {at(-1)}."


def _end_sentences(comparison: Comparison, shown: Shown) -> tuple[str, ...]:
    quantity = next(q for q in quantities() if q.key == shown.at_end)
    ends = {
        outcome.plan.name: interval(of_members(outcome, quantity.key))
        for outcome in comparison.outcomes
        if quantity.key in outcome.summary
    }
    ends = {name: found for name, found in ends.items() if found.count}
    if not ends:
        return ()
    when = f"At the end ({quantity.note})"
    if len(ends) == 1:
        (found,) = ends.values()
        low, high = (number(v, shown.decimals) for v in (found.low, found.high))
        return (f"{when} the median is {shown.both(found.median)}, 90% interval {low} to {high}.",)
    least, most = min(ends, key=lambda n: ends[n].median), max(ends, key=lambda n: ends[n].median)
    if number(ends[least].median, shown.decimals) == number(ends[most].median, shown.decimals):
        return (f"{when} the median is {shown.both(ends[least].median)} under every plan.",)
    return (
        f"{when} the median runs from {shown.both(ends[least].median)} under {least} "
        f"to {shown.both(ends[most].median)} under {most}; {_overlap(list(ends.values()))}.",
    )


def _target(shown: Shown) -> tuple[str, ...]:
    target = shown.target
    if target is None:
        return ()
    low, high = (number(v, shown.decimals) for v in (target.low, target.high))
    other = [number(shown.to_conventional(v), shown.conventional_decimals) for v in (target.low, target.high)]
    return (
        f"Dashed lines: the target range, {low} to {high} {shown.unit} "
        f"({other[0]} to {other[1]} {shown.conventional}); {target.source}.",
    )


def _overlap(ends: Sequence[Interval]) -> str:
    if max(end.low for end in ends) <= min(end.high for end in ends):
        return f"the 90% intervals of {'both' if len(ends) == 2 else 'all'} plans overlap"
    return "the 90% intervals do not overlap" if len(ends) == 2 else "not all of the 90% intervals overlap"


def headings(outcome: PlanOutcome) -> tuple[str, ...]:
    """Of the table of numbers: 'Day 2' and so on."""
    return tuple(f"Day {number(float(outcome.days[place]), 0)}" for place in places(outcome))


def places(outcome: PlanOutcome) -> list[int]:
    """The samples nearest to the start, the quarters and the end of a run."""
    days = np.asarray(outcome.days, float)
    wanted = np.linspace(days[0], days[-1], 5)
    return sorted({int(np.abs(days - day).argmin()) for day in wanted})


def _behind(shown: Shown, outcome: PlanOutcome) -> Behind:
    cells = []
    for place in places(outcome):
        found = interval(outcome.values[shown.symbol][:, place])
        other = found.scaled(shown.to_conventional(1.0))
        cells.append((*_cell(found, shown.decimals), *_cell(other, shown.conventional_decimals)))
    return Behind(outcome.plan.name, tuple(cells))


def _cell(found: Interval, decimals: int) -> tuple[str, str]:
    return number(found.median, decimals), f"{number(found.low, decimals)} to {number(found.high, decimals)}"
