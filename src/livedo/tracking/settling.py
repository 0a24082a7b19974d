"""Members settled under a plan: where their minerals repeat themselves week by week, and the whole body beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from livedo.body import ANALYTES, Body
from livedo.care.orders import sessions
from livedo.care.timetable import timetable
from livedo.engine import Moment, Schedule, simulate
from livedo.tracking.estimate import Settled

if TYPE_CHECKING:
    from livedo.care import Plan
    from livedo.engine import Kernel

WEEK = 168.0
#: Weeks of the run-in, and the gland's time constant in it (h): fast enough for its mass to settle.
RUN_IN_WEEKS = 60
RUN_IN_GLAND = 1500.0
TOLERANCE = 1e-5
#: When the labs of a week are read in a plan without sessions, hours after Monday 00:00.
WITHOUT_SESSIONS = 56.0
WEEKLY = ("P", "Ca_total", "Ca_ionised", "PTH", "ALP", "calcitriol", "weight")


def mineral_observables(body: Body) -> tuple[str, ...]:
    wanted = (*WEEKLY, "albumin_plasma", "HCO3", "vitamin_D", "Quf", "P_removed_hd", "Ca_gained_hd")
    return tuple(s for s in dict.fromkeys((*ANALYTES.values(), *wanted)) if s in body.model.unit_of)


def whole(
    kernel: Kernel,
    lighter: Kernel,
    settled: Moment,
    parameters: Mapping[str, np.ndarray],
    schedule: Schedule,
    threads: int | None,
) -> Moment:
    """The whole body, a week on from where its minerals repeat their week: what stands beside them starts from its own values.

    ``parameters`` are members' own, of what minerals do not read.
    """
    known = {name: settled.parameters[:, i] for i, name in enumerate(lighter.layout.parameters)}
    run = simulate(
        kernel,
        until=WEEK,
        patients=len(settled.states),
        parameters={**known, **parameters},
        start={name: settled.states[:, i] for i, name in enumerate(lighter.layout.states)},
        schedule=schedule,
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    return run.final.restarted()


def body_parameters(kernel: Kernel, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Traits as parameters of the body; extracellular volume goes with dry weight."""
    known = kernel.values
    parameters = {k: v for k, v in values.items() if k in known}
    parameters["V_dry"] = known["V_dry"] / known["dry_weight"] * values["dry_weight"]
    parameters["V_target"] = parameters["V_dry"]
    return parameters


def plan_schedule(
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
        V_target=body_parameters(kernel, values)["V_dry"],
        as_at_start=as_at_start,
    )


def settled_under(kernel: Kernel, plan: Plan, values: Mapping[str, np.ndarray], threads: int | None) -> Settled:
    """Members settled under a plan, with the gland quickened so that its mass settles too."""
    own = kernel.values["tau_gland"]
    last = RUN_IN_WEEKS * WEEK
    run = simulate(
        kernel,
        until=last,
        patients=len(values["dry_weight"]),
        parameters={**body_parameters(kernel, values), "tau_gland": RUN_IN_GLAND},
        schedule=plan_schedule(plan, values, kernel, as_at_start=True).set("tau_gland", own, last),
        times=[week * WEEK + midweek(plan) for week in range(RUN_IN_WEEKS - 4, RUN_IN_WEEKS)],
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    readings = {analyte: run[symbol].mean(axis=1) for analyte, symbol in ANALYTES.items() if symbol in run.values}
    return Settled(run.final, readings)


def midweek(plan: Plan, week: int = 0) -> float:
    """Start of the middle session of a week, hours after Monday 00:00; Wednesday 08:00 in a plan without sessions."""
    hour = week * WEEK
    starts = sorted(r.start_h for r in sessions(plan) if r.from_h <= hour + r.start_h < r.until_h)
    if not starts:
        starts = sorted(r.start_h for r in sessions(plan)) or [WITHOUT_SESSIONS]
    return starts[(len(starts) - 1) // 2]
