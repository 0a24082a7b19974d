"""Plans compared on one patient: the chart read as levels, members that agree with it, every plan on the same members."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import Body, load_body
from livedo.care.actions import find
from livedo.care.checks import check_plan
from livedo.care.kidney_states import NEUTRAL, filtration_at, own_filtration_at
from livedo.care.orders import change_hours, sessions
from livedo.engine import Moment, at_place, simulate, steady_state
from livedo.errors import InputError
from livedo.patients import prior_of
from livedo.patients.cohort import WEEKS_PER_YEAR
from livedo.patients.sampling import behaviour
from livedo.tracking.assumptions import assumptions, disease_assumed
from livedo.tracking.comparison import Agreement, Comparison, PlanOutcome
from livedo.tracking.disease import action_hours, counted_hazards, course, read_for_disease, refused, summed
from livedo.tracking.disease_sets import carried
from livedo.tracking.estimate import estimate
from livedo.tracking.history import lived, read_for_history, years_on_dialysis
from livedo.tracking.labs import Level, levels
from livedo.tracking.outcomes import STARTS_DIALYSIS, WEEK, Record, summarise, warnings_of
from livedo.tracking.person import person
from livedo.tracking.provenance import provenance
from livedo.tracking.settling import (
    TOLERANCE,
    WEEKLY,
    body_parameters,
    midweek,
    mineral_observables,
    plan_schedule,
    settled_under,
    whole,
)
from livedo.tracking.wound import charted_wound
from livedo.wording import capital

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.engine import Kernel
    from livedo.records.chart import Chart

Progress = Callable[[str, int, int], None]


def compare(
    chart: Chart,
    plans: Sequence[Plan],
    *,
    years: float,
    members: int,
    seed: int,
    threads: int | None = None,
    progress: Progress | None = None,
    inputs: Mapping[str, str | Path] | None = None,
    lesion: str | None = None,
    lesion_week: float = 0.0,
    conditions: Sequence[str] = (),
) -> Comparison:
    """Compare plans on one patient.

    Parameters
    ----------
    chart:
        The record.
    plans:
        The first one is also what the patient is taken to be on when the charted labs were drawn.
    years:
        How long each plan runs.
    members:
        Members of the ensemble that stands for the patient.
    seed:
        Of every draw.
    threads:
        Threads; all processors if not given.
    progress:
        Called with (stage, done, of).
    inputs:
        Files the run was made from; their hashes go into the provenance.
    lesion:
        Site of a lesion that is there when the plans start; None for whole skin, on which no lesion begins and its risk is told.
    lesion_week:
        Week of the plans in which the lesion begins, if it is not there when they start (0).
    conditions:
        Conditions (``patients/conditions.csv``) that the patient has beside those of the record.

    Raises
    ------
    InputError
        If a plan has no dialysis, two plans have one name, the skin has no such site, the lesion would begin in no week of the
        plans, or there is no such condition.
    """
    body = load_body()
    _check_plans(plans, inputs or {})
    _check_lesion(body, lesion, lesion_week, years)
    kernel = body.kernel(_observables(body))
    minerals = body.part_for(mineral_observables(body))
    lighter = minerals.kernel(mineral_observables(body))
    tell = progress or (lambda stage, done, of: None)
    at_start = lesion is not None and not lesion_week
    filtration = own_filtration_at(plans[0], 0.0)
    who = person(chart, body, conditions=conditions, lesion=at_start, dialysed=not filtration)
    prior = prior_of(body, who.given, filtration=filtration)
    charted = levels(chart)

    def traits_of(scores: np.ndarray) -> dict[str, np.ndarray]:
        return who.values(body, prior.values(scores), seed, np.arange(len(scores)))

    found = estimate(
        prior,
        charted,
        lambda scores: settled_under(lighter, plans[0], traits_of(scores), threads),
        moved=minerals.model.reads() | behaviour("trait").keys(),
        members=members,
        seed=seed,
        progress=lambda done, of: tell("estimating traits", done, of),
    )
    sets = carried(body, members, seed)
    traits = who.values(body, sets.with_traits(body, prior.values(found.scores)), seed, np.arange(members))
    tell("settling members", 0, 1)
    settled = steady_state(
        minerals.model,
        lighter,
        found.settled.moment,
        plan_schedule(plans[0], traits, lighter, as_at_start=True),
        threads=threads,
    )
    first_week = plan_schedule(plans[0], traits, kernel, as_at_start=True, skin=True)
    moment = whole(kernel, lighter, settled.moment, body_parameters(kernel, traits), first_week, threads)
    tell("settling members", 1, 1)
    tell("years before the plans", 0, 1)
    dialysed, years_said = years_on_dialysis(chart, members, seed)
    wound = charted_wound(chart) if at_start else None
    history = lived(
        body,
        kernel,
        moment,
        first_week,
        lambda numbers: who.values(body, prior.values(prior.scores(numbers, seed)), seed, numbers),
        dialysed,
        seed=seed,
        lesion=lesion,
        begun=at_start,
        area=wound.area if wound else None,
        threads=threads,
    )
    traits |= history.traits
    tell("years before the plans", 1, 1)
    outcomes = []
    for number, plan in enumerate(plans):
        tell("running plans", number, len(plans))
        outcomes.append(_outcome(body, kernel, plan, history.moment, traits, years, lesion, lesion_week, seed, threads))
    tell("running plans", len(plans), len(plans))
    return Comparison(
        chart=chart,
        traits={name: traits[name] for name in prior.values(found.scores)},
        prior_traits=traits_of(found.prior_scores),
        agreement=_agreement(charted, found.settled.readings),
        outcomes=tuple(outcomes),
        assumptions=(
            *who.said,
            *assumptions(chart, plans[0], charted, settled),
            *disease_assumed(chart, plans[0], years_said, history, sets, wound, lesion, lesion_week),
        ),
        provenance=provenance(body, kernel, plans, years, members, seed, inputs or {}, lesion, who.conditions),
        lesion=lesion,
        lesion_week=lesion_week,
        structures=sets.structures,
    )


def _check_lesion(body: Body, lesion: str | None, week: float, years: float) -> None:
    if lesion is not None and lesion not in body.sites:
        raise InputError("is not a site of the skin", field="lesion", value=lesion, expected=", ".join(body.sites))
    if week and (lesion is None or not 0.0 < week < years * WEEKS_PER_YEAR):
        raise InputError(
            "is not a week of the plans in which a lesion could begin",
            field="lesion_week",
            value=week,
            expected="a site in lesion, and a week after the start and before the end of the plans",
        )


def _check_plans(plans: Sequence[Plan], inputs: Mapping[str, str | Path]) -> None:
    names = [plan.name for plan in plans]
    for name in names:
        if names.count(name) > 1:
            raise InputError("two plans have the same name", field="name", value=name, expected="names that differ")
    for number, plan in enumerate(plans, 1):
        for hour in change_hours(plan):
            on_peritoneal = any(item.runs_at(hour) for item in plan.peritoneal_dialysis)
            enough = filtration_at(plan, hour) >= STARTS_DIALYSIS
            if plan.sessions_per_week(hour) == 0 and not on_peritoneal and not enough:
                raise InputError(
                    "no dialysis for a patient without kidney function",
                    where=str(inputs.get(f"plan {number}", plan.name)),
                    field="dialysis",
                    value=f"no session from day {hour / 24:g}",
                    expected="sessions at every time, from day 0 on; or peritoneal dialysis, a transplant, or a kidney_function "
                    f"of {STARTS_DIALYSIS / 0.06:g} mL/min or more",
                )


def _observables(body: Body) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            (*mineral_observables(body), *read_for_disease(body), *read_for_history(body, body.model.parameters))
        )
    )


def _outcome(
    body: Body,
    kernel: Kernel,
    plan: Plan,
    moment: Moment,
    values: Mapping[str, np.ndarray],
    years: float,
    lesion: str | None,
    lesion_week: float,
    seed: int,
    threads: int | None,
) -> PlanOutcome:
    weeks = max(1, math.ceil(years * WEEKS_PER_YEAR))
    starts, ends = _session_times(plan, weeks)
    weekly = np.array([week * WEEK + midweek(plan, week) for week in range(weeks)])
    times = np.unique(np.concatenate([[0.0], starts, ends, weekly, action_hours(plan.actions, weeks * WEEK)]))
    begin = moment.restarted()
    schedule = plan_schedule(plan, values, kernel, skin=True, seed=seed)
    if lesion and lesion_week:
        schedule = schedule.set(at_place("onset_draw", lesion), 0.0, lesion_week * WEEK)
    run = simulate(
        kernel,
        until=weeks * WEEK,
        parameters=_plan_free_inputs(kernel, values),
        start=begin,
        schedule=schedule,
        times=times,
        tolerance=TOLERANCE,
        threads=threads,
        chunk=32,
    )

    def at(which: np.ndarray) -> dict[str, np.ndarray]:
        return {name: run[name][:, np.searchsorted(times, which)] for name in run.values}

    stores = np.stack([_calcium(kernel, begin.states), _calcium(kernel, run.final.states)])
    states = np.stack([begin.states, run.final.states])
    peritoneal = {name: states[:, :, kernel.layout.states.index(name)] for name in ("P_removed_pd", "Ca_gained_pd")}
    record = Record(at(weekly), at(starts), at(ends), stores, weeks * WEEK, peritoneal)
    before = {name: run[name][:, 0] for name in counted_hazards(body)}
    disease = course(body, record.weekly, before, lesion)
    return PlanOutcome(
        plan=plan,
        days=weekly / 24.0,
        values={name: record.weekly[name] for name in WEEKLY} | disease,
        summary=summarise(plan, record) | summed(disease, float(weekly[-1])),
        warnings=(*warnings_of(plan, record), *_unusual(plan), *_no_lesion(plan, lesion)),
        failures=run.failures,
        refused=refused(body, plan.actions, run.values, times) if lesion else (),
    )


def _unusual(plan: Plan) -> list[str]:
    """What the checks of a plan find unusual, as sentences."""
    found = [issue for issue in check_plan(plan) if issue.severity == "warning"]
    return [f"{capital(str(issue))}." for issue in found]


def _no_lesion(plan: Plan, lesion: str | None) -> list[str]:
    """Said of a plan that treats a wound nobody has."""
    sited = [find(action.action).name for action in plan.actions if find(action.action).sited]
    if lesion or not sited:
        return []
    return [f"The plan orders {', '.join(dict.fromkeys(sited))}, and no lesion is given: it acts on whole skin."]


def _plan_free_inputs(kernel: Kernel, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray | np.float64]:
    """Inputs that another plan may have moved, back at the member's own: diet, fluid, volume, kidneys."""
    own = body_parameters(kernel, values)
    kidneys = {name: np.float64(value) for name, value in {**NEUTRAL, "GFR": kernel.values["GFR"]}.items()}
    return kidneys | {name: own[name] for name in ("diet_P", "diet_Ca", "fluid_intake", "V_target") if name in own}


def _session_times(plan: Plan, weeks: int) -> tuple[np.ndarray, np.ndarray]:
    starts: list[np.ndarray] = [np.empty(0)]
    ends: list[np.ndarray] = [np.empty(0)]
    for rule in sessions(plan):
        hours = np.arange(weeks) * WEEK + rule.start_h
        hours = hours[(hours >= rule.from_h) & (hours < rule.until_h) & (hours + rule.hours <= weeks * WEEK)]
        starts.append(hours)
        ends.append(hours + rule.hours)
    order = np.argsort(np.concatenate(starts))
    return np.concatenate(starts)[order], np.concatenate(ends)[order]


def _calcium(kernel: Kernel, states: np.ndarray) -> np.ndarray:
    """All calcium inside the body, mmol, shape (members,)."""
    inside = ("Ca", "Q", "Ca_gut", "Ca_bone")
    return sum(states[:, kernel.layout.states.index(name)] for name in inside)  # type: ignore[return-value]


def _agreement(charted: Sequence[Level], readings: Mapping[str, np.ndarray]) -> tuple[Agreement, ...]:
    from livedo.records import find_analyte

    rows = []
    for level in charted:
        simulated = readings[level.analyte]
        low, middle, high = np.nanpercentile(simulated, [5, 50, 95])
        unit = find_analyte(level.analyte).unit  # type: ignore[union-attr]
        rows.append(Agreement(level.analyte, unit, level.count, level.value, middle, low, high, level.count > 0))
    return tuple(rows)


__all__ = ["compare"]
