"""People with a lesion, made once: years of dialysis, onset drawn from hazards, the weeks to diagnosis, and then care.

Everyone starts from the settled dialysis patients of the context. Nothing of the lesion is set: wounds, pain and survival
follow from vessels, flow and oxygen. After the diagnosis each plan is carried out on the same people with the same luck.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livedo.body import haemodialysis
from livedo.care.actions import carry_out, read_for_refusals
from livedo.care.plan import Action
from livedo.engine import Moment, Schedule, cache, simulate
from livedo.evidence.context import SEED, WEEK, Context
from livedo.skin import lesions, outcomes, score

if TYPE_CHECKING:
    from livedo.engine import Kernel

#: People with a lesion, full and quick; years of dialysis lived through, and the length of a stretch of them.
PEOPLE, YEARS, STRETCH = (384, 128), 6.0, 0.5
#: Tolerance of runs that read vessels, skin and wound, which change over days.
LOOSE = 1e-3
#: What those who are diagnosed have from then on: dressings by a wound service, and opioids (assumption).
BACKGROUND = ({"action": "wound care"}, {"action": "opioid", "dose": "60 mg/day"})
MORE = ("Ca_total", "PTH", "P")


@dataclass(frozen=True)
class Diagnosed:
    """People alive at the diagnosis of a lesion.

    ``site`` numbers the worst site, ``weeks`` are those since onset, ``born`` the onset's number of each; shape (people,).
    """

    moment: Moment
    site: np.ndarray
    weeks: np.ndarray
    born: np.ndarray
    incidence: float

    def __len__(self) -> int:
        return len(self.site)

    def chosen(self, people: np.ndarray) -> Diagnosed:
        """Some of them: a mask or numbers."""
        who = np.flatnonzero(people) if people.dtype == bool else people
        parts = {k: getattr(self, k)[who] for k in ("site", "weeks", "born")}
        return replace(self, moment=self.moment.chosen(who), **parts)


@dataclass(frozen=True)
class Followed:
    """A course after diagnosis: observables of shape (people, weeks + 1), and what came of it."""

    who: Diagnosed
    times: np.ndarray
    values: Mapping[str, np.ndarray]
    fate: outcomes.Outcomes

    def lesion(self, week: int) -> np.ndarray:
        """Eschar and open wound over all sites after some weeks, cm2."""
        return sum(self.values[f"{n}_{s}"][:, week] for n in ("eschar", "wound_area") for s in _sites())  # type: ignore[return-value]

    def alive(self, week: float) -> np.ndarray:
        """Who lives after some weeks."""
        return self.fate.alive(week * WEEK)


def _sites() -> tuple[str, ...]:
    from livedo.body import load_body

    return load_body().sites


def kernel(ctx: Context) -> Kernel:
    """Machine code with what lesions are read for."""
    body = ctx.body

    def make() -> Kernel:
        chamber = tuple(f"{n}_{s}" for n in ("dissolved_PO2", "TcPO2", "ischaemic_share") for s in body.sites)
        granted = tuple(f"{n}_{s}" for n in ("graft_take_chance", "graft_would_take") for s in body.sites)
        wanted = (*score.observed(body), *outcomes.READ, *read_for_refusals(body), *chamber, *granted, *MORE)
        return body.kernel(tuple(dict.fromkeys(wanted)))

    return ctx.once("lesion kernel", make)


def course(ctx: Context) -> lesions.Course:
    """Years of dialysis of the context's people, with the hazard of a first lesion at each site."""

    def make() -> lesions.Course:
        key = "course-" + cache.key_of(
            ctx.people_key, kernel(ctx).key, Path(lesions.__file__).read_bytes(), f"{YEARS} {STRETCH}"
        )
        stored = cache.read(key)
        if stored is not None:
            return pickle.loads(stored)
        found = lesions.course(
            ctx.body,
            kernel(ctx),
            ctx.few(ctx.dialysis).moment,
            haemodialysis(skin=True),
            years=YEARS,
            stretch=STRETCH,
            tolerance=LOOSE,
            threads=ctx.threads,
        )
        cache.write(key, pickle.dumps(found))
        return found

    return ctx.once("lesion course", make)


def onset(ctx: Context) -> lesions.Onset:
    """People in the hour their first lesion begins."""
    people = PEOPLE[ctx.quick]
    return ctx.once("onset", lambda: lesions.onsets(ctx.body, kernel(ctx), course(ctx), people, seed=SEED))


def from_onset(ctx: Context, weeks: int = 52) -> Followed:
    """Everyone from onset on, without a diagnosis."""

    def make() -> Followed:
        begin = onset(ctx)
        whole = np.arange(len(begin))
        start = Diagnosed(begin.moment, begin.site, np.zeros(len(begin)), whole, begin.incidence)
        return _follow(ctx, start, (), weeks, {})

    return ctx.once(("from onset", weeks), make)


def diagnosed(ctx: Context) -> Diagnosed:
    """Those alive at diagnosis; weeks from onset are drawn (9, 6 to 16), the state is what has come of the lesion by then."""

    def make() -> Diagnosed:
        begin = onset(ctx)
        hours = lesions.until_diagnosis(len(begin), seed=SEED)
        fate = from_onset(ctx).fate
        weeks = np.round(hours / WEEK).astype(int)
        schedule = haemodialysis(skin=True)
        parts, at, left, here = [], 0, np.arange(len(begin)), begin.moment
        for week in np.unique(weeks):
            run = _run(ctx, here, (week - at) * WEEK, schedule, (), {})
            due = weeks[left] == week
            parts.append((left[due], run.final.restarted(0.0).chosen(np.flatnonzero(due))))
            here, left, at = run.final.restarted(0.0).chosen(np.flatnonzero(~due)), left[~due], int(week)
        order = np.concatenate([p[0] for p in parts])
        names = ("states", "parameters", "control")
        joined = {n: np.concatenate([getattr(p[1], n) for p in parts])[np.argsort(order)] for n in names}
        moment = replace(begin.moment, **joined)
        everyone = Diagnosed(moment, begin.site, weeks.astype(float), np.arange(len(begin)), begin.incidence)
        return everyone.chosen(fate.died > hours)

    return ctx.once("diagnosed", make)


def actions_of(*planned: Mapping[str, Any]) -> tuple[Action, ...]:
    """Actions from what a plan would say of each."""
    return tuple(Action.model_validate(dict(a)) for a in planned)


def followed(
    ctx: Context,
    *planned: Mapping[str, Any],
    weeks: int = 52,
    background: Sequence[Mapping[str, Any]] = BACKGROUND,
    who: Diagnosed | None = None,
    name: str = "",
    **parameters: Any,
) -> Followed:
    """The diagnosed under background care and some actions; ``name`` tells a chosen group apart, parameters are changed ones."""
    key = ("followed", repr(planned), repr(tuple(background)), weeks, name, repr(sorted(parameters.items())))
    start = who if who is not None else diagnosed(ctx)
    return ctx.once(key, lambda: _follow(ctx, start, actions_of(*background, *planned), weeks, parameters))


def _run(
    ctx: Context, start: Moment, until: float, schedule: Schedule, times: Any, parameters: Mapping[str, Any]
) -> Any:
    return simulate(
        kernel(ctx),
        until=until,
        start=start,
        schedule=schedule,
        times=times,
        parameters=parameters,
        tolerance=LOOSE,
        threads=ctx.threads,
        chunk=64,
    )


def _follow(
    ctx: Context, start: Diagnosed, planned: Sequence[Action], weeks: int, parameters: Mapping[str, Any]
) -> Followed:
    schedule = haemodialysis(skin=True) + carry_out(planned, people=start.born, seed=SEED, body=ctx.body)
    times = np.arange(weeks + 1) * WEEK
    run = _run(ctx, start.moment.restarted(0.0), times[-1], schedule, times, parameters)
    fate = outcomes.outcomes(run.values, times, seed=SEED, people=start.born)
    return Followed(start, times, run.values, fate)
