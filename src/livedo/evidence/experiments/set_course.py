"""Lesions under many sets of parameters at once: vessels by their organ alone, then onset, diagnosis and course.

Dialysis patients are those of :mod:`lesion_cohort`. Under each set their arterioles run alone for the years each has been on
dialysis; two weeks of sessions then give the hazard of a first lesion at each site, and people at onset are drawn by it. Each
is diagnosed some weeks later. All sets go side by side in the engine's lanes, with the same people and luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from livedo.body import haemodialysis
from livedo.care.actions import carry_out
from livedo.engine import Kernel, Moment, at_place, compile_model, simulate
from livedo.engine.export import organs_of
from livedo.engine.randomness import uniform
from livedo.evidence.context import SEED, WEEK, Context
from livedo.evidence.experiments.lesion_cohort import BACKGROUND, ORGANS, actions_of, dialysed
from livedo.evidence.experiments.lesion_cohort import kernel as lesion_kernel
from livedo.evidence.experiments.organ_run import organ_kernel, run_organ
from livedo.evidence.experiments.small_vessels import IN_SECTION, STATES, YEAR, vintages
from livedo.evidence.lesion_sets import LesionSet
from livedo.skin.lesions import to_own_week, until_diagnosis
from livedo.skin.outcomes import draw

#: Dialysis patients whose vessels run under each set, at most; tolerance.
PEOPLE, LOOSE = 1024, 1e-3
#: What is read of arterioles.
VESSELS = ("mineral_young", "mineral_ripe", "intimal_loss", "thrombosed_share", "calcium_seen", "interstitial_mineral")


@dataclass(frozen=True)
class Vessels:
    """Everyone's arterioles under every set: name -> shape (sets, people)."""

    sets: tuple[LesionSet, ...]
    values: Mapping[str, np.ndarray]

    @property
    def thrombus_seen(self) -> np.ndarray:
        """Chance that a section of skin holds a thrombosed arteriole, shape (sets, people)."""
        return 1 - (1 - self.values["thrombosed_share"]) ** IN_SECTION


@dataclass(frozen=True)
class Hazard:
    """People after two weeks of sessions, set by set, and the hazard of a first lesion at each site.

    ``rate`` is per hour, shape (sets, people, sites); ``free``, shape (sets, people), is the
    chance of having had no lesion so far.
    """

    vessels: Vessels
    moment: Moment
    rate: np.ndarray
    free: np.ndarray

    @property
    def incidence(self) -> np.ndarray:
        """First lesions per 1000 patient-years of the coming year under each set, shape (sets,): who falls ill leaves."""
        year = YEAR * self.rate.sum(axis=2)
        ill = -np.expm1(-year)
        at_risk = np.where(year > 1e-9, ill / np.maximum(year, 1e-9), 1.0)
        return 1000 * (self.free * ill).sum(axis=1) / (self.free * at_risk).sum(axis=1)


@dataclass(frozen=True)
class Ill:
    """So many people of every set at diagnosis, set by set, drawn from those at risk, with the weeks since onset.

    ``of_set``, ``site``, ``source`` (who of the dialysis patients each is) and ``weeks`` (from onset to diagnosis) have shape
    (sets x people,); ``since`` is observable -> shape (sets x people, most weeks + 1), NaN after the diagnosis.
    """

    sets: tuple[LesionSet, ...]
    at_risk: Hazard
    moment: Moment
    of_set: np.ndarray
    site: np.ndarray
    source: np.ndarray
    weeks: np.ndarray
    since: Mapping[str, np.ndarray]

    def by_set(self, values: np.ndarray) -> np.ndarray:
        """Shape (sets, people) from shape (sets x people,)."""
        return values.reshape(len(self.sets), -1)


def kernel(ctx: Context) -> Kernel:
    """Machine code of the organs that run alone, with the parts of the hazards of death."""

    def make() -> Kernel:
        usual = lesion_kernel(ctx).layout.observables
        parts = [at_place(n, s) for n in ("burden", "sepsis_burden") for s in ctx.body.sites]
        wanted = (*usual, "wound_burden", *parts, *_fed(ctx))
        return compile_model(organs_of(ctx.body.model, ORGANS, "lesion"), tuple(dict.fromkeys(wanted)))

    return ctx.once("set kernel", make)


def _vessel_kernel(ctx: Context) -> Kernel:
    return organ_kernel(ctx, "arterioles", VESSELS)


def _fed(ctx: Context) -> tuple[str, ...]:
    """What arterioles read from other organs that run."""
    given = lesion_kernel(ctx).layout.parameters
    return tuple(n for n in _vessel_kernel(ctx).layout.parameters if n not in given)


def read_by_arterioles(ctx: Context) -> Mapping[str, np.ndarray]:
    """What arterioles of everyone on dialysis read: name -> shape (people,)."""
    return _everyone(ctx)[1]


def _everyone(ctx: Context) -> tuple[Moment, dict[str, np.ndarray]]:
    """The people of every set on dialysis, without a lesion, and what their arterioles read, shape (people,)."""

    def make() -> tuple[Moment, dict[str, np.ndarray]]:
        own, mine = lesion_kernel(ctx).layout, kernel(ctx).layout
        people = np.arange(min(PEOPLE, len(dialysed(ctx))))
        moment = dialysed(ctx).moment.chosen(people)
        states = moment.states[:, [own.states.index(n) for n in mine.states]]
        parameters = moment.parameters[:, [own.parameters.index(n) for n in mine.parameters]]
        moment = replace(moment, states=states, parameters=parameters).restarted(0.0)
        week = _run(ctx, moment, 2 * WEEK, WEEK + np.arange(0.0, WEEK, 4.0), out_of_reach=True)
        read = {n: week[n].mean(axis=1) for n in _fed(ctx)}
        columns = {n: moment.parameters[:, i] for i, n in enumerate(mine.parameters)}
        needed = _vessel_kernel(ctx).layout.parameters
        return moment, read | {n: columns[n] for n in needed if n in columns}

    return ctx.once("set people", make)


def values_of(ctx: Context, one: LesionSet) -> dict[str, float]:
    """Parameters of a set with the weights of its structure."""
    return {**ctx.body.settings[f"structure_{one.structure}"], **one.values}


def moved(ctx: Context, names: Sequence[str], parameters: np.ndarray, one: LesionSet) -> np.ndarray:
    """People's parameters, shape (people, names), under a set, which moves the centre of what differs between them."""
    found = parameters.copy()
    for name, value in values_of(ctx, one).items():
        if name in names:
            own, column = ctx.body.parameters.get(name), names.index(name)
            if own is not None and own.spread:
                found[:, column] *= value / own.value
            else:
                found[:, column] = value
    return found


def vessels(ctx: Context, sets: Sequence[LesionSet], share: float = 1.0, **changed: Any) -> Vessels:
    """Arterioles of everyone after a share of the years each has been on dialysis; ``changed``: shape (people,), or a number."""
    _, read = _everyone(ctx)
    people, many = len(read["wall_propensity"]), len(sets)
    known = _vessel_kernel(ctx).layout.parameters
    given = {n: v for n, v in {**read, **changed}.items() if n in known}
    values = {n: np.tile(np.broadcast_to(v, (people,)), many) for n, v in given.items()}
    for name in values.keys() & {n for s in sets for n in values_of(ctx, s)}:
        own = np.asarray(ctx.body.parameters[name].value)
        values[name] = np.repeat([values_of(ctx, s).get(name, float(own)) for s in sets], people)
    at = np.tile(np.maximum(share * vintages(people) * YEAR, 1.0), many)[:, None]
    run = run_organ(_vessel_kernel(ctx), values, at, people * many)
    return Vessels(tuple(sets), {n: run[n][:, 0].reshape(many, people) for n in VESSELS})


def hazard(ctx: Context, sets: Sequence[LesionSet], **changed: Any) -> Hazard:
    """Hazard of a first lesion of everyone under every set; ``changed`` is what the arterioles read otherwise.

    The years before are told by the hazard at half of them.
    """
    (_, _, halfway), (found, moment, rate) = (
        _hazard(ctx, sets, vessels(ctx, sets, s, **changed), changed) for s in (0.5, 1.0)
    )
    years = YEAR * vintages(rate.shape[1])
    return Hazard(found, moment, rate, np.exp(-years * halfway.sum(axis=2)))


def _hazard(
    ctx: Context, sets: Sequence[LesionSet], found: Vessels, changed: Mapping[str, Any]
) -> tuple[Vessels, Moment, np.ndarray]:
    """People with these vessels after two weeks of sessions, and their hazards, shape (sets, people, sites)."""
    layout = kernel(ctx).layout
    moment, _ = _everyone(ctx)
    people = len(moment.states)
    everyone = moment.chosen(np.tile(np.arange(people), len(sets)))
    states, parameters = everyone.states.copy(), everyone.parameters.copy()
    for name in STATES:
        states[:, layout.states.index(name)] = found.values[name].ravel()
    for name, value in changed.items():
        if name in layout.parameters:
            parameters[:, layout.parameters.index(name)] = np.tile(np.broadcast_to(value, (people,)), len(sets))
    for number, one in enumerate(sets):
        mine = slice(number * people, (number + 1) * people)
        parameters[mine] = moved(ctx, layout.parameters, parameters[mine], one)
    start = replace(everyone, states=states, parameters=parameters)
    middle = _run(ctx, start, WEEK, [], out_of_reach=True)
    run = _run(ctx, middle.final, 2 * WEEK, [], out_of_reach=True)
    rows = [layout.states.index(at_place("onset_hazard", s)) for s in ctx.body.sites]
    rate = (run.final.states[:, rows] - middle.final.states[:, rows]) / WEEK
    return found, run.final, np.nan_to_num(rate).reshape(len(sets), people, -1)


def ill(ctx: Context, sets: Sequence[LesionSet], each: int, at_risk: Hazard | None = None) -> Ill:
    """``each`` people of every set at diagnosis, drawn by hazard from those without a lesion, with the same luck in all sets."""
    at_risk = at_risk or hazard(ctx, sets)
    layout, sites = kernel(ctx).layout, ctx.body.sites
    many, people = at_risk.rate.shape[:2]
    points = (np.arange(each) + uniform(SEED, "sets/offset", np.zeros(1, dtype=int))) / each
    edges = np.cumsum((at_risk.free[:, :, None] * at_risk.rate).reshape(many, -1), axis=1)
    cells = np.stack([np.searchsorted(e / e[-1], points) for e in edges])
    who, site = np.divmod(np.minimum(cells, people * len(sites) - 1), len(sites))
    rows = (np.arange(many)[:, None] * people + who).ravel()
    of_set, site = np.repeat(np.arange(many), each), site.ravel()
    moment = at_risk.moment.chosen(rows).restarted(0.0)
    parameters, born = moment.parameters.copy(), np.tile(np.arange(each), many)
    for number, name in enumerate(sites):
        passed = moment.states[:, layout.states.index(at_place("onset_hazard", name))]
        later = passed + draw(SEED, f"onset/{name}", born)
        parameters[:, layout.parameters.index(at_place("onset_draw", name))] = np.where(site == number, passed, later)
        parameters[:, layout.parameters.index(at_place("relapse_draw", name))] = draw(SEED, f"relapse/{name}", born)
    moment = replace(moment, parameters=parameters)
    weeks = np.tile(np.round(until_diagnosis(each, seed=SEED) / WEEK).astype(int), many)
    moment, since = to_own_week(moment, weeks, lambda here, _, times: _run(ctx, here, float(times[-1]), times))
    return Ill(tuple(sets), at_risk, moment, of_set, site, who.ravel(), weeks, since)


def from_onset(who: Ill, run: Mapping[str, np.ndarray], weeks: int) -> dict[str, np.ndarray]:
    """A course from onset on, through the diagnosis, of observables in ``run``: shape (sets x people, weeks + 1)."""
    week = np.arange(weeks + 1)[None, :]
    before, after = np.minimum(week, who.weeks[:, None]), np.maximum(week - who.weeks[:, None], 0)
    rows = np.arange(len(who.weeks))[:, None]
    return {n: np.where(after > 0, v[rows, after], who.since[n][rows, before]) for n, v in run.items()}


def followed(
    ctx: Context, who: Ill, *planned: Mapping[str, Any], weeks: int = 52, **parameters: Any
) -> Mapping[str, np.ndarray]:
    """Weekly observables, shape (sets x people, weeks + 1), of a course under background care and some actions."""
    born = np.tile(np.arange(len(who.of_set) // len(who.sets)), len(who.sets))
    schedule = haemodialysis(skin=True)
    schedule = schedule + carry_out(actions_of(*BACKGROUND, *planned), people=born, seed=SEED, body=ctx.body)
    times = np.arange(weeks + 1) * WEEK
    return _run(ctx, who.moment, float(times[-1]), times, schedule=schedule, **parameters).values


def area(ctx: Context, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Eschar and open wound over all sites, cm2; shape of the values."""
    return np.sum([values[at_place(n, s)] for n in ("eschar", "wound_area") for s in ctx.body.sites], axis=0)


def _run(
    ctx: Context,
    start: Moment,
    until: float,
    times: Any,
    *,
    out_of_reach: bool = False,
    schedule: Any = None,
    **more: Any,
) -> Any:
    free = {at_place("onset_draw", s): np.inf for s in ctx.body.sites} if out_of_reach else {}
    return simulate(
        kernel(ctx),
        until=until,
        start=start,
        schedule=haemodialysis(skin=True) if schedule is None else schedule,
        times=times,
        parameters={**free, **more},
        tolerance=LOOSE,
        threads=ctx.threads,
        chunk=64,
    )
