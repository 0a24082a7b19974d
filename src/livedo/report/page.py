"""The report as one page that needs nothing beside it: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livedo.pages import templates
from livedo.report import figures as drawing
from livedo.report import reading
from livedo.report.disease import disease_text
from livedo.report.intervals import interval
from livedo.report.panels import MARKS
from livedo.report.shown import harms_not_modelled
from livedo.report.side_by_side import check_summaries, differences, plans_side_by_side
from livedo.report.writing import plain
from livedo.wording import alike, capital, counted, listed, model_unit_text, number, unit_text

if TYPE_CHECKING:
    from livedo.tracking.comparison import Agreement, Comparison, PlanOutcome


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan in words: its name, its place on the page, its description, sentences, warnings and failures."""

    name: str
    anchor: str
    description: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agrees:
    """How the members agree with one analyte of the chart, in words; SI first, then the conventional unit."""

    label: str
    count: int
    charted: tuple[str, ...]
    members: tuple[str, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Trait:
    """A trait before and after the labs were looked at: median and 90% interval of the members."""

    label: str
    unit: str
    before: str
    after: str


def render(comparison: Comparison) -> str:
    """The report as HTML.

    Raises
    ------
    ValueError
        The comparison holds no plan, two of one name, or a quantity that is in no table.
    """
    names = [outcome.plan.name for outcome in comparison.outcomes]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"a report needs at least one plan, and a name for each: {names}")
    check_summaries(comparison)
    drawn = drawing.figures(comparison)
    environment = templates("livedo.report")
    environment.filters["number"] = number
    page = environment.get_template("report.html").render(
        chart=comparison.chart,
        person=reading.person(comparison.chart),
        scope=_scope(comparison),
        day_zero=reading.day_zero(comparison.chart),
        facts=reading.facts(comparison.chart),
        analytes=reading.analytes_read(comparison.chart),
        noticed=reading.noticed(comparison.chart),
        figures=drawn,
        disease=disease_text(comparison),
        marks=frozenset().union(*(figure.marks for figure in drawn)),
        mark_words=MARKS,
        table=plans_side_by_side(comparison),
        changes=differences(comparison) if len(names) > 1 else None,
        plans=[_plan_text(outcome, f"plan-{place}") for place, outcome in enumerate(comparison.outcomes, 1)],
        harms=harms_not_modelled(),
        agreement=[_agrees(row) for row in comparison.agreement],
        traits=_traits(comparison),
        assumptions=comparison.assumptions,
        provenance=plain(comparison.provenance),
    )
    return page.lstrip()


def members(comparison: Comparison) -> int:
    """How many versions of the patient there are."""
    return max((len(v) for outcome in comparison.outcomes for v in outcome.values.values()), default=0)


def _scope(comparison: Comparison) -> str:
    years = comparison.provenance.get("years")
    days = max(float(outcome.days[-1]) for outcome in comparison.outcomes)
    span = f"{years:g} year{'' if years == 1 else 's'}" if isinstance(years, int | float) else f"{days:.0f} days"
    plans, versions = len(comparison.outcomes), members(comparison)
    return f"{counted(plans, 'plan')} of care over {span}, simulated on {counted(versions, 'version')} of this patient"


def _plan_text(outcome: PlanOutcome, anchor: str) -> PlanText:
    name = outcome.plan.name
    first, *sentences = outcome.plan.describe().splitlines()
    description = first.removeprefix(name).lstrip(".:").strip()
    by_reason: dict[str, list[int]] = {}
    for member, reason in outcome.failures.items():
        by_reason.setdefault(reason, []).append(member)
    failures = tuple(
        f"{counted(len(who), 'version')} of the patient failed and "
        f"{'is' if len(who) == 1 else 'are'} left out of this plan's numbers "
        f"(member{'' if len(who) == 1 else 's'} {_few(who)}): {reason}"
        for reason, who in by_reason.items()
    )
    return PlanText(name, anchor, capital(description), tuple(sentences), outcome.warnings, failures)


def _few(who: list[int]) -> str:
    names = [str(member) for member in sorted(who)]
    return listed(names if len(names) <= 8 else [*names[:7], f"{len(names) - 7} more"])


def _agrees(row: Agreement) -> Agrees:
    from livedo.body import ANALYTES
    from livedo.records.analytes import find_analyte
    from livedo.records.units import conventional_unit, express

    symbols = {symbol: analyte for analyte, symbol in ANALYTES.items()}
    analyte = find_analyte(symbols.get(row.analyte, row.analyte))
    label = row.analyte if analyte is None else capital(analyte.label)
    other = None if analyte is None or analyte.unit != row.unit else conventional_unit(analyte)

    def both(*values: float) -> tuple[str, ...]:
        texts = [_median_and_interval(unit_text(row.unit), *values)]
        if other is not None and analyte is not None:
            texts.append(_median_and_interval(other, *(express(value, analyte, other) for value in values)))
        return tuple(texts)

    charted = both(row.charted) if row.count else ()
    if not row.count:
        verdict = "carried as uncertain, never charted"
    elif row.charted < row.low:
        verdict = "the charted median lies below the versions’ 90% interval"
    elif row.charted > row.high:
        verdict = "the charted median lies above the versions’ 90% interval"
    else:
        verdict = "the charted median lies within the versions’ 90% interval"
    if row.count:
        verdict += "; used in the estimate" if row.used else "; not used in the estimate"
    return Agrees(label, row.count, charted, both(row.member_median, row.low, row.high), verdict)


def _median_and_interval(unit: str, *values: float) -> str:
    if not math.isfinite(values[0]):
        return "–"
    middle, *ends = alike(*values)
    return f"{middle} ({ends[0]} to {ends[1]}) {unit}".rstrip() if ends else f"{middle} {unit}".rstrip()


def _traits(comparison: Comparison) -> list[Trait]:
    """The traits that were estimated, by the words and units of the table of parameters."""
    from livedo.body import load_body

    table = load_body().parameters
    found: list[Trait] = []
    for name, values in comparison.traits.items():
        row = table.get(name)
        before = comparison.prior_traits.get(name)
        label = row.meaning if row is not None else name
        found.append(
            Trait(
                label=capital(label),
                unit="" if row is None else model_unit_text(row.unit),
                before="–" if before is None else _three(before),
                after=_three(values),
            )
        )
    return found


def _three(values: np.ndarray) -> str:
    found = interval(np.asarray(values, float))
    return _median_and_interval("", found.median, found.low, found.high)
