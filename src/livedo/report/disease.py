"""The section of the disease: figures of vessels and lesion, base rates, harms of actions, what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from livedo.report.diary import Diary, diaries
from livedo.report.figures import Behind, Figure, Panel, headings, places
from livedo.report.intervals import bands, interval, of_members
from livedo.report.panels import plan_panel, value_range
from livedo.report.rivals import Rivals, rivals
from livedo.report.shown import Measure, measures
from livedo.tracking.comparison import Refused
from livedo.tracking.disease import BaseRate, base_rates
from livedo.wording import carried

if TYPE_CHECKING:
    from livedo.tracking.comparison import Comparison, PlanOutcome


@dataclass(frozen=True, slots=True)
class Act:
    """An action of some plans, with what it does beside what it harms."""

    name: str
    plans: tuple[str, ...]
    mechanism: str
    evidence: str
    source: str
    harms: str


@dataclass(frozen=True, slots=True)
class Harmed:
    """A harm at its published rate, with a cell for each plan: chance and what would come anyway, or nothing."""

    what: str
    harm: str
    cells: tuple[str, ...]
    among: str
    source: str


@dataclass(frozen=True, slots=True)
class DiseaseText:
    """All of the section; ``refused`` goes by plan; ``relative`` is the patient's rate by each row of ``base``."""

    lesion: str | None
    week: float
    summary: tuple[str, ...]
    base: tuple[BaseRate, ...]
    figures: tuple[Figure, ...]
    acts: tuple[Act, ...]
    harms: tuple[Harmed, ...]
    refused: tuple[tuple[str, Refused], ...]
    diaries: tuple[Diary, ...]
    rivals: Rivals
    relative: tuple[str, ...]


def disease_text(comparison: Comparison) -> DiseaseText:
    """The section of a comparison; without trajectories of the disease it has no figure."""
    return DiseaseText(
        lesion=comparison.lesion,
        week=comparison.lesion_week,
        summary=summary(comparison),
        base=base_rates(),
        figures=_courses(comparison),
        acts=_acts(comparison),
        harms=harmed(comparison),
        refused=tuple((outcome.plan.name, one) for outcome in comparison.outcomes for one in outcome.refused),
        diaries=diaries(comparison),
        rivals=rivals(comparison),
        relative=_by_definition(comparison),
    )


def summary(comparison: Comparison) -> tuple[str, ...]:
    """One sentence a plan: the chance of a first lesion, or what became of the one there was; and the base rate beside it."""
    said = []
    for outcome in comparison.outcomes:
        name = outcome.plan.name
        if "lesion_risk" in outcome.summary:
            risk, rate = (of_members(outcome, key) for key in ("lesion_risk", "lesion_rate"))
            (middle, ends), (rate_middle, rate_ends) = (_words(values, 2) for values in (risk, rate))
            said.append(
                f"{name}: chance of a first lesion {_mean(risk)}%, the mean over the versions (median {middle}%, 90% interval "
                f"{ends}); per 1000 patient-years {_mean(rate)} (median {rate_middle}, {rate_ends})."
            )
        elif "alive_last" in outcome.summary:
            keys = ("wound_last", "eschar_last", "pain_last", "alive_last", "died_sepsis")
            wound, eschar, pain, alive, sepsis = (_words(of_members(outcome, key), 1) for key in keys)
            lives, dies = (_mean(of_members(outcome, key)) for key in ("alive_last", "died_sepsis"))
            said.append(
                f"{name}: at the end open wound {wound[0]} cm² ({wound[1]}), eschar {eschar[0]} cm² ({eschar[1]}), "
                f"pain {pain[0]} of 10 ({pain[1]}); chance to be alive {lives}%, the mean over the versions "
                f"(median {alive[0]}%, 90% interval {alive[1]}), to have died of sepsis from the wound {dies}% "
                f"(median {sepsis[0]}%, {sepsis[1]})."
            )
    if any("lesion_risk" in outcome.summary for outcome in comparison.outcomes):
        rates = [row.per_1000 for row in base_rates()]
        first = base_rates()[0]
        said.append(
            f"Base rate: {first.per_1000:g} per 1000 patient-years in {first.people}; {min(rates):g} to {max(rates):g} by who "
            "counts as a case."
        )
    return tuple(said)


def _by_definition(comparison: Comparison) -> tuple[str, ...]:
    """First lesions per 1000 patient-years under the first plan by each definition of a case, mean and 90% interval, as words.

    The body's hazard is set on the first row; who counts as a case is taken to scale everyone's alike (assumption).
    """
    first = comparison.outcomes[0]
    if "lesion_rate" not in first.summary:
        return ()
    rate, rows = of_members(first, "lesion_rate"), base_rates()
    found = [rate * row.per_1000 / rows[0].per_1000 for row in rows]
    return tuple(f"{_mean(values)} ({_words(values, 2)[1]})" for values in found)


def _mean(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    return carried(float(finite.mean()), 2) if finite.size else "–"


def _words(values: np.ndarray, decimals: int) -> tuple[str, str]:
    found = interval(values)
    return carried(found.median, decimals), f"{carried(found.low, decimals)} to {carried(found.high, decimals)}"


def _courses(comparison: Comparison) -> tuple[Figure, ...]:
    return tuple(
        _course(comparison, shown)
        for shown in measures()
        if all(shown.symbol in outcome.values for outcome in comparison.outcomes)
    )


def _course(comparison: Comparison, shown: Measure) -> Figure:
    found = [(o, bands(shown.factor * o.values[shown.symbol])) for o in comparison.outcomes]
    values = value_range([v for _, p in found for v in p[[0, 4]].ravel().tolist()])
    span = (0.0, max(float(o.days[-1]) for o in comparison.outcomes))
    reference = (comparison.outcomes[0].days, found[0][1][2])
    panels, ends = [], []
    for place, (outcome, percentiles) in enumerate(found):
        low, _, middle, _, high = (carried(float(v), shown.decimals) for v in percentiles[:, -1])
        ends.append(f"{outcome.plan.name} {middle} ({low} to {high})")
        words = f"{shown.label} under {outcome.plan.name}: at the end {middle} {shown.unit} (90% of versions {low} to {high})"
        dotted = None if place == 0 else reference
        panels.append(
            Panel(outcome.plan.name, plan_panel(shown, outcome.days, percentiles, dotted, values, span, words))
        )
    return Figure(
        shown=shown,
        panels=tuple(panels),
        caption=(f"At the end, median and 90% interval, {shown.unit}: {'; '.join(ends)}.",),
        marks=frozenset(),
        headings=headings(comparison.outcomes[0]),
        behind=tuple(_behind(outcome.plan.name, shown, outcome) for outcome in comparison.outcomes),
    )


def _behind(name: str, shown: Measure, outcome: PlanOutcome) -> Behind:
    cells = [_words(shown.factor * outcome.values[shown.symbol][:, place], shown.decimals) for place in places(outcome)]
    return Behind(name, tuple((middle, spread, "", "") for middle, spread in cells))


def harmed(comparison: Comparison) -> tuple[Harmed, ...]:
    """Harms of what any of the plans orders, at published rates, over each plan's run."""
    from livedo.care.harm_rates import ExpectedHarm, expected, harm_rates

    runs = [{e.rate: e for e in expected(o.plan, 24.0 * float(o.days[-1]))} for o in comparison.outcomes]

    def told(found: ExpectedHarm | None) -> str:
        if found is None:
            return ""
        words = f"{carried(found.chance, 1)}%"
        if found.low is not None and found.high is not None:
            words += f" ({carried(found.low, 1)} to {carried(found.high, 1)})"
        return words + (f"; without it {carried(found.anyway, 1)}%" if found.anyway is not None else "")

    return tuple(
        Harmed(rate.what, rate.harm, tuple(told(run.get(rate)) for run in runs), rate.among, rate.source)
        for rate in harm_rates()
        if any(rate in run for run in runs)
    )


def _acts(comparison: Comparison) -> tuple[Act, ...]:
    from livedo.care.actions import find

    plans: dict[str, list[str]] = {}
    for outcome in comparison.outcomes:
        for name in dict.fromkeys(find(action.action).name for action in outcome.plan.actions):
            plans.setdefault(name, []).append(outcome.plan.name)
    return tuple(
        Act(name, tuple(where), kind.mechanism, kind.evidence, kind.source, kind.harms)
        for name, where in plans.items()
        for kind in (find(name),)
    )
