"""Where vessels and skin are when the plans start: years of dialysis lived through and, if one is given, a lesion at a site.

A record says nothing of arterioles. Each member's own plasma is held as it is in his settled week while the organs of vessels and
skin run alone through his years on dialysis. Who has a lesion at a site is not an average patient: of several people who share
the member's plasma and differ in what vessels and skin make of it, one is drawn in proportion to the hazard of a first lesion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from livedo.engine import Moment, Schedule, at_place, compile_model, simulate
from livedo.engine.export import organs_of
from livedo.engine.randomness import uniform
from livedo.patients.vintage import LONGEST, MEAN_YEARS, years_drawn
from livedo.skin import to_own_week, until_diagnosis
from livedo.skin.outcomes import draw
from livedo.tracking.wound import WEEKS_SEARCHED, weeks_of_size

if TYPE_CHECKING:
    from livedo.body import Body
    from livedo.engine import Kernel, Trajectory
    from livedo.records.chart import Chart

WEEK = 168.0
YEAR = 8766.0
#: Organs that run alone, and those of them whose states are carried over.
ORGANS = ("arteries", "arterioles", "perfusion", "skin")
CARRIED = ("arteries", "arterioles")
#: Sessions recorded over less than this do not tell when dialysis began, years (assumption).
TOLD = 0.25
#: People drawn for each member when a lesion is given; and the first of their numbers, clear of the members'.
CANDIDATES, FIRST_CANDIDATE = 16, 1_000_000
#: Samples of the week that is averaged, hours apart, and the tolerance of runs of vessels and skin.
EVERY, TOLERANCE = 2.0, 1e-4


@dataclass(frozen=True)
class History:
    """Members at the start of the plans.

    ``moment`` is their state, ``years`` those on dialysis before the plans (or before the lesion), ``traits`` the traits of
    vessels and skin that the past leaves them with, ``weeks`` those from the lesion's onset to the start (zero without one);
    shape (members,).
    """

    moment: Moment
    years: np.ndarray
    traits: Mapping[str, np.ndarray]
    weeks: np.ndarray


def read_for_history(body: Body, known: Mapping[str, float]) -> tuple[str, ...]:
    """Observables of the whole body that the organs that run alone read."""
    return tuple(n for n in organs_of(body.model, ORGANS, "vessels").parameters if n not in known)


def years_on_dialysis(chart: Chart, members: int, seed: int) -> tuple[np.ndarray, str]:
    """Years on dialysis of each member, shape (members,), and how they were found, in words."""
    recorded = 0.0
    if chart.sessions.height and chart.observations.height:
        last = max(chart.observations["time"].max(), chart.sessions["time"].max())  # type: ignore[type-var]
        recorded = (last - chart.sessions["time"].min()).total_seconds() / 3600.0 / YEAR  # type: ignore[operator]
    if recorded >= TOLD:
        found = min(recorded, LONGEST)
        capped = f", taken as {LONGEST:g}" if recorded > LONGEST else ""
        return np.full(
            members, found
        ), f"{recorded:.1f} years, from the first recorded session to the last entry{capped}"
    return years_drawn(seed, "history/years", np.arange(members)), (
        f"not in the record, so drawn for each version (exponential, mean {MEAN_YEARS:g} years, at most {LONGEST:g})"
    )


def lived(
    body: Body,
    kernel: Kernel,
    settled: Moment,
    schedule: Schedule,
    people: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    years: np.ndarray,
    *,
    seed: int,
    lesion: str | None = None,
    begun: bool = True,
    area: float | None = None,
    threads: int | None = None,
) -> History:
    """Carry vessels through the years before the plans, and let a lesion begin if one is given.

    Each member is the first of some candidates with his plasma whom those years have spared a lesion, himself before others;
    or, if a lesion is given, one of those, by hazard.

    Parameters
    ----------
    settled:
        Members in their settled week.
    schedule:
        That week, repeated, with perfusion of the skin read.
    people:
        Draws the traits of people, by number, from among whom the owner of a given lesion comes.
    years:
        Years on dialysis, shape (members,).
    lesion:
        A site; it begins under ``schedule``, and runs for as many weeks as such lesions take to be diagnosed.
    begun:
        Whether it has begun before the plans; if not, members are those who get one, with whole skin.
    area:
        Its eschar and open wound when the plans start, cm2, if the record tells.
    """
    members = len(settled.states)
    alone, parameters = _fed(body, kernel, settled, schedule, threads)
    own = [p.name for p in body.traits if p.organ in ORGANS and p.name in alone.layout.parameters]
    copies, first = CANDIDATES, np.arange(members) * CANDIDATES
    values = {name: np.repeat(v, copies) for name, v in parameters.items()}
    drawn = people(FIRST_CANDIDATE + np.arange(members * copies))
    himself = np.zeros(members * copies, dtype=bool)
    himself[first] = lesion is None
    values |= {name: np.where(himself, values[name], drawn[name]) for name in own if name in drawn}
    held = {i: o for i, o in body.skin_held.items() if i in alone.layout.parameters}
    at = np.maximum(np.repeat(years, copies) * YEAR, 1.0)[:, None]
    run = simulate(
        alone,
        until=float(at.max()),
        patients=members * copies,
        parameters=values,
        schedule=Schedule().hold_all(held, 0.0, every=4 * WEEK),
        times=at,
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    passed = np.sum([run[at_place("onset_hazard", s)][:, 0] for s in body.sites], axis=0)
    free = np.exp(-np.nan_to_num(passed, posinf=np.inf)).reshape(members, copies)
    if lesion:
        hazard = np.nan_to_num(run[at_place("onset_drive", lesion)][:, 0]).reshape(members, copies)
        share = np.cumsum(hazard * free, axis=1)
        luck = uniform(seed, "history/candidate", np.arange(members)) * share[:, -1]
        which = np.minimum((luck[:, None] > share).sum(axis=1), copies - 1)
    else:
        spared = uniform(seed, "history/spared", np.arange(members * copies)).reshape(members, copies) < free
        which = np.where(spared.any(axis=1), spared.argmax(axis=1), free.argmax(axis=1))
    chosen = first + which
    changed = {name: values[name][chosen] for name in own}
    states, inputs = settled.states.copy(), settled.parameters.copy()
    for name in _carried(body):
        states[:, kernel.layout.states.index(name)] = run[name][chosen, 0]
    for name, trait in changed.items():
        inputs[:, kernel.layout.parameters.index(name)] = trait
    if lesion:
        again = kernel.layout.parameters.index(at_place("relapse_draw", lesion))
        inputs[:, again] = draw(seed, f"relapse/{lesion}", np.arange(members))
    moment = replace(settled, states=states, parameters=inputs)
    if lesion is None or not begun:
        return History(moment, years, changed, np.zeros(members))
    inputs[:, kernel.layout.parameters.index(at_place("onset_draw", lesion))] = 0.0
    if area is None:
        weeks = np.round(until_diagnosis(members, seed=seed) / WEEK).astype(int)
    else:
        weeks = weeks_of_size(_sizes(kernel, moment, schedule, lesion, threads), area, seed)
    return History(_until(kernel, moment, schedule, weeks, threads), years, changed, weeks.astype(float))


def _carried(body: Body) -> tuple[str, ...]:
    """States of vessels."""
    return tuple(s for s in body.model.states if body.model.owner[s] in CARRIED)


def _fed(
    body: Body, kernel: Kernel, settled: Moment, schedule: Schedule, threads: int | None
) -> tuple[Kernel, dict[str, np.ndarray]]:
    """The organs that run alone, and their parameters: members' own, and the means over the settled week of what others own."""
    hazards = [at_place(name, s) for name in ("onset_drive", "onset_hazard") for s in body.sites]
    organs = organs_of(body.model, ORGANS, "vessels")
    alone = compile_model(organs, (*_carried(body), *hazards, *body.skin_held.values()))
    week = simulate(
        kernel,
        until=WEEK,
        start=settled,
        schedule=schedule,
        times=np.arange(0.0, WEEK, EVERY),
        tolerance=TOLERANCE,
        threads=threads,
        chunk=64,
    )
    known = kernel.layout.parameters
    found = {
        name: week.final.parameters[:, known.index(name)] if name in known else week[name].mean(axis=1)
        for name in alone.layout.parameters
    }
    return alone, found


def _sizes(kernel: Kernel, moment: Moment, schedule: Schedule, lesion: str, threads: int | None) -> np.ndarray:
    """Eschar and open wound of a site week by week from onset, cm2, shape (members, weeks)."""
    run = simulate(
        kernel,
        until=WEEKS_SEARCHED * WEEK,
        start=moment.restarted(),
        schedule=schedule,
        times=WEEK * (1 + np.arange(WEEKS_SEARCHED)),
        tolerance=TOLERANCE,
        threads=threads,
        chunk=32,
    )
    return run[at_place("eschar", lesion)] + run[at_place("wound_area", lesion)]


def _until(kernel: Kernel, moment: Moment, schedule: Schedule, weeks: np.ndarray, threads: int | None) -> Moment:
    """Members after their own number of weeks."""

    def carry(here: Moment, people: np.ndarray, times: np.ndarray) -> Trajectory:
        return simulate(
            kernel,
            until=times[-1],
            start=here,
            schedule=schedule.chosen(people),
            times=times,
            tolerance=TOLERANCE,
            threads=threads,
            chunk=32,
        )

    return to_own_week(moment.restarted(), weeks, carry)[0]
