"""People at the onset of a lesion, made from the course of their vessels.

Dialysis patients live through years in which their arterioles calcify, narrow and clot as the body has it. At each site the
body counts the hazard of a first lesion. Who has one, where and when is drawn from those hazards: the chance that it comes in
a stretch of time, and has not come before. Nothing of the lesion itself is given: it grows from the state its owner is in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from livedo.engine import Moment, Schedule, at_place, simulate
from livedo.engine.randomness import normal, uniform
from livedo.errors import InputError
from livedo.patients.vintage import still_on_dialysis
from livedo.skin.outcomes import draw

if TYPE_CHECKING:
    from livedo.body import Body
    from livedo.engine import Kernel, Trajectory

WEEK = 168.0
YEAR = 52 * WEEK
#: Weeks from the first symptom to diagnosis: median, and standard deviation of the logarithm from the quartiles 6 and 16;
#: Dutta 2019 (VS081 of the evidence).
DIAGNOSIS_WEEKS = 9.0
DIAGNOSIS_SPREAD = float(np.log(16.0 / 6.0)) / 1.349


@dataclass(frozen=True)
class Onset:
    """People in the hour their first lesion begins.

    Attributes
    ----------
    moment:
        Their state; the lesion begins when a run from here looks for lesions (:attr:`livedo.body.Body.onsets_held`).
    site:
        Site of each first lesion, as a number among the body's sites, shape (people,).
    years:
        Years lived since the start of the course, shape (people,).
    source:
        Who of the people the course was run on, shape (people,); one person may stand more than once.
    incidence:
        First lesions per patient-year in the whole course, counted from the hazards.
    """

    moment: Moment
    site: np.ndarray
    years: np.ndarray
    source: np.ndarray
    incidence: float

    def __len__(self) -> int:
        return len(self.site)

    def chosen(self, people: np.ndarray) -> Onset:
        """Some of them, by number."""
        return replace(
            self,
            moment=self.moment.chosen(people),
            site=self.site[people],
            years=self.years[people],
            source=self.source[people],
        )


@dataclass(frozen=True)
class Course:
    """Years of people's lives: the state at the start of each stretch, and the hazard of a first lesion within it.

    ``hazard`` has shape (people, sites, stretches) and ``moments`` one entry a stretch; ``alive``, shape (people, stretches), is
    the chance to be on dialysis still at the start of each.
    """

    moments: tuple[Moment, ...]
    hazard: np.ndarray
    alive: np.ndarray
    hours: float

    @property
    def first(self) -> np.ndarray:
        """Chance of a first lesion in each stretch, shape (people, stretches): who had one or left dialysis before is gone."""
        return self._at_risk * -np.expm1(-self._total)

    @property
    def incidence(self) -> float:
        """First lesions per patient-year, counted from the hazards."""
        return float(self.first.sum() / (self._at_risk * self.hours / YEAR).sum())

    @property
    def _total(self) -> np.ndarray:
        return np.nan_to_num(self.hazard).sum(axis=1)

    @property
    def _at_risk(self) -> np.ndarray:
        return self.alive * np.exp(-(np.cumsum(self._total, axis=1) - self._total))


def course(
    body: Body,
    kernel: Kernel,
    start: Moment,
    schedule: Schedule,
    *,
    years: float,
    stretch: float = 0.5,
    tolerance: float = 1e-4,
    threads: int | None = None,
) -> Course:
    """Carry people through years under a schedule that reads the perfusion of their skin (no lesion begins).

    Parameters
    ----------
    start:
        Where they are now; their onset draws are set out of reach.
    stretch:
        Length of a stretch, years, rounded to weeks.
    """
    hours = max(1, round(stretch * YEAR / WEEK)) * WEEK
    free = {at_place("onset_draw", s): np.inf for s in body.sites}
    hazards = [at_place("onset_hazard", s) for s in body.sites]
    rows = [kernel.layout.states.index(h) for h in hazards]
    moments, found = [], []
    here = start.restarted(0.0)
    for _ in range(max(1, round(years * YEAR / hours))):
        moments.append(here)
        run = simulate(
            kernel,
            until=hours,
            start=here,
            parameters=free,
            schedule=schedule,
            tolerance=tolerance,
            threads=threads,
            chunk=64,
        )
        found.append(run.final.states[:, rows] - here.states[:, rows])
        here = run.final.restarted(0.0)
    left = still_on_dialysis(np.arange(len(moments)) * hours / YEAR)
    return Course(
        tuple(moments), np.stack(found, axis=2), np.broadcast_to(left, (len(start.states), len(moments))), hours
    )


def onsets(body: Body, kernel: Kernel, lived: Course, people: int, *, seed: int) -> Onset:
    """Draw people at the onset of their first lesion from a course.

    Parameters
    ----------
    people:
        How many; drawn systematically, so that the draw of another number changes little else.
    seed:
        Of the draws.

    Raises
    ------
    InputError
        If no one in the course has a chance of a lesion.
    """
    chance = lived.first
    if not chance.sum() > 0:
        raise InputError("no one in this course has a chance of a lesion", field="hazard", value=float(chance.sum()))
    edges = np.cumsum(chance.ravel()) / chance.sum()
    points = (np.arange(people) + uniform(seed, "onset/offset", np.zeros(1, dtype=int))) / people
    # in an order that mixes the strata, so that any part of the people is like the whole
    points = points[np.argsort(uniform(seed, "onset/order", np.arange(people)))]
    cell = np.minimum(np.searchsorted(edges, points), chance.size - 1)
    who, stretch = np.unravel_index(cell, chance.shape)
    shares = np.cumsum(np.nan_to_num(lived.hazard)[who, :, stretch], axis=1)
    luck = uniform(seed, "onset/site", np.arange(people)) * shares[:, -1]
    site = np.minimum((luck[:, None] > shares).sum(axis=1), len(body.sites) - 1)
    parts = [lived.moments[k].chosen(np.array([i])) for i, k in zip(who, stretch, strict=True)]
    moment = _joined(parts)
    parameters = moment.parameters.copy()
    for number, name in enumerate(body.sites):
        column = kernel.layout.parameters.index(at_place("onset_draw", name))
        again = kernel.layout.parameters.index(at_place("relapse_draw", name))
        parameters[:, again] = draw(seed, f"relapse/{name}", np.arange(people))
        passed = moment.states[:, kernel.layout.states.index(at_place("onset_hazard", name))]
        later = passed + draw(seed, f"onset/{name}", np.arange(people))
        parameters[:, column] = np.where(site == number, passed, later)
    states, row = moment.states.copy(), kernel.layout.states.index
    for name in body.sites:
        # what is told of the lesion is counted from its onset
        states[:, row(at_place("healed", name))] = 0.0
    moment = replace(moment, parameters=parameters, states=states)
    return Onset(moment, site, stretch * lived.hours / YEAR, who, lived.incidence)


def _joined(parts: list[Moment]) -> Moment:
    first = parts[0]
    rows = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("states", "parameters", "control")}
    return replace(first, **rows)


def until_diagnosis(people: int, *, seed: int) -> np.ndarray:
    """Hours from the first symptom to diagnosis, lognormal, rounded to whole weeks, shape (people,)."""
    weeks = DIAGNOSIS_WEEKS * np.exp(DIAGNOSIS_SPREAD * normal(seed, "onset/diagnosis", np.arange(people)))
    return np.clip(np.round(weeks), 1.0, 52.0) * WEEK


def to_own_week(
    start: Moment, weeks: np.ndarray, carry: Callable[[Moment, np.ndarray, np.ndarray], Trajectory]
) -> tuple[Moment, dict[str, np.ndarray]]:
    """Carry everyone for an own number of weeks.

    Parameters
    ----------
    weeks:
        Whole weeks of each, at least one, shape (people,).
    carry:
        Runs some of the people from a moment, by number, and samples them at times (h), the last of which is its end.

    Returns
    -------
    moment, observables
        Everyone's state at the end, and name -> shape (people, most weeks + 1), NaN after each one's end.
    """
    people, told = np.arange(len(weeks)), {}
    at, here, ends = 0, start, []
    for week in np.unique(weeks):
        run = carry(here, people, np.arange(week - at + 1) * WEEK)
        for name, values in run.values.items():
            told.setdefault(name, np.full((len(weeks), weeks.max() + 1), np.nan))[people, at : week + 1] = values
        due, end = weeks[people] == week, run.final.restarted(0.0)
        ends.append((people[due], end.chosen(np.flatnonzero(due))))
        here, people, at = end.chosen(np.flatnonzero(~due)), people[~due], int(week)
    order = np.argsort(np.concatenate([who for who, _ in ends]))
    return _joined([moment for _, moment in ends]).chosen(order), told


def worst_site(body: Body, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The site with the largest area of plaque, eschar and open wound; shape of the values."""
    areas = [sum(values[at_place(n, s)] for n in ("plaque", "eschar", "wound_area")) for s in body.sites]
    return np.argmax(np.stack(areas), axis=0)
