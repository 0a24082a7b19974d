"""Plans compared on one patient: the chart read as levels, members that agree with it, every plan on the same members."""

from __future__ import annotations

import hashlib
import math
import platform
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import ANALYTES, Body, load_body
from livedo.care.actions import find
from livedo.care.checks import check_plan
from livedo.care.kidney_states import NEUTRAL, filtration_at
from livedo.care.orders import change_hours, sessions
from livedo.care.timetable import timetable
from livedo.engine import Moment, Schedule, Steady, simulate, steady_state
from livedo.errors import InputError
from livedo.patients import prior_of, variations
from livedo.tracking.comparison import Agreement, Comparison, PlanOutcome
from livedo.tracking.disease import action_hours, counted_hazards, course, read_for_disease, refused, summed
from livedo.tracking.estimate import Settled, estimate
from livedo.tracking.history import CANDIDATES, History, lived, read_for_history, years_on_dialysis
from livedo.tracking.labs import Level, levels
from livedo.tracking.outcomes import STARTS_DIALYSIS, WEEK, Record, summarise, warnings_of

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.engine import Kernel
    from livedo.records.chart import Chart

#: Weeks of the run-in, and the gland's time constant in it (h): fast enough for its mass to settle.
RUN_IN_WEEKS = 60
RUN_IN_GLAND = 1500.0
TOLERANCE = 1e-5
#: When the labs of a week are read in a plan without sessions, hours after Monday 00:00.
WITHOUT_SESSIONS = 56.0
WEEKLY = ("P", "Ca_total", "Ca_ionised", "PTH", "ALP", "calcitriol", "weight")

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
    inputs: Mapping[str, Path] | None = None,
    lesion: str | None = None,
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

    Raises
    ------
    InputError
        If a plan has no dialysis, two plans have one name, or the skin has no such site.
    """
    _check(plans, inputs or {})
    body = load_body()
    if lesion is not None and lesion not in body.sites:
        raise InputError("is not a site of the skin", field="lesion", value=lesion, expected=", ".join(body.sites))
    kernel = body.kernel(_observables(body))
    minerals = body.part_for(_minerals(body))
    lighter = minerals.kernel(_minerals(body))
    tell = progress or (lambda stage, done, of: None)
    given, said = _given(chart, body)
    prior = prior_of(body, given)
    charted = levels(chart)

    def settle(values: Mapping[str, np.ndarray]) -> Settled:
        return _settled(lighter, plans[0], values, threads)

    found = estimate(
        prior,
        charted,
        settle,
        members=members,
        seed=seed,
        progress=lambda done, of: tell("estimating traits", done, of),
    )
    traits = prior.values(found.scores)
    tell("settling members", 0, 1)
    settled = steady_state(
        minerals.model,
        lighter,
        found.settled.moment,
        _plan_schedule(plans[0], traits, lighter, as_at_start=True),
        threads=threads,
    )
    first_week = _plan_schedule(plans[0], traits, kernel, as_at_start=True, skin=True)
    moment = _whole(kernel, lighter, settled.moment, first_week, threads)
    tell("settling members", 1, 1)
    tell("years before the plans", 0, 1)
    dialysed, years_said = years_on_dialysis(chart, members, seed)
    history = lived(
        body,
        kernel,
        moment,
        first_week,
        prior,
        dialysed,
        seed=seed,
        lesion=lesion,
        threads=threads,
    )
    traits |= history.traits
    tell("years before the plans", 1, 1)
    outcomes = []
    for number, plan in enumerate(plans):
        tell("running plans", number, len(plans))
        outcomes.append(_outcome(body, kernel, plan, history.moment, traits, years, lesion, seed, threads))
    tell("running plans", len(plans), len(plans))
    return Comparison(
        chart=chart,
        traits=traits,
        prior_traits=prior.values(found.prior_scores),
        agreement=_agreement(charted, found.settled.readings),
        outcomes=tuple(outcomes),
        assumptions=(
            *said,
            *_assumptions(chart, plans[0], charted, settled),
            *_disease_assumed(years_said, history, lesion),
        ),
        provenance=_provenance(body, kernel, plans, years, members, seed, inputs or {}, lesion),
        lesion=lesion,
    )


def _check(plans: Sequence[Plan], inputs: Mapping[str, Path]) -> None:
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


def _minerals(body: Body) -> tuple[str, ...]:
    wanted = (*WEEKLY, "albumin_plasma", "HCO3", "vitamin_D", "Quf", "P_removed_hd", "Ca_gained_hd")
    return tuple(s for s in dict.fromkeys((*ANALYTES.values(), *wanted)) if s in body.model.unit_of)


def _whole(kernel: Kernel, lighter: Kernel, settled: Moment, schedule: Schedule, threads: int | None) -> Moment:
    """The whole body, a week on from where its minerals repeat their week: what stands beside them starts from its own values."""
    run = simulate(
        kernel,
        until=WEEK,
        patients=len(settled.states),
        parameters={name: settled.parameters[:, i] for i, name in enumerate(lighter.layout.parameters)},
        start={name: settled.states[:, i] for i, name in enumerate(lighter.layout.states)},
        schedule=schedule,
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    return run.final.restarted()


def _observables(body: Body) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys((*_minerals(body), *read_for_disease(body), *read_for_history(body, body.model.parameters)))
    )


def _given(chart: Chart, body: Body) -> tuple[dict[str, float], list[str]]:
    """What the chart gives directly: weight; and what was assumed about it."""
    import polars as pl

    weights = chart.values("body_weight")
    if not weights.height:
        return {}, ["No weight is charted: dry weight is drawn from the population."]
    after = weights.filter(pl.col("prepost") == "post")
    before = weights.filter(pl.col("prepost") == "pre")
    used, words, gain = weights, "not marked as before or after dialysis and taken as dry weights", 0.0
    if after.height:
        used, words = after, "after dialysis"
    elif before.height == weights.height:
        own = body.parameters
        gain = 48.0 * (own["fluid_intake"].value - own["fluid_loss"].value)
        words = f"before dialysis, less {gain:.1f} kg for the fluid gained in two days"
    weight = float(used.sort("time").tail(12)["value"].median()) - gain  # type: ignore[arg-type]
    return {"dry_weight": weight}, [f"Dry weight is the median of the last charted weights ({words}), {weight:.1f} kg."]


def _parameters(kernel: Kernel, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Traits as parameters of the body; extracellular volume goes with dry weight."""
    known = kernel.values
    parameters = {k: v for k, v in values.items() if k in known}
    parameters["V_dry"] = known["V_dry"] / known["dry_weight"] * values["dry_weight"]
    parameters["V_target"] = parameters["V_dry"]
    return parameters


def _plan_schedule(
    plan: Plan,
    values: Mapping[str, np.ndarray],
    kernel: Kernel,
    *,
    as_at_start: bool = False,
    skin: bool = False,
    seed: int = 0,
) -> Schedule:
    return timetable(
        plan,
        seed=seed,
        skin=skin,
        adherence=values["adherence"],
        dry_weight=values["dry_weight"],
        V_target=_parameters(kernel, values)["V_dry"],
        as_at_start=as_at_start,
    )


def _settled(kernel: Kernel, plan: Plan, values: Mapping[str, np.ndarray], threads: int | None) -> Settled:
    """Members settled under a plan, with the gland quickened so that its mass settles too."""
    own = kernel.values["tau_gland"]
    last = RUN_IN_WEEKS * WEEK
    run = simulate(
        kernel,
        until=last,
        patients=len(values["dry_weight"]),
        parameters={**_parameters(kernel, values), "tau_gland": RUN_IN_GLAND},
        schedule=_plan_schedule(plan, values, kernel, as_at_start=True).set("tau_gland", own, last),
        times=[week * WEEK + _midweek(plan) for week in range(RUN_IN_WEEKS - 4, RUN_IN_WEEKS)],
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    readings = {analyte: run[symbol].mean(axis=1) for analyte, symbol in ANALYTES.items() if symbol in run.values}
    return Settled(run.final, readings)


def _midweek(plan: Plan, week: int = 0) -> float:
    """Start of the middle session of a week, hours after Monday 00:00; Wednesday 08:00 in a plan without sessions."""
    hour = week * WEEK
    starts = sorted(r.start_h for r in sessions(plan) if r.from_h <= hour + r.start_h < r.until_h)
    if not starts:
        starts = sorted(r.start_h for r in sessions(plan)) or [WITHOUT_SESSIONS]
    return starts[(len(starts) - 1) // 2]


def _outcome(
    body: Body,
    kernel: Kernel,
    plan: Plan,
    moment: Moment,
    values: Mapping[str, np.ndarray],
    years: float,
    lesion: str | None,
    seed: int,
    threads: int | None,
) -> PlanOutcome:
    weeks = max(1, math.ceil(years * 365.25 / 7))
    starts, ends = _session_times(plan, weeks)
    weekly = np.array([week * WEEK + _midweek(plan, week) for week in range(weeks)])
    times = np.unique(np.concatenate([starts, ends, weekly, action_hours(plan.actions, weeks * WEEK)]))
    begin = moment.restarted()
    run = simulate(
        kernel,
        until=weeks * WEEK,
        parameters=_plan_free_inputs(kernel, values),
        start=begin,
        schedule=_plan_schedule(plan, values, kernel, skin=True, seed=seed),
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
    before = {name: begin.states[:, kernel.layout.states.index(name)] for name in counted_hazards(body)}
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
    return [f"{str(issue)[0].upper()}{str(issue)[1:]}." for issue in found]


def _no_lesion(plan: Plan, lesion: str | None) -> list[str]:
    """Said of a plan that treats a wound nobody has."""
    sited = [find(action.action).name for action in plan.actions if find(action.action).sited]
    if lesion or not sited:
        return []
    return [f"The plan orders {', '.join(dict.fromkeys(sited))}, and no lesion is given: it acts on whole skin."]


def _plan_free_inputs(kernel: Kernel, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray | np.float64]:
    """Inputs that another plan may have moved, back at the member's own: diet, fluid, volume, kidneys."""
    own = _parameters(kernel, values)
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


def _assumptions(chart: Chart, plan: Plan, charted: Sequence[Level], settled: Steady) -> list[str]:
    said = []
    if not chart.dialysis.on:
        said.append(
            f"The record does not show that the patient is on dialysis ({chart.dialysis.why}); what the plans have is assumed."
        )
    modes = set(chart.sessions["name"].drop_nulls().to_list()) if chart.sessions.height else set()
    if any("peritoneal" in name for name in modes) and not plan.peritoneal_dialysis:
        said.append("The record shows peritoneal dialysis; the patient is simulated without, as the first plan has it.")
    said += [
        f"The charted labs are taken to have been drawn while the patient was settled on the first plan, '{plan.name}', "
        "before the midweek session unless marked otherwise (on Wednesday morning in a plan without sessions).",
        *_kidneys_assumed(plan),
        "Members start each plan settled under the first plan: at the state that repeats itself week by week, deep bone "
        f"held (largest weekly change {np.nanmax(settled.residual):.0e} of a state's size).",
        f"For the estimate, members settle by a run-in of {RUN_IN_WEEKS} weeks in which the parathyroid gland's time constant "
        f"is {RUN_IN_GLAND:g} h, so that its mass settles too.",
        "Every prescribed session takes place in full. Binders and calcium tablets are taken with each member's own "
        "adherence (mean 81%, as in trials), other drugs as prescribed.",
        "Drugs given at each session act as if spread evenly over the week.",
        "Diet, fluid and traits stay as they are for the whole run.",
    ]
    for charted_at_all, words in ((False, "Never charted"), (True, "Charted, but not usably")):
        names = [lv.analyte.replace("_", " ") for lv in charted if not lv.count and bool(lv.left_out) == charted_at_all]
        if names:
            said.append(f"{words}, so carried as uncertain with the spread of the population: {', '.join(names)}.")
    said += [f"{lv.analyte.replace('_', ' ').capitalize()}: {lv.left_out}." for lv in charted if lv.left_out]
    inpatient = [level.analyte for level in charted if level.drawn.startswith("in hospital")]
    if inpatient:
        names = ", ".join(name.replace("_", " ") for name in inpatient)
        said.append(f"Levels rest on draws in hospital, which may differ from stable life outside: {names}.")
    assumed = [v.analyte for v in variations().values() if v.status == "assumed"]
    said.append("Variation from draw to draw is an assumption for " + ", ".join(assumed).replace("_", " ") + ".")
    return said


def _disease_assumed(years_said: str, history: History, lesion: str | None) -> list[str]:
    """How vessels and skin came to be as they are at the start, and what is not simulated of them."""
    said = [
        f"Years on dialysis: {years_said}. Arterioles of the skin (mineral, intima and clots) and the media of large arteries "
        "are carried through them from the body's own state at the start of dialysis, with each version's own tendencies and the "
        "plasma of its settled week.",
        "Tendencies of vessels, clotting and skin are not in the record; they differ between versions as between people.",
    ]
    if lesion is None:
        return [*said, "No lesion begins in the run: its chance is told from the hazard that each version counts."]
    low, middle, high = np.percentile(history.weeks, [5, 50, 95])
    return [
        *said,
        f"A lesion at the {lesion} site is given. Who has one is not an average patient: each version's tendencies of vessels "
        f"and skin are those of one of {CANDIDATES} people with its plasma, drawn in proportion to the hazard of a first lesion.",
        f"The lesion has run for {middle:.0f} weeks ({low:.0f} to {high:.0f}), the time such lesions take to be diagnosed, under "
        "the first plan without its actions; no size is read from the record.",
        "Wound, pain and score are shown as if every version lived to the end; the chance to be alive stands beside them.",
    ]


def _kidneys_assumed(plan: Plan) -> list[str]:
    """What is assumed of kidneys and peritoneum under the first plan."""
    said = []
    if not plan.kidney_function and not plan.transplant:
        said.append("No residual kidney function.")
    if plan.kidney_function:
        said.append(
            "The function of the own kidneys is the first plan's; when the labs were drawn it was not yet being lost."
        )
    if any(item.from_h == 0 for item in plan.transplant):
        said.append("A transplant on day 0 of the first plan is taken to have been there when the labs were drawn.")
    if plan.peritoneal_dialysis:
        said.append("The peritoneum is that of the population: no transport test is read from the record.")
    return said


def _provenance(
    body: Body,
    kernel: Kernel,
    plans: Sequence[Plan],
    years: float,
    members: int,
    seed: int,
    inputs: Mapping[str, Path],
    lesion: str | None,
) -> dict[str, object]:
    import livedo

    return {
        "livedo": livedo.__version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seed": seed,
        "members": members,
        "years": years,
        "lesion": lesion,
        "plans": [plan.name for plan in plans],
        "model_hash": body.model.fingerprint,
        "kernel": kernel.key,
        "tolerance": TOLERANCE,
        "python": platform.python_version(),
        "processor": platform.machine(),
        "inputs": {name: {"path": str(path), "sha256": _sha256(path)} for name, path in inputs.items()},
    }


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        digest.update(str(file.relative_to(path)).encode() if file != path else b"")
        digest.update(file.read_bytes())
    return digest.hexdigest()


__all__ = ["compare"]
